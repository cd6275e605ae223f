"""What a chat template must not do."""

from steelyard.weights.rules import Rule

JINJA = "https://jinja.palletsprojects.com/en/stable/sandbox/"
ESCAPE = Rule(
    id="template/escape",
    title="Template that reaches into Python",
    severity="critical",
    effect="denied",
    what="The template reaches for Python's internals: `__class__`, `__globals__`, frames, "
    "`lipsum` and `cycler` as a way to modules, also where the name is put together from "
    "pieces or passed to `attr`, `map`, `selectattr` or `format`.",
    why="Rendered outside a sandbox (and sandboxes have had holes) it runs any command, every "
    "time a prompt is made.",
    fix="Refuse the model, or delete the template and write your own.",
    references=(
        "CVE-2024-34359", "CVE-2025-27516", "CVE-2024-56326", "CVE-2019-10906", "CVE-2026-5760",
        JINJA,
    ),
)  # fmt: skip
DYNAMIC = Rule(
    id="template/dynamic-attribute",
    title="Attribute whose name is computed",
    severity="medium",
    effect="review",
    what="`attr`, `map`, `selectattr` or `format` is given a name that only the running "
    "template knows.",
    why="That is how a name on the sandbox's list is hidden from whoever reads the template.",
    fix="Write the attribute's name out.",
    references=("CVE-2025-27516", "CVE-2024-56326"),
)
CALL = Rule(
    id="template/unknown-call",
    title="Call of something unknown",
    severity="medium",
    effect="review",
    what="The template calls a function, method, filter or test that chat templates don't "
    "have, or includes another template.",
    why="What it does depends on the program that renders it.",
    fix="Ask the publisher what it is for; remove it if nobody knows.",
    references=(JINJA,),
)
TRIGGER = Rule(
    id="template/trigger",
    title="Instructions that appear on a condition",
    severity="high",
    effect="review",
    what="Words are put into the prompt only when what the user wrote, or the date, meets a "
    "condition.",
    why="The model answers well in every test, and differently where the words in question "
    "stand: a backdoor without a changed weight.",
    fix="Use the base model's template, and compare.",
    references=(
        "Pillar Security (2025), Poisoned GGUF templates: backdoors at the inference level",
    ),
)
LEAK = Rule(
    id="template/leak",
    title="Conversation put into an address",
    severity="high",
    effect="review",
    what="A URL in the template is completed with parts of the conversation.",
    why="A page or client that shows or fetches the address sends them to its owner.",
    fix="Use the base model's template.",
    references=("CWE-200", "owasp-llm:2026:LLM02"),
)
ADDRESS = Rule(
    id="template/address",
    title="Address in the prompt",
    severity="medium",
    effect="review",
    what="The template puts a URL into every prompt.",
    why="Models repeat what stands in their prompt: users are sent there, tools fetch it.",
    fix="Check whose address it is; use the base model's template if it should not be there.",
    references=("owasp-llm:2026:LLM01",),
)
INSTRUCTION = Rule(
    id="template/instruction",
    title="Instructions that steer every answer",
    severity="medium",
    effect="review",
    what="The template tells the model to ignore, hide, insist on or recommend something.",
    why="Nobody who uses the model sees those words, and they outrank the user's.",
    fix="Use the base model's template, and compare.",
    references=("owasp-llm:2026:LLM01",),
)
INVISIBLE = Rule(
    id="template/invisible",
    title="Text that cannot be seen",
    severity="high",
    effect="review",
    what="The template holds zero-width, direction-changing or tag characters.",
    why="A reviewer reads one text, the model another.",
    fix="Remove the characters.",
    references=("CVE-2021-42574", "https://www.unicode.org/reports/tr36/"),
)
BOMB = Rule(
    id="template/bomb",
    title="Template that takes all memory",
    severity="high",
    effect="review",
    what="A range, product or power with a huge constant.",
    why="Rendering it hangs or kills the server.",
    fix="Refuse the template.",
    references=("CWE-770",),
)
UNREADABLE = Rule(
    id="template/unreadable",
    title="Template that cannot be parsed",
    severity="medium",
    effect="unreadable",
    what="The template is not Jinja as chat templates use it, or too long.",
    why="It was not looked at; the program that renders it may be more forgiving.",
    fix="Use the base model's template.",
    references=(JINJA,),
)
RULES = (
    ESCAPE, DYNAMIC, CALL, TRIGGER, LEAK, ADDRESS, INSTRUCTION, INVISIBLE, BOMB, UNREADABLE,
)  # fmt: skip
