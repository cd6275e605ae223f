"""An inspection statement with one of everything a bill of materials lists."""

from steelyard.evidence.predicates.audit import Tool
from steelyard.evidence.predicates.inspection import FileReport, Inspection
from steelyard.evidence.statement import Statement, about
from steelyard.evidence.value import Finding, Place, Skipped


def report(path: str, shape: str, **facts: str) -> FileReport:
    heavy = shape == "safetensors"
    return FileReport(
        path=path,
        format=shape,
        size=10,
        sha256="ab" * 32,
        verdict="inert",
        tensors=3 if heavy else 0,
        parameters=4096 if heavy else 0,
        facts={name.replace("_", "-"): value for name, value in facts.items()},
    )


FILES = (
    report("sub dir/größe.safetensors", "safetensors"),
    report("config.json", "configuration", architecture="llama", quantisation="gptq 4"),
    FileReport(
        path="README.md",
        format="text",
        size=5,
        sha256="cd" * 32,
        verdict="inert",
        facts={
            "licence": "apache-2.0",
            "base-model": "org/base",
            "base-model-2": "org/other",
            "dataset": "org/data set",
            "task": "text-generation",
        },
    ),
    report("LICENSE.json", "configuration", licence="Our Own Terms 2.0"),
)
FINDING = Finding(
    rule="text/secret",
    severity="high",
    confidence="certain",
    place=Place(path="config.json"),
    message="a key",
)


def inspected(*skipped: Skipped, name: str = "a model") -> Statement:
    found = Inspection(
        tool=Tool(version="0.1.0"),
        digest="ef" * 32,
        files=FILES,
        findings=(FINDING,),
        skipped=skipped,
        sandbox="none",
    )
    return about(name, {"sha256": found.digest, "omsRoot": "01" * 32}, "inspection", found)
