"""Any text: credentials, personal data, characters that nobody sees."""

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import islice

from steelyard.detectors import personal, secrets
from steelyard.detectors.match import Match
from steelyard.evidence.value import Skipped
from steelyard.weights import invisible
from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.readers.executable import COMMAND
from steelyard.weights.rules import Rule
from steelyard.weights.scripts.commands import HOSTILE
from steelyard.weights.source import Source
from steelyard.weights.structured import looks_like_text, parse, read_text

SECRET = Rule(
    id="text/secret",
    title="Credential in the files",
    severity="high",
    what="A text holds a key, token or password in the form its issuer gives out.",
    why="Whoever downloads the model can use it; and it tells that the files were not looked "
    "through before they were published.",
    fix="Revoke the credential, then remove it, also from earlier revisions.",
    references=("CWE-798", "CWE-200"),
)
PERSONAL = Rule(
    id="text/personal",
    title="Personal data in the files",
    severity="medium",
    what="A text holds numbers of cards, accounts or social security that pass their own check "
    "digits, or several people's addresses or telephone numbers.",
    why="It is published with the model, without those people's consent.",
    fix="Remove it, also from earlier revisions; find out whether it was in the training data.",
    references=("GDPR Article 4(1)", "CWE-359"),
)
INVISIBLE = Rule(
    id="text/invisible",
    title="Text that cannot be seen",
    severity="medium",
    what="A text holds characters that turn its direction, or tags that no font shows.",
    why="A reviewer reads one text, the computer or the model another.",
    fix="Remove the characters.",
    references=("CVE-2021-42574", "https://www.unicode.org/reports/tr36/"),
)

ENDPOINT = Rule(
    id="text/endpoint",
    title="Address that takes what it is sent",
    severity="medium",
    what="A text names a bare internet address, or a service made for receiving other people's "
    "data (tunnels, request bins, chat webhooks, paste sites, onion services).",
    why="Model files have no reason to call there; code that does sends data out.",
    fix="Find out what uses the address; remove it.",
    references=("CWE-200", "MITRE ATT&CK T1567"),
)
HOST = re.compile(r"\b(?:https?|wss?|ftp|tcp)://(?:[^\s/@\"'<>]{1,100}@)?([\w.-]{1,253})")
DROP = re.compile(
    r"(?:^|\.)(?:ngrok\.io|ngrok-free\.(?:app|dev)|ngrok\.app|webhook\.site|requestbin\.(?:com|net)|"
    r"pipedream\.net|hookbin\.com|burpcollaborator\.net|oastify\.com|oast\.\w+|interact\.sh|"
    r"interactsh\.com|requestcatcher\.com|beeceptor\.com|trycloudflare\.com|serveo\.net|"
    r"loca\.lt|pastebin\.com|paste\.ee|transfer\.sh|file\.io|api\.telegram\.org|dnslog\.cn|"
    r"ceye\.io|canarytokens\.\w+)$|\.onion$"
)
NEAR = tuple(
    ip_network(text)
    for text in ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                 "192.168.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip
"""Networks of one machine or house (RFC 1918, 3927, 4193, 6598)."""

ASSIGNED = re.compile(
    r"(?i:(?<![a-z])(?:api[_-]?key|apikey|secret(?:[_-]?(?:access[_-]?)?key)?|(?:access|auth|private|"
    r"bearer|hub|hf|bot)[_-]?token|client[_-]?secret|passw(?:or)?d))[\"']?\s{0,4}[:=]\s{0,4}"
    r"[\"']?([A-Za-z0-9_+/=-]{20,200})(?![\w.(])"
)
QUOTED = re.compile(
    r"(?i:(?<![a-z])(?:passw(?:or)?d|passphrase|pwd))[\"']?\s{0,4}[:=]\s{0,4}"
    r"([\"'])([^\"'\s]{8,100})\1"
)
PLACEHOLDER = re.compile(
    r"[<>{}]|^[$/~.]|%\(|(?i:change.?me|example|sample|placeholder|dummy|your|xxx|\*\*\*|test)"
)
TWILIO = re.compile(r"\b(?:SK|AC)[0-9a-f]{32}\b")
"""Key and account of Twilio (twilio.com/docs/glossary/what-is-a-sid)."""

DIGITS, BITS = 3, 3.5
"""Least digits, and entropy a character, of a value that was drawn and not typed."""

RUN_BY_OTHERS = (".json", ".toml", ".yaml", ".yml", ".cfg", ".mk", ".desktop", ".service", ".ini")
"""Endings of files whose commands are run by something else than a shell."""

PROSE = (".md", ".rst")
"""Endings of texts in which a specimen key explains something."""

MOST_SHOWN = 50
SERIOUS = {"card", "ssn", "iban"}
MANY_CONTACTS = 5
"""E-mail addresses and telephone numbers are an author's contact until there are many."""


class Text(Reader):
    """Anything that reads as UTF-8."""

    format = "text"
    rank = 3
    rules = (SECRET, PERSONAL, INVISIBLE, ENDPOINT, COMMAND)

    def sniff(self, source: Source) -> bool:
        """No control characters in the head."""
        return looks_like_text(source)

    def read(self, source: Source, context: Context) -> Iterator[Item]:
        """Each kind of credential and of personal data once a line, never its text."""
        words = read_text(source)
        if words is None:
            yield Skipped(
                what=context.path, reason=f"text of {source.size} bytes: not searched for secrets"
            )
            return
        if b'"added_tokens"' in source.head:
            words = _without_vocabulary(words)
        yield from _secrets(words, context)
        yield from _personal(words, context)
        yield from _endpoints(words, context)
        yield from _commands(words, source, context)
        hidden = invisible.STEERING.findall(words)
        if hidden:
            line = words.count("\n", 0, words.index(hidden[0])) + 1
            points = sorted({f"U+{ord(letter):04X}" for letter in hidden})[:8]
            yield INVISIBLE.at(
                context.place(detail=f"line {line}"), f"{len(hidden)} times {', '.join(points)}"
            )


def _without_vocabulary(words: str) -> str:
    """A tokenizer's JSON without its tokens and merges.

    A hundred thousand fragments of words are no text, and searching them takes ten seconds.
    """
    try:
        document = parse(words).value
    except ValueError:
        return words
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict):
        return words
    bare = {key: value for key, value in model.items() if key not in ("vocab", "merges")}
    return json.dumps(document | {"model": bare}, indent=1, ensure_ascii=False)


