"""What can be found in archives and compressed files."""

from typing import TYPE_CHECKING

from steelyard.weights.rules import Effect, Rule

if TYPE_CHECKING:
    from steelyard.evidence.value import Severity

_AGAIN = "Have the publisher pack it again with a tool you trust, or refuse it."
_DIFFERS = (
    "torch, zipfile and unzip then load different files from it, so what was scanned may not "
    "be what is loaded."
)
_APPNOTE = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"


def _zip(
    name: str, title: str, what: str, references: tuple[str, ...], effect: Effect = "review"
) -> Rule:
    """A rule about readers of zip files that disagree."""
    severity: Severity = "high"
    return Rule(
        id=f"zip/{name}",
        title=title,
        severity=severity,
        effect=effect,
        what=what,
        why=_DIFFERS,
        fix=_AGAIN,
        references=(*references, _APPNOTE, "CWE-436"),
    )


NO_DIRECTORY = _zip(
    "no-directory",
    "Zip without a directory",
    "The file begins as a zip, and no central directory can be read.",
    (),
    "unreadable",
)
DIRECTORIES = _zip(
    "two-directories",
    "Two central directories",
    "Several end records lead to directories at different places.",
    (),
)
DISAGREEMENT = _zip(
    "directory-disagreement",
    "Directory that contradicts itself",
    "The end record and the directory, or its 64-bit form, do not say the same.",
    (),
)
NO_LOCAL = _zip(
    "no-local-header",
    "Entry that is not where it should be",
    "The directory lists an entry, and there is none at its place.",
    (),
    "unreadable",
)
NAME = _zip(
    "name-mismatch",
    "Entry with two names",
    "The directory calls an entry something else than its own header does.",
    ("GHSA-7q5r-7gvp-wc82", "CVE-2025-1944"),
)
HEADER = _zip(
    "header-mismatch",
    "Entry described in two ways",
    "Sizes, method or checksum in the directory are not those in the entry's own header.",
    (),
)
ENCRYPTED = _zip(
    "encrypted",
    "Encryption bit set",
    "An entry claims to be encrypted. torch does not look at the bit, zipfile refuses.",
    ("GHSA-w8jq-xcqf-f792", "CVE-2025-1945"),
)
CHECKSUM = _zip(
    "checksum",
    "Checksum that does not fit",
    "The data of an entry does not have the checksum that its header gives. torch does not "
    "look, zipfile refuses. Stored entries over 64 MiB are not checked.",
    ("GHSA-mjqp-26hc-grxg", "CVE-2025-10156"),
)
DUPLICATE = _zip(
    "duplicate-entry",
    "Two entries with one name",
    "A name stands twice in the archive: torch takes the first, zipfile the last.",
    ("https://github.com/google/saferpickle/issues/42",),
)
OVERLAP = _zip(
    "overlap",
    "Entries that share bytes",
    "Entries overlap: a bomb, or one file seen as two.",
    ("CVE-2019-13232",),
)
UNLISTED = _zip(
    "unlisted-entry",
    "Entry that no directory lists",
    "Local headers stand in the file that the central directory does not mention.",
    (),
)
PREFIX = _zip(
    "prefix",
    "Bytes before the archive",
    "The file begins with something that is no zip entry.",
    ("https://github.com/trailofbits/fickling/issues/103",),
)
SUFFIX = _zip(
    "suffix",
    "Bytes after the archive",
    "Something follows the end record.",
    ("https://github.com/trailofbits/fickling/issues/103",),
)
SIZE = _zip(
    "size",
    "Entry of another size than told",
    "The data of an entry is longer or shorter than its headers say, or does not decompress.",
    (),
)
NOT_OPENED = Rule(
    id="archive/not-opened",
    title="Content that was not opened",
    severity="medium",
    effect="unreadable",
    what="Packed content uses a method that is not built in, and whose package is not installed.",
    why="A loader with the package opens it; what is inside was not looked at.",
    fix="Install `steelyard[archives]`, or unpack it where that is safe and inspect the parts.",
    references=(
        "https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face",
    ),
)
TRAVERSAL = Rule(
    id="archive/path-traversal",
    title="Name that leaves the folder",
    severity="critical",
    effect="denied",
    what="A member's name is absolute, climbs with `..`, or holds characters of other "
    "systems' paths.",
    why="Unpacking it writes outside the folder chosen, over any file of the user.",
    fix="Do not unpack it.",
    references=("CWE-22", "CVE-2007-4559"),
)
LINK = Rule(
    id="archive/link",
    title="Link inside an archive",
    severity="medium",
    effect="review",
    what="A member is a symbolic or hard link.",
    why="Unpacked, it makes one name stand for another file; models need none.",
    fix=_AGAIN,
    references=("CWE-59",),
)
LINK_OUT = Rule(
    id="archive/link-outside",
    title="Link that leaves the folder",
    severity="critical",
    effect="denied",
    what="A link leads to an absolute path or climbs with `..`.",
    why="Reading through it discloses files of whoever unpacks it; writing through it "
    "replaces them.",
    fix="Do not unpack it.",
    references=("CWE-59", "CVE-2026-34446"),
)
DEVICE = Rule(
    id="archive/device",
    title="Device file inside an archive",
    severity="high",
    effect="denied",
    what="A member is a device or a pipe.",
    why="Unpacked by a privileged user it reaches hardware, or hangs whoever reads it.",
    fix="Do not unpack it.",
    references=("CWE-66",),
)
TAR_DUPLICATE = Rule(
    id="tar/duplicate-entry",
    title="Two entries with one name",
    severity="high",
    effect="review",
    what="A name stands twice in the archive: the last one wins on disk, the first in "
    "some readers.",
    why="What was looked at may not be what is loaded.",
    fix=_AGAIN,
    references=("CWE-436",),
)
TAR_BROKEN = Rule(
    id="tar/broken",
    title="Tar that breaks off",
    severity="high",
    effect="unreadable",
    what="A header has a wrong checksum, or a member is longer than the file.",
    why="Readers differ in where they go on, and what comes after was not looked at by all.",
    fix=_AGAIN,
    references=("CWE-436",),
)
TAR_AFTER = Rule(
    id="tar/after-end",
    title="Members after the end of the archive",
    severity="high",
    effect="review",
    what="Headers stand after the two empty blocks that end a tar.",
    why="Some readers stop at the end mark and some go on.",
    fix=_AGAIN,
    references=("CWE-436",),
)
TRAILING = Rule(
    id="compressed/trailing-data",
    title="Bytes after the compressed stream",
    severity="medium",
    effect="review",
    what="The file goes on after the compressed data, with something else.",
    why="Readers differ: most pass over it, some read it.",
    fix=_AGAIN,
    references=("CWE-436",),
)
BROKEN = Rule(
    id="compressed/broken",
    title="Compressed data that breaks off",
    severity="high",
    effect="unreadable",
    what="The compressed stream ends early or has a wrong checksum.",
    why="A reader that streams has used what came before when the error appears.",
    fix="Get the file again: it may be cut short. Refuse it if it is the same at its source.",
    references=("CWE-20",),
)

ZIP_RULES = (
    NO_DIRECTORY,
    DIRECTORIES,
    DISAGREEMENT,
    NO_LOCAL,
    NAME,
    HEADER,
    ENCRYPTED,
    CHECKSUM,
    DUPLICATE,
    OVERLAP,
    UNLISTED,
    PREFIX,
    SUFFIX,
    SIZE,
    NOT_OPENED,
    TRAVERSAL,
    LINK,
    LINK_OUT,
)
TAR_RULES = (
    TAR_DUPLICATE,
    TAR_BROKEN,
    TAR_AFTER,
    NOT_OPENED,
    TRAVERSAL,
    LINK,
    LINK_OUT,
    DEVICE,
)
COMPRESSED_RULES = (TRAILING, BROKEN, NOT_OPENED)
BY_ID = {rule.id: rule for rule in (*ZIP_RULES, *TAR_RULES, *COMPRESSED_RULES)}
