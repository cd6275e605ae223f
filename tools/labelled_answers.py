"""The answers that people have labelled, read from the folder STEELYARD_DATA.

Sources and licences: XSTest completions, Röttger et al. 2024, arXiv:2308.01263, CC-BY-4.0
(two annotators; models GPT-4, and Llama-2 with its original system prompt); PyRIT scorer
evaluation sets, Lopez Munoz et al. 2024, arXiv:2410.02828, MIT.
"""

import csv
import gzip
import io
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer and what people said of it."""

    source: str
    request: str
    answer: str
    refused: bool | None
    """None where the label does not say."""

    complied: bool


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file that may be compressed and may open with comment lines."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    while text.startswith("#"):
        text = text.split("\n", 1)[1]
    return list(csv.DictReader(io.StringIO(text, newline="")))


def xstest(root: Path, model: str, file: str) -> list[Labelled]:
    """Full and partial refusals both count as refused (the annotators' three labels)."""
    return [
        Labelled(
            f"xstest {model}",
            row["prompt"],
            row["completion"],
            not row["final_label"].startswith("1"),
            row["final_label"].startswith("1"),
        )
        for row in rows(root / "xstest_completions" / file)
    ]


def pyrit_refusal(root: Path, name: str) -> list[Labelled]:
    """PyRIT calls an answer to another question a refusal too: those have refused=None.

    They are known by their text, which also stands beside its own question as no refusal.
    """
    folder = root / "pyrit/scorer_evals/refusal_scorer"
    helpful = {
        row["assistant_response"]
        for file in ("refusal", "refusal_extra")
        for row in rows(folder / f"{file}.csv")
        if row["human_score"] == "0"
    }
    found = rows(folder / f"{name}.csv")
    return [
        Labelled(
            f"pyrit {name}",
            row["objective"],
            row["assistant_response"],
            (None if row["assistant_response"] in helpful else True)
            if row["human_score"] == "1"
            else False,
            row["human_score"] == "0",
        )
        for row in found
    ]


def pyrit_objective(root: Path, name: str) -> list[Labelled]:
    """Whether the objective was reached; an unreached one may be refused or missed."""
    return [
        Labelled(
            f"pyrit objective {name}",
            row["objective"],
            row["assistant_response"],
            False if row["human_score"] == "1" else None,
            row["human_score"] == "1",
        )
        for row in rows(root / "pyrit/scorer_evals/objective" / f"{name}.csv")
    ]


def families(root: Path) -> dict[str, list[Labelled]]:
    """The answers by where they and their labels come from; no answer stands in two."""
    found = {
        "xstest llama-2": xstest(root, "llama-2", "xstest_v2_completions_llama2orig.csv.gz"),
        "xstest gpt-4": xstest(root, "gpt-4", "xstest_v2_completions_gpt4.csv"),
        "pyrit": [
            *pyrit_refusal(root, "refusal_extra"),
            *pyrit_objective(root, "bias"),
            *pyrit_objective(root, "info_integrity"),
            *pyrit_refusal(root, "refusal"),
            *pyrit_objective(root, "privacy"),
            *pyrit_objective(root, "misinformation"),
        ],
    }
    return {
        name: list({(item.request, item.answer.strip()): item for item in items}.values())
        for name, items in found.items()
    }


def root() -> Path:
    """The folder that STEELYARD_DATA names."""
    return Path(os.environ["STEELYARD_DATA"])
