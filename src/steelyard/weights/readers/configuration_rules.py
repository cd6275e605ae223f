"""The rules of `readers.configuration`."""

from steelyard.weights.rules import Rule

TRANSFORMERS = "https://huggingface.co/docs/transformers/custom_models"

REMOTE = Rule(
    id="config/remote-code",
    title="Configuration that names code to run",
    severity="medium",
    effect="review",
    what="`auto_map` names Python classes beside the weights, or in another repository.",
    why="Loading with `trust_remote_code=True` runs that code; code in another repository can "
    "change after you looked.",
    fix="Use a model whose architecture is in the library, or read the code and pin its revision.",
    references=(TRANSFORMERS, "CWE-829"),
)
TRUST = Rule(
    id="config/trust-remote-code",
    title="Configuration that trusts on your behalf",
    severity="high",
    effect="review",
    what="`trust_remote_code` is set in the model's own files.",
    why="Programs that take their options from there run the publisher's code without asking you.",
    fix="Remove the setting; it is the reader's to give.",
    references=(TRANSFORMERS, "CVE-2025-66448", "CWE-829"),
)
PIPELINE = Rule(
    id="config/custom-pipeline",
    title="Pipeline defined by the repository",
    severity="medium",
    effect="review",
    what="`custom_pipelines` names code for a pipeline.",
    why="Building the pipeline runs it.",
    fix="Read the code and pin its revision, or use a pipeline of the library.",
    references=(TRANSFORMERS,),
)
KERNEL = Rule(
    id="config/hub-kernel",
    title="Compiled code fetched from a hub",
    severity="medium",
    effect="review",
    what="The attention implementation is a hub repository.",
    why="The library downloads machine code from there and runs it.",
    fix="Set a built-in implementation (`sdpa`, `eager`).",
    references=("https://huggingface.co/docs/kernels", "CWE-829"),
)
LIBRARY = Rule(
    id="config/adapter-library",
    title="Adapter that names a module to import",
    severity="high",
    effect="review",
    what="`auto_mapping.parent_library` of a PEFT adapter is no known library.",
    why="Loading the adapter imports that module.",
    fix="Remove the entry, and load the base model yourself.",
    references=("https://github.com/huggingface/peft", "CWE-829"),
)
TARGET = Rule(
    id="config/target",
    title="Configuration that calls a function",
    severity="critical",
    effect="denied",
    what="A Hydra `_target_` names a function or class to be called.",
    why="Frameworks call whatever stands there with the arguments beside it when they restore "
    "the model.",
    fix="Refuse the file.",
    references=("CVE-2025-23304", "https://hydra.cc/docs/advanced/instantiate_objects/overview/"),
)
INDEX = Rule(
    id="config/index-path",
    title="Index that names files elsewhere",
    severity="high",
    effect="review",
    what="The index of weight shards names an absolute path, or one that climbs with `..`.",
    why="The loader opens a file of your machine, which nobody inspected, as weights.",
    fix="Refuse the file.",
    references=("CWE-22",),
)
ELSEWHERE = Rule(
    id="config/remote-location",
    title="Model that lies at an address",
    severity="medium",
    effect="review",
    what="A configuration names a web address or a network share where the name of a base model "
    "stands.",
    why="The loader fetches it from there, with your credentials for that share, and loads what "
    "comes: nothing pins it.",
    fix="Name the model by its repository and revision, or keep it in the folder.",
    references=("CWE-829", "CWE-918"),
)
CLASS = Rule(
    id="config/module-class",
    title="Module class outside the library",
    severity="high",
    effect="review",
    what="`modules.json` or `model_index.json` names a class that isn't the library's own.",
    why="The library imports whatever stands there.",
    fix="Read the code that it names, or use a model without.",
    references=(
        "CWE-829",
        "https://sbert.net/docs/package_reference/sentence_transformer/models.html",
    ),
)
DUPLICATE = Rule(
    id="config/duplicate-key",
    title="JSON key that stands twice",
    severity="medium",
    effect="review",
    what="An object holds a key twice.",
    why="Parsers differ in which of the two they take, so what was reviewed may not be what "
    "counts.",
    fix="Keep one.",
    references=("RFC 8259, section 4", "CWE-436"),
)
UNREADABLE = Rule(
    id="config/unreadable",
    title="JSON that cannot be read",
    severity="low",
    effect="review",
    what="A `.json` file is not valid JSON, or too long or deep to be followed.",
    why="It was not looked at; a more forgiving parser may still read it.",
    fix="Get the file again from its source.",
    references=("RFC 8259",),
)
RULES = (
    REMOTE, TRUST, PIPELINE, KERNEL, LIBRARY, TARGET, INDEX, ELSEWHERE, CLASS, DUPLICATE,
    UNREADABLE,
)  # fmt: skip
