"""The rules of `readers.gguf`."""

from steelyard.weights.rules import Rule

SPECIFICATION = "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"
REWRITE = "Write the file again with llama.cpp's own converter."

HEADER = Rule(
    id="gguf/header",
    title="Header that cannot be read",
    severity="high",
    effect="unreadable",
    what="Version, a key, a value's type or a length in the header is not what GGUF allows, "
    "or the file ends inside the header.",
    why="Loaders that check less read past their buffers here.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=(SPECIFICATION, "CVE-2024-21825", "CVE-2024-21836", "CVE-2024-23496"),
)
BOMB = Rule(
    id="gguf/count",
    title="Count or length that cannot be true",
    severity="high",
    effect="unreadable",
    what="The header claims more keys, tensors, dimensions, array items or text than the file "
    "has bytes for.",
    why="A loader that multiplies the count allocates too little, and writes beyond it; or it "
    "takes all memory.",
    fix="Refuse the file.",
    references=("CVE-2024-23605", "CVE-2024-21802", "CWE-190", "CWE-770"),
)
DUPLICATE = Rule(
    id="gguf/duplicate",
    title="Key or tensor named twice",
    severity="high",
    effect="review",
    what="A metadata key or a tensor name stands twice in the file.",
    why="Readers differ in which one they take: the chat template that was reviewed may not be "
    "the one that runs.",
    fix=REWRITE,
    references=(SPECIFICATION, "CWE-436"),
)
TENSOR = Rule(
    id="gguf/tensor",
    title="Tensor that ggml cannot hold",
    severity="high",
    effect="review",
    what="A tensor has an unknown type, more than four axes, a name of more than 63 bytes, an "
    "axis of zero or of part of a block, or a size that overflows 63 bits.",
    why="The size is computed before the memory is taken: an overflow gives a small buffer and "
    "a long write.",
    fix="Refuse the file.",
    references=("CVE-2024-21802", "CVE-2025-53630", "CVE-2026-27940", "CVE-2026-33298", "CWE-190"),
)
RANGE = Rule(
    id="gguf/out-of-range",
    title="Tensor outside the file",
    severity="high",
    effect="review",
    what="A tensor's bytes would lie past the end of the file.",
    why="A loader that maps the file reads memory that isn't the file's, or the file is cut short.",
    fix="Get the file again. Refuse it if it is the same at its source.",
    references=(SPECIFICATION, "CWE-125"),
)
OVERLAP = Rule(
    id="gguf/overlap",
    title="Tensors that share bytes",
    severity="high",
    effect="review",
    what="Two tensors' byte ranges overlap.",
    why="A change to one changes the other, and a small file can claim a large model.",
    fix=REWRITE,
    references=(SPECIFICATION,),
)
ALIGNMENT = Rule(
    id="gguf/alignment",
    title="Tensors that are not aligned",
    severity="medium",
    effect="review",
    what="`general.alignment` is not a power of two up to 65,536, or an offset is not a multiple "
    "of it.",
    why="llama.cpp refuses such a file or stops with a failed assertion; others read the wrong "
    "bytes.",
    fix=REWRITE,
    references=(SPECIFICATION, "CWE-190"),
)
GAP = Rule(
    id="gguf/gap",
    title="Bytes that no tensor owns",
    severity="medium",
    effect="review",
    what="Bytes between tensors beyond the padding, padding that is not zero, or bytes after the "
    "last tensor.",
    why="Nobody looks at them, so a payload or someone's data can travel there.",
    fix=REWRITE,
    references=(SPECIFICATION,),
)
INDEX = Rule(
    id="gguf/index",
    title="Layer number in a name that overflows",
    severity="high",
    effect="review",
    what="A tensor's name holds a layer number that no model has.",
    why="Loaders of control vectors multiply that number by the width in 32 bits and write "
    "outside their buffer.",
    fix="Refuse the file.",
    references=("CWE-190", "CWE-787"),
)
RULES = (HEADER, BOMB, DUPLICATE, TENSOR, RANGE, OVERLAP, ALIGNMENT, GAP, INDEX)
