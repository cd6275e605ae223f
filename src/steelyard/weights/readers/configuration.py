"""JSON configurations of model repositories: what they make a library import or fetch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from steelyard.evidence.value import Place
from steelyard.weights.reader import Context, ExhaustedError, Fact, Item, Member, Reader
from steelyard.weights.readers.configuration_rules import (
    CLASS,
    DUPLICATE,
    ELSEWHERE,
    INDEX,
    KERNEL,
    LIBRARY,
    PIPELINE,
    REMOTE,
    RULES,
    TARGET,
    TRUST,
    UNREADABLE,
)
from steelyard.weights.references import is_denied, is_known
from steelyard.weights.source import Memory, Source
from steelyard.weights.structured import MOST_TEXT, looks_like_text, parse

DEEPEST = 60
NAMES = ("pretrained_model_name_or_path", "base_model_name_or_path", "_name_or_path",
         "model_name_or_path", "tokenizer_name_or_path")  # fmt: skip
ADDRESS = re.compile(
    r"(?!https://huggingface\.co/)(?:(?:https?|ftp|smb|file)://|//|\\\\)", re.IGNORECASE
)
LIBRARIES = frozenset({"diffusers", "transformers", "stable_diffusion", "onnxruntime", "peft",
                       "optimum", "flax", "torch", "timm"})  # fmt: skip

FACTS = {
    "vocab_size": "vocab-size", "hidden_size": "embedding-length", "n_embd": "embedding-length",
    "num_hidden_layers": "block-count", "n_layer": "block-count", "torch_dtype": "dtype",
    "dtype": "dtype", "model_type": "architecture", "base_model_name_or_path": "base-model",
    "_name_or_path": "name", "license": "licence",
}  # fmt: skip


class Configuration(Reader):
    """Any JSON object or list."""

    format = "json"
    rank = 2
    rules = RULES

    def sniff(self, source: Source) -> bool:
        """Text that begins with `{` or `[` and what may follow it."""
        start = source.head.lstrip(b"\xef\xbb\xbf \t\r\n")
        return re.match(rb'[{\[]\s*(?:["{\[}\]\d-]|true|false|null)', start) is not None and (
            looks_like_text(source)
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Walks every value once."""
        if source.size > MOST_TEXT:
            yield UNREADABLE.at(context.place(), f"{source.size} bytes of JSON")
            return
        try:
            document = parse(source.read(0, source.size))
        except ValueError as error:
            if "nested too deep" in str(error):
                raise ExhaustedError(f"JSON {error}") from error
            if source.name.lower().endswith(".json"):
                yield UNREADABLE.at(context.place(), f"not valid JSON: {error}")
            return
        for key in document.duplicates:
            yield DUPLICATE.at(context.place(detail=key), f"key {key!r} stands twice")
        yield from _facts(document.value)
        yield from _walk(document.value, "$", context)
        yield from _modules(document.value, context)


def _facts(value: Any) -> Iterator[Fact]:
    if not isinstance(value, dict):
        return
    inner = value.get("text_config")
    for key, name in FACTS.items():
        found = value.get(key, inner.get(key) if isinstance(inner, dict) else None)
        if isinstance(found, str | int) and not isinstance(found, bool) and found != "":
            yield Fact(name=name, value=str(found))
    quantisation = value.get("quantization_config")
    if isinstance(quantisation, dict):
        method = quantisation.get("quant_method") or quantisation.get("quant_algo")
        yield Fact(name="quantisation", value=f"{method} {quantisation.get('bits', '')}".strip())


