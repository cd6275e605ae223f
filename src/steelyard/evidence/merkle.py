"""The Merkle tree of transparency logs: roots and proofs, from stored hashes or to a verifier.

Source: RFC 6962 §2.1 (the same tree as RFC 9162 §2.1); verification as RFC 9162 §2.1.3.2 and
§2.1.4.2; the order in which hashes are stored is that of golang.org/x/mod/sumdb/tlog.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

Read = Callable[[int, int], bytes]
"""(level, index) → hash of the complete subtree over leaves [index·2^level, (index+1)·2^level)."""

SIZE = 32
"""Bytes of a hash."""


def leaf(data: bytes) -> bytes:
    """Hash of an entry."""
    return hashlib.sha256(b"\0" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash over two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root(size: int, read: Read) -> bytes:
    """Hash of the whole tree of `size` leaves."""
    return _range(0, size, read) if size else hashlib.sha256().digest()


def inclusion(index: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Proof that leaf `index` is in the tree of `size` leaves, 0 <= index < size."""
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(middle, high, read))
            high = middle
        else:
            path.append(_range(low, middle, read))
            low = middle
    return tuple(reversed(path))


def consistency(old: int, size: int, read: Read) -> tuple[bytes, ...]:
    """Proof that the tree of `old` leaves is the beginning of that of `size`, 0 < old <= size."""
    path: list[bytes] = []
    low, high, whole = 0, size, True
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range(middle, high, read))
            high = middle
        else:
            path.append(_range(low, middle, read))
            low, whole = middle, False
    if not whole:
        path.append(_range(low, high, read))
    return tuple(reversed(path))


def is_included(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes
) -> bool:
    """Whether `proof` shows `leaf_hash` at `index` of the tree with `root_hash`."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf_hash
    for step in proof:
        if not last:
            return False
        if at & 1 or at == last:
            found = node(step, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, step)
        at, last = at >> 1, last >> 1
    return not last and found == root_hash


def is_consistent(old: tuple[int, bytes], new: tuple[int, bytes], proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree `new` (size, root) only added to `old`."""
    (first, first_root), (second, second_root) = old, new
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second:
        return False
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not steps:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            before, after = node(step, before), node(step, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node(after, step)
        at, last = at >> 1, last >> 1
    return not last and before == first_root and after == second_root


def place(level: int, index: int) -> int:
    """Position at which the hash (level, index) is stored: each right after what it is over."""
    for _ in range(level):
        index = 2 * index + 1
    position = level
    while index:
        position += index
        index >>= 1
    return position


def stored(size: int) -> int:
    """Hashes stored for a tree of `size` leaves."""
    return sum(size >> level for level in range(size.bit_length()))


def grown(size: int, leaf_hash: bytes, read: Read) -> Iterator[bytes]:
    """The hashes to store, in order, when leaf number `size` comes in."""
    yield leaf_hash
    level, index, found = 0, size, leaf_hash
    while index & 1:
        found = node(read(level, index - 1), found)
        yield found
        level, index = level + 1, index >> 1


def _split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _range(low: int, high: int, read: Read) -> bytes:
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, low >> level)
    middle = low + _split(count)
    return node(_range(low, middle, read), _range(middle, high, read))
