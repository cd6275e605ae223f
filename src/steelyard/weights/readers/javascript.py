"""JavaScript beside the weights: demos, and what web runtimes load."""

import re
from collections.abc import Iterator
from itertools import islice

from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.rules import Rule
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text, read_text

ACT = Rule(
    id="javascript/dangerous-call",
    title="JavaScript that runs programs or built code",
    severity="medium",
    effect="review",
    what="A script uses `child_process`, or evaluates text as code (`eval`, `Function`).",
    why="Who opens the demo or loads the package runs it; what it runs is not in what you read.",
    fix="Read it; remove it if the model does not need it.",
    references=("CWE-78", "CWE-95"),
)
NAMES = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx")
CALLS = re.compile(
    r"[\"'](?:node:)?child_process[\"']"
    r"|(?:(?<![\w.$])|\b(?:window|globalThis|global|self)\.)(?:eval|Function)\s*\("
)
MOST_SHOWN = 20


class JavaScript(Reader):
    """Text that is called JavaScript or TypeScript, or begins with `#!` and names node."""

    format = "javascript"
    rank = 1
    rules = (ACT,)

    def sniff(self, source: Source) -> bool:
        """The name: the language has no mark of its own."""
        line = source.head.split(b"\n", 1)[0]
        node = line.startswith(b"#!") and b"node" in line
        return (node or source.name.lower().endswith(NAMES)) and looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Each call, with its line."""
        words = read_text(source) or ""
        for match in islice(CALLS.finditer(words), MOST_SHOWN):
            line = words.count("\n", 0, match.start()) + 1
            shown = match[0].strip("\"'( ")
            yield ACT.at(context.place(detail=f"line {line}"), f"line {line}: {shown}")
