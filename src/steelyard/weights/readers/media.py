"""Pictures, sound and tables that come with model cards: known, and not loaded by models."""

from collections.abc import Iterator

from steelyard.weights.reader import Context, Item, Reader
from steelyard.weights.source import Source

MAGICS: tuple[tuple[int, bytes], ...] = (
    (0, b"\x89PNG\r\n\x1a\n"), (0, b"\xff\xd8\xff"), (0, b"GIF87a"), (0, b"GIF89a"),
    (8, b"WEBP"), (8, b"WAVE"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"), (0, b"\xff\xfb"),
    (4, b"ftyp"), (0, b"%PDF-"), (0, b"PAR1"), (0, b"ARROW1"), (0, b"\x00\x00\x01\x00"),
    (0, b"wOF2"), (0, b"BM"), (0, b"II*\0"), (0, b"MM\0*"), (0, b"\x1a\x45\xdf\xa3"),
    (0, b"{L\0\0\0\0\0\0"),  # UBJSON, in which XGBoost keeps trees
)  # fmt: skip


class Media(Reader):
    """Formats that hold no program and no weights."""

    format = "media"
    rules = ()

    def sniff(self, source: Source) -> bool:
        """A known magic, in bytes that are not text."""
        head = source.head
        return any(head[at : at + len(magic)] == magic for at, magic in MAGICS) and not (
            head.isascii() and b"\0" not in head and not head.startswith(b"%PDF-")
        )

    def read(self, source: Source, context: Context) -> Iterator[Item]:  # noqa: ARG002 (nothing to say)
        """Nothing: the polyglot rule speaks if another format claims the bytes too."""
        yield from ()
