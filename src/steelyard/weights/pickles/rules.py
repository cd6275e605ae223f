"""What can be found in a pickle."""

from steelyard.weights.rules import Rule

_SAFER = "Ask the publisher for safetensors, which cannot call anything."
_REFUSE = f"Do not load the file. {_SAFER}"
_PEP = "https://peps.python.org/pep-3154/#framing"

DENIED = Rule(
    id="pickle/denied-callable",
    title="Callable that runs code or reaches files",
    severity="critical",
    effect="denied",
    what="Loading imports or calls something that is known to run code, or to reach files, "
    "processes or the network, or a part of the standard library that nobody needs in a model.",
    why="A pickle is a program: whoever loads the file runs it, with all their rights.",
    fix=_REFUSE,
    references=("CWE-502", "https://docs.python.org/3/library/pickle.html#restricting-globals"),
)
UNKNOWN = Rule(
    id="pickle/unknown-callable",
    title="Call of an unknown callable",
    severity="high",
    effect="denied",
    what="Loading calls something that is not on the list of harmless callables.",
    why="Nothing is known of what the call does; lists of known dangers miss what is new, so "
    "what is not known to be harmless is refused.",
    fix=f"If the callable belongs to a library that you trust, say so in a suppression. {_SAFER}",
    references=("CWE-502", "CVE-2025-1716", "CVE-2025-10157"),
)
ARGUMENT = Rule(
    id="pickle/denied-argument",
    title="Harmless callable with harmful arguments",
    severity="high",
    effect="denied",
    what="A callable from the list of harmless ones is given arguments that it may not take.",
    why="Harmless callables read files, take memory or call others when their arguments say so.",
    fix=_REFUSE,
    references=("CWE-502", "arXiv:2607.17503"),
)
UNLISTED = Rule(
    id="pickle/unlisted-class",
    title="Classes that nobody vouches for",
    severity="medium",
    effect="review",
    what="Loading imports classes or functions beyond the list of harmless ones, and makes "
    "instances without running their constructor. Low where all of them are of known libraries "
    "or of the loading script itself, medium otherwise.",
    why="Importing a module runs it, and a class may act when its state is set. The names are "
    "those that models of known libraries, or whole modules, need.",
    fix=f"Load it only where you trust the packages named, from the same publisher. {_SAFER}",
    references=("CWE-502", "arXiv:2508.15987"),
)
NESTED = Rule(
    id="pickle/nested-pickle",
    title="Pickle hidden in a byte string",
    severity="critical",
    effect="denied",
    what="A byte string inside the pickle is a pickle itself, and would be denied.",
    why="A harmless-looking call loads it later, out of sight of a look at the outer one.",
    fix=_REFUSE,
    references=("GHSA-84r2-jw7c-4r5q", "CWE-502"),
)
EXTENSION = Rule(
    id="pickle/extension-code",
    title="Callable named by a number",
    severity="high",
    effect="denied",
    what="An EXT opcode stands for whatever the loading process registered under its number.",
    why="The file does not say what would be called; no model needs it.",
    fix=_REFUSE,
    references=("https://peps.python.org/pep-0307/#the-extension-registry", "CWE-502"),
)
FRAME = Rule(
    id="pickle/frame-disagreement",
    title="Frames that readers take differently",
    severity="high",
    effect="denied",
    what="A frame does not hold whole opcodes, overlaps another, or is longer than the data.",
    why="CPython's C and Python unpicklers and pickletools then run different programs, so "
    "what was inspected may not be what runs.",
    fix=_REFUSE,
    references=(_PEP, "https://github.com/python/cpython/issues/154848", "CWE-436"),
)
READERS = Rule(
    id="pickle/reader-disagreement",
    title="Bytes that readers take differently",
    severity="high",
    effect="denied",
    what="A number or text is written in a way that CPython's readers do not agree on.",
    why="A scanner built on one reader sees another program than the loader runs.",
    fix=_REFUSE,
    references=("https://github.com/python/cpython/issues/126992", "CWE-436"),
)
AFTER_CALL = Rule(
    id="pickle/truncated-after-call",
    title="Breaks off after a call",
    severity="critical",
    effect="denied",
    what="The pickle cannot be finished, and calls something before the point where it breaks.",
    why="The call has run when the error comes; tools that give up on the error see nothing.",
    fix=_REFUSE,
    references=("GHSA-9gvj-pp9x-gcfr", "CWE-502"),
)
BROKEN = Rule(
    id="pickle/broken-stream",
    title="Pickle that cannot be finished",
    severity="high",
    effect="unreadable",
    what="The program has no end, uses what is not there, or costs more than any model needs.",
    why="What it does was not worked out to the end; a more forgiving loader may go on.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=("CWE-20",),
)
EXPANSION = Rule(
    id="pickle/expansion",
    title="Few bytes that stand for millions of values",
    severity="high",
    effect="denied",
    what="Values shared through the memo double again and again.",
    why="Printing, comparing, hashing or copying the result takes all memory and time.",
    fix=_REFUSE,
    references=("CWE-776",),
)
SPARSE = Rule(
    id="pickle/sparse-memo",
    title="Memo index that takes memory",
    severity="high",
    effect="denied",
    what="A memo index is far larger than the number of values.",
    why="CPython allocates a table of twice the index before anything else happens.",
    fix=_REFUSE,
    references=("CWE-770",),
)
MODULE = Rule(
    id="pickle/build-on-module",
    title="Changes what it did not make",
    severity="critical",
    effect="denied",
    what="State or items are set on an imported module, class or function.",
    why="A harmless name then means something else, for this load and for the whole process.",
    fix=_REFUSE,
    references=("arXiv:2607.17503", "CWE-915"),
)
DOTTED = Rule(
    id="pickle/dotted-name",
    title="Name that walks through attributes",
    severity="critical",
    effect="denied",
    what="An imported name has dots in it, so that attributes of a module are followed.",
    why="A harmless module gives what it imported itself: `logging` and `os.system`.",
    fix=_REFUSE,
    references=("GHSA-5j3x-jp52-966f", "https://peps.python.org/pep-3154/"),
)
ODD_NAME = Rule(
    id="pickle/odd-name",
    title="Name that is no name",
    severity="high",
    effect="denied",
    what="An imported module or name has characters that Python's own pickler never writes.",
    why="It is meant to be read differently by those who look and by those who load.",
    fix=_REFUSE,
    references=("CWE-176",),
)
UNRESOLVED = Rule(
    id="pickle/unresolved-name",
    title="Name that is computed while loading",
    severity="critical",
    effect="denied",
    what="STACK_GLOBAL takes its module or name from the result of a call.",
    why="What is imported cannot be told without running the file.",
    fix=_REFUSE,
    references=("CWE-502",),
)
PERSISTENT = Rule(
    id="pickle/persistent-id",
    title="Object that the loader is asked for",
    severity="high",
    effect="denied",
    what="A persistent id is none of the tuples that torch writes for its storages.",
    why="What it stands for, and what happens, is the choice of the program that loads it.",
    fix=_REFUSE,
    references=("https://docs.python.org/3/library/pickle.html#persistence-of-external-objects",),
)
TARGET = Rule(
    id="pickle/odd-target",
    title="Items put where they do not belong",
    severity="high",
    effect="denied",
    what="Items or state are set on a value of another kind than the opcode is meant for.",
    why="Readers differ, and torch's restricted one has corrupted memory on it.",
    fix=_REFUSE,
    references=("CVE-2026-24747", "CWE-843"),
)
TRAILING = Rule(
    id="pickle/trailing-data",
    title="Bytes after the end of the pickle",
    severity="medium",
    effect="review",
    what="The file goes on after the last pickle, with bytes that are none.",
    why="No loader of pickles reads them; something else is meant to, or they hide something.",
    fix="Ask the publisher what they are.",
    references=("CWE-436",),
)
STORAGE = Rule(
    id="pickle/tensor-out-of-range",
    title="Tensor outside its storage",
    severity="high",
    effect="denied",
    what="A tensor's offset, shape and stride reach beyond the elements that its storage has.",
    why="A reader without its own check reads memory that is not the file's.",
    fix=_REFUSE,
    references=("CVE-2026-24747", "CWE-125"),
)
DISGUISED = Rule(
    id="pickle/disguised",
    title="Pickle under another format's name",
    severity="high",
    effect="review",
    what="The file is a pickle, and its name ends as that of a format that cannot call anything.",
    why="Tools that go by the name do not look; loaders that go by the content run it.",
    fix="Ask the publisher for the format that the name promises.",
    references=("CVE-2025-1889", "CVE-2025-10155", "CWE-646"),
)
MANY = Rule(
    id="pickle/more-notes",
    title="More findings than are kept",
    severity="info",
    what="A file with hundreds of findings is not told about in full.",
    why="The first ones are enough to refuse it.",
    fix=_REFUSE,
)

RULES = (
    DENIED,
    UNKNOWN,
    ARGUMENT,
    UNLISTED,
    NESTED,
    EXTENSION,
    FRAME,
    READERS,
    AFTER_CALL,
    BROKEN,
    EXPANSION,
    SPARSE,
    MODULE,
    DOTTED,
    ODD_NAME,
    UNRESOLVED,
    PERSISTENT,
    TARGET,
    TRAILING,
    STORAGE,
    DISGUISED,
    MANY,
)
BY_ID = {rule.id: rule for rule in RULES}
LEVELS = {rule.id: rule.effect for rule in RULES}
"""What a note of each rule makes of the verdict."""