def _walk(value: Any, where: str, context: Context, depth: int = 0) -> Iterator[Item]:
    if depth > DEEPEST:
        yield UNREADABLE.at(context.place(detail=where), "JSON nested too deep to be followed")
    elif isinstance(value, dict):
        yield from _object(value, where, context)
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _walk(item, f"{where}.{key}"[:200], context, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _walk(item, f"{where}[{index}]", context, depth + 1)


def _object(value: Mapping[str, Any], where: str, context: Context) -> Iterator[Item]:
    place = context.place(detail=where)
    if value.get("auto_map"):
        yield from _auto_map(value["auto_map"], context.place(detail=f"{where}.auto_map"))
    if value.get("trust_remote_code") is True:
        yield TRUST.at(place, "trust_remote_code is set to true")
    yield from _imports(value, place)
    if isinstance(value.get("_target_"), str):
        yield from _target(value["_target_"], place)
    if isinstance(value.get("weight_map"), dict):
        yield from _index(value["weight_map"], place)
    yield from _templates(value, where)


def _imports(value: Mapping[str, Any], place: Place) -> Iterator[Item]:
    for key in ("custom_pipelines", "custom_pipeline"):
        if value.get(key):
            yield PIPELINE.at(place, f"{key}: {str(value[key])[:200]}")
    for key in ("_attn_implementation", "attn_implementation", "_experts_implementation"):
        kernel = value.get(key)
        if isinstance(kernel, str) and "/" in kernel:
            yield KERNEL.at(place, f"{key} is {kernel!r}: compiled code from a hub repository")
    for key in NAMES:
        name = value.get(key)
        if isinstance(name, str) and ADDRESS.match(name):
            yield ELSEWHERE.at(place, f"{key} is {name[:200]!r}")
    mapping = value.get("auto_mapping")
    if isinstance(mapping, dict) and isinstance(mapping.get("parent_library"), str):
        library = mapping["parent_library"]
        if not is_known(library):
            yield LIBRARY.at(place, f"auto_mapping.parent_library is {library!r}")


def _auto_map(mapping: Any, place: Place) -> Iterator[Item]:
    names = [
        name
        for entry in (mapping.values() if isinstance(mapping, dict) else [mapping])
        for name in (entry if isinstance(entry, list) else [entry])
        if isinstance(name, str)
    ]
    elsewhere = [name for name in names if "--" in name]
    if elsewhere:
        yield REMOTE.at(place, f"code from another repository: {', '.join(elsewhere)[:300]}",
                        severity="high")  # fmt: skip
    elif names:
        yield REMOTE.at(place, f"code that comes with the model: {', '.join(names)[:300]}")


def _target(name: str, place: Place) -> Iterator[Item]:
    if is_denied(name):
        yield TARGET.at(place, f"_target_ is {name!r}")
    elif not is_known(name):
        yield TARGET.at(place, f"_target_ is {name!r}, not of a known library",
                        severity="medium", confidence="possible")  # fmt: skip


def _index(names: Mapping[str, Any], place: Place) -> Iterator[Item]:
    for name in sorted({str(name) for name in names.values()}):
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            yield INDEX.at(place, f"weight_map names the file {name!r}")


def _templates(value: Mapping[str, Any], where: str) -> Iterator[Item]:
    found = value.get("chat_template")
    if not found:
        return
    if isinstance(found, str):
        inside = "" if where == "$" else f"{where}."
        yield _template(f"{inside}chat_template.jinja", found)
        return
    pairs = (
        [(item.get("name"), item.get("template")) for item in found if isinstance(item, dict)]
        if isinstance(found, list)
        else list(found.items())
        if isinstance(found, dict)
        else []
    )
    for name, text in pairs:
        if isinstance(text, str):
            yield _template(f"chat_template.{name}.jinja", text)


def _template(name: str, text: str) -> Member:
    return Member(name=name, source=Memory(text.encode("utf-8", "replace"), name))


def _modules(value: Any, context: Context) -> Iterator[Item]:
    """`modules.json` of sentence-transformers, `model_index.json` of diffusers."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict) and {"type", "path", "name"} <= set(item):
                name = str(item["type"])
                if not name.startswith("sentence_transformers."):
                    place = context.place(detail=f"$[{index}].type")
                    yield CLASS.at(place, f"module type is {name!r}")
    elif isinstance(value, dict) and "_class_name" in value and "_diffusers_version" in value:
        for key, item in value.items():
            if _is_pair(item) and item[0] not in LIBRARIES:
                place = context.place(detail=f"$.{key}")
                yield CLASS.at(place, f"{key} comes from {item[0]!r}, code beside the weights")


def _is_pair(item: Any) -> bool:
    return (
        isinstance(item, Sequence)
        and not isinstance(item, str)
        and len(item) == 2
        and all(isinstance(part, str) for part in item)
    )
