"""Where cases come from: a seed that is committed before the run and published after it.

Case `i` of a probe depends on the seed, the probe's id and version and `i`, and on nothing
else: not on which other probes run, nor on the order in which answers arrive.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from steelyard.audit.probe import Card
from steelyard.evidence.predicates import audit as predicate


@dataclass(frozen=True, slots=True)
class Seed:
    """The source of every draw."""

    text: str

    @property
    def commitment(self) -> str:
        """SHA-256 over the UTF-8 bytes, hexadecimal; may be shown before the run.

        >>> Seed("a").commitment[:8]
        'ca978112'
        """
        return sha256(self.text.encode()).hexdigest()

    def record(self) -> predicate.Seed:
        """What the statement says: the seed, published, and its commitment."""
        return predicate.Seed(value=self.text, commitment=self.commitment)

    def draw(self, card: Card, index: int) -> Random:
        """The generator for case `index` of a probe."""
        return self._generator(card, str(index))

    def sampling(self, card: Card, number: int, place: int) -> int:
        """Sampling seed for request `place` of draw `number`: 1 to 2^31 - 1."""
        return self._generator(card, f"sampling {number} {place}").randrange(1, 2**31)

    def order(self, card: Card) -> Sequence[int]:
        """Item indices of a finite set in the order drawn: a uniform permutation.

        Shape `[card.size]`. Without one a verdict that stops early would be about the
        first items of the set, not about the set.
        """
        items = list(range(card.size))
        self._generator(card, "order").shuffle(items)
        return items

    def _generator(self, card: Card, what: str) -> Random:
        text = f"{self.text}|{card.id}|{card.version}|{what}"
        return Random(int.from_bytes(sha256(text.encode()).digest()))


def fresh() -> Seed:
    """A random seed of 128 bits that nobody could have trained for."""
    return Seed(secrets.token_hex(16))
