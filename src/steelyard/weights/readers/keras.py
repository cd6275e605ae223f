"""Keras models: the configuration that says which classes to build, in JSON.

It stands as `config.json` in a `.keras` archive, as the attribute `model_config` in an HDF5
file, and in `keras_metadata.pb` of a SavedModel; containers hand it over as a member.

Source: keras-team/keras, keras/src/saving/serialization_lib.py (`deserialize_keras_object`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from steelyard.weights.reader import Context, Fact, Import, Item, Reader
from steelyard.weights.references import is_denied
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_json_object, read_object

LAMBDA = Rule(
    id="keras/lambda",
    title="Python bytecode in the model",
    severity="critical",
    effect="denied",
    what="A Lambda layer or function carries marshalled Python code.",
    why="Loading with `safe_mode=False`, or with Keras before 2.13 whatever the mode, runs it.",
    fix="Refuse the file; ask for the model without Lambda layers.",
    references=("CVE-2024-3660", "CVE-2025-9905", "CVE-2025-9906"),
)
MODULE = Rule(
    id="keras/module",
    title="Object from outside Keras",
    severity="critical",
    effect="denied",
    what="The configuration names a module, class or function that can run code, fetch or "
    "read files.",
    why="Keras imports the module and calls what it names, with arguments from the file.",
    fix="Refuse the file.",
    references=("CVE-2025-1550", "CVE-2025-8747", "CVE-2025-9906", "CVE-2025-49655"),
)
CUSTOM = Rule(
    id="keras/custom-object",
    title="Custom object",
    severity="medium",
    effect="review",
    what="The configuration names a class of a package other than Keras.",
    why="The model needs that code to load; what it does is not in this file.",
    fix="Read the class in the package that is named.",
    references=("https://keras.io/guides/serialization_and_saving/#custom-objects",),
)
FILE = Rule(
    id="keras/external-file",
    title="Layer that reads a file or address",
    severity="high",
    effect="denied",
    what="A layer's configuration names a file, folder or URL: a vocabulary, a SavedModel, a "
    "file to be downloaded.",
    why="Loading reads a file of your machine or asks another one; a SavedModel brings its own "
    "graph with it.",
    fix="Refuse the file; ask for the vocabulary inside the model.",
    references=("CVE-2025-12058", "CVE-2025-12060", "CVE-2026-1462", "CWE-73", "CWE-918"),
)

ALLOWED = (
    "keras",
    "tf_keras",
    "keras_nlp",
    "keras_hub",
    "keras_cv",
    "tensorflow.keras",
)
# Keras writes module `builtins` for a user's own function; only these do harm by themselves.
HARMFUL = frozenset({"eval", "exec", "compile", "open", "__import__", "getattr", "setattr",
                     "delattr", "globals", "vars", "breakpoint", "input"})  # fmt: skip
CLASS_KEYS = frozenset({"class_name", "config"})
TRAINING_KEYS = frozenset({"loss", "loss_weights", "optimizer", "optimizer_config", "metrics"})
"""Keys of what HDF5 calls `training_config`."""

LOADS_MODEL = frozenset({"TFSMLayer", "KerasLayer", "TorchModuleWrapper", "FlaxLayer", "JaxLayer"})
PATH_KEYS = frozenset({"vocabulary", "filepath", "handle", "vocabulary_path", "origin", "fname",
                       "cache_dir", "idf_weights"})  # fmt: skip
DEEPEST = 80


class Keras(Reader):
    """A JSON object with `class_name` and `config`."""

    format = "keras-config"
    rank = 1
    calls = True
    rules = (LAMBDA, MODULE, CUSTOM, FILE)

    def sniff(self, source: Source) -> bool:
        """Both keys, near the start or the end."""
        window = source.head + source.tail
        return looks_like_json_object(source) and (
            b'"class_name"' in window and b'"config"' in window
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Every object that would be built, and every value that is a path or code."""
        document = read_object(source)
        if document is None:
            return
        if set(document) >= CLASS_KEYS:
            yield Fact(name="architecture", value=str(document["class_name"]))
        elif not set(document) & TRAINING_KEYS:
            return
        yield from _walk(document, "$", context, 0)


def _walk(value: Any, where: str, context: Context, depth: int) -> Iterator[Item]:
    if depth > DEEPEST:
        raise ValueError("objects nested deeper than 80")
    if isinstance(value, dict):
        if "class_name" in value:
            yield from _object(value, where, context)
        for key, item in value.items():
            yield from _entry(str(key), item, f"{where}.{key}"[-200:], context)
            yield from _walk(item, f"{where}.{key}"[-200:], context, depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, f"{where}[{index}]", context, depth + 1)


def _object(value: Mapping[str, Any], where: str, context: Context) -> Iterator[Item]:
    place = context.place(detail=where)
    name, module = str(value["class_name"]), value.get("module")
    config = value.get("config")
    whole = f"{module}.{name}" if isinstance(module, str) else name
    if name == "function" and isinstance(config, str):
        whole = f"{module}.{config}" if isinstance(module, str) else config
    yield Import(name=whole)
    if name in ("__lambda__", "Lambda"):
        yield LAMBDA.at(place, f"{name} at {where}")
    elif name in LOADS_MODEL:
        yield FILE.at(place, f"{name} at {where} loads another model: {str(config)[:200]}")
    elif module == "builtins":
        if whole.rpartition(".")[2] in HARMFUL:
            yield MODULE.at(place, f"{whole} at {where}")
    elif isinstance(module, str) and module and not _is_allowed(module):
        rule = MODULE if is_denied(whole) or is_denied(module) else CUSTOM
        yield rule.at(place, f"{whole} at {where}")
    elif is_denied(whole) and not whole.startswith("keras.layers."):
        yield MODULE.at(place, f"{whole} at {where}")
    registered = value.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        yield CUSTOM.at(place, f"registered object {registered!r} at {where}")


def _is_allowed(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in ALLOWED)


def _entry(key: str, item: Any, where: str, context: Context) -> Iterator[Item]:
    """Values that stand for code or files, in whichever object."""
    place = context.place(detail=where)
    if key in PATH_KEYS and isinstance(item, str) and item:
        yield FILE.at(place, f"{key} is {item[:200]!r}")
    if isinstance(item, str) and item.lower().startswith(("file://", "gs://", "s3://", "hdfs://")):
        yield FILE.at(place, f"{key} is {item[:200]!r}")
    # Keras 2 wrote a Lambda's function as [base64 of marshal, defaults, closure].
    if key == "function" and isinstance(item, list) and item and isinstance(item[0], str):
        yield LAMBDA.at(place, f"marshalled function at {where}")
    if key == "function_type" and item == "lambda":
        yield LAMBDA.at(place, f"lambda at {where}")
