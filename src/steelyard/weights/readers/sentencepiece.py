"""SentencePiece vocabularies (`tokenizer.model`): protobuf with pieces as field 1.

Source: github.com/google/sentencepiece, src/sentencepiece_model.proto.
"""

from collections.abc import Iterator

from steelyard.weights.protobuf import LENGTH, Message
from steelyard.weights.reader import Context, Fact, Item, Reader
from steelyard.weights.source import Source


class SentencePiece(Reader):
    """A list of pieces, each a text and a score."""

    format = "sentencepiece"
    rules = ()

    def sniff(self, source: Source) -> bool:
        """The first piece: a message that begins with its text, then a 32-bit score."""
        head = source.head
        if len(head) < 16 or head[0] != 0x0A or head[1] >= 0x80 or head[2] != 0x0A:
            return False
        length = head[3]
        return length + 2 <= head[1] and head[4 + length : 5 + length] == b"\x15"

    def read(self, source: Source, context: Context) -> Iterator[Item]:  # noqa: ARG002 (facts only)
        """How many tokens it has."""
        fields = Message(source).fields()
        count = sum(field.number == 1 and field.wire == LENGTH for field in fields)
        yield Fact(name="tokens", value=str(count))