def _line(words: str, at: int) -> str:
    return f"line {words.count(chr(10), 0, at) + 1}"


def _secrets(words: str, context: Context) -> Iterator[Item]:
    shaped = list(secrets.find(words))
    for match in [match for match in shaped if match.valid][:MOST_SHOWN]:
        line = _line(words, match.start)
        yield SECRET.at(context.place(detail=line), f"{line}: has the form of a {match.kind}")
    for kind, at in _likely(words, shaped, context)[:MOST_SHOWN]:
        line = _line(words, at)
        yield SECRET.at(
            context.place(detail=line),
            f"{line}: may be a {kind}",
            confidence="possible",
            severity="medium",
        )


def _likely(words: str, shaped: list[Match], context: Context) -> list[tuple[str, int]]:
    """(kind, place) of values that look drawn at random, and of specimens outside prose."""
    taken = {match.start for match in shaped if match.valid}
    found = [
        ("value for a key or password", match.start(1))
        for match in ASSIGNED.finditer(words)
        if match.start(1) not in taken and _is_drawn(match[1])
    ]
    found += [
        ("quoted password", match.start(2))
        for match in QUOTED.finditer(words)
        if _is_password(match[2])
    ]
    found += [("twilio-key", match.start()) for match in TWILIO.finditer(words)]
    prose = context.path.lower().endswith(PROSE)
    for match in shaped:
        secret = words[match.start : match.end]
        specimen = match.kind == "aws-access-key" and not prose
        if not match.valid and (specimen or (match.kind == "github-token" and _is_drawn(secret))):
            found.append((match.kind, match.start))
    return found


def _is_password(value: str) -> bool:
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and not PLACEHOLDER.search(value)


def _is_drawn(value: str) -> bool:
    digits = sum(letter.isdigit() for letter in value)
    mixed = any(letter.isalpha() for letter in value) and digits >= DIGITS
    return mixed and secrets.is_random(value) and secrets.entropy(value) >= BITS


def _personal(words: str, context: Context) -> Iterator[Item]:
    first: dict[str, int] = {}
    distinct: dict[str, set[str]] = {}
    for match in personal.find(words):
        if match.valid:
            first.setdefault(match.kind, match.start)
            distinct.setdefault(match.kind, set()).add(words[match.start : match.end])
    for kind, at in sorted(first.items()):
        count, line = len(distinct[kind]), _line(words, at)
        place, message = context.place(detail=line), f"{count} of kind {kind}, first at {line}"
        if kind in SERIOUS:
            yield PERSONAL.at(place, message)
        elif count >= MANY_CONTACTS:
            yield PERSONAL.at(place, message, confidence="possible")


def _endpoints(words: str, context: Context) -> Iterator[Item]:
    hosts: dict[str, int] = {}
    for match in HOST.finditer(words):
        hosts.setdefault(match[1].lower(), match.start())
    for host, at in sorted(hosts.items()):
        if DROP.search(host) or _is_public_address(host):
            line = _line(words, at)
            yield ENDPOINT.at(context.place(detail=line), f"{line}: {host}")


def _commands(words: str, source: Source, context: Context) -> Iterator[Item]:
    """Hostile commands in files that other programs run: builds, tasks, starters."""
    name = source.name.lower()
    built = name.startswith(("dockerfile", "makefile", "justfile", "containerfile"))
    if built or name.endswith(RUN_BY_OTHERS):
        for match in islice(HOSTILE.finditer(words), MOST_SHOWN):
            line = _line(words, match.start())
            message = f"{line}: {match.group()[:200]!r}"
            yield COMMAND.at(context.place(detail=line), message, severity="medium")


def _is_public_address(host: str) -> bool:
    """Whether it is a bare address of another network; those kept for examples count, too."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    near = any(address in network for network in NEAR if network.version == address.version)
    return not near and not (address.is_multicast or address.is_unspecified)
