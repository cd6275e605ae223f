import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steelyard.evidence import merkle

# From: google/certificate-transparency, the reference leaves and roots of RFC 6962 trees.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree(leaves: list[bytes]) -> merkle.Read:
    hashes: list[bytes] = []

    def read(level: int, index: int) -> bytes:
        return hashes[merkle.place(level, index)]

    for number, data in enumerate(leaves):
        hashes.extend(merkle.grown(number, merkle.leaf(data), read))
        assert len(hashes) == merkle.stored(number + 1)
    return read


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = by_definition(leaves[:split]), by_definition(leaves[split:])
    return hashlib.sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_are_ours(size: int) -> None:
    assert merkle.root(size, tree(LEAVES)).hex() == ROOTS[size - 1]


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert merkle.root(0, tree([])) == hashlib.sha256(b"").digest()


def test_every_proof_of_every_small_tree_verifies_and_no_other() -> None:
    leaves = [bytes([number]) for number in range(40)]
    read = tree(leaves)
    for size in range(1, 41):
        whole = by_definition(leaves[:size])
        assert merkle.root(size, read) == whole
        for index in range(size):
            proof = merkle.inclusion(index, size, read)
            found = merkle.leaf(leaves[index])
            assert merkle.is_included(found, index, size, proof, whole)
            assert not merkle.is_included(merkle.leaf(b"x"), index, size, proof, whole)
            assert not merkle.is_included(found, index ^ 1, size, proof, whole)
            assert not merkle.is_included(found, index, size, (*proof, whole), whole)
            assert not proof or not merkle.is_included(found, index, size, proof[:-1], whole)
        for old in range(1, size + 1):
            before = (old, by_definition(leaves[:old]))
            steps = merkle.consistency(old, size, read)
            assert merkle.is_consistent(before, (size, whole), steps)
            if old < size:
                assert not merkle.is_consistent((old, whole), (size, whole), steps)
                assert not merkle.is_consistent(before, (size, before[1]), steps)
                assert not merkle.is_consistent(before, (size, whole), (*steps, whole))


def test_a_proof_out_of_range_is_no_proof() -> None:
    whole = merkle.root(8, tree(LEAVES))
    for index, size in ((-1, 8), (8, 8), (0, 0)):
        assert not merkle.is_included(merkle.leaf(b""), index, size, (), whole)
    assert not merkle.is_consistent((0, whole), (8, whole), ())
    assert not merkle.is_consistent((9, whole), (8, whole), ())
    assert not merkle.is_consistent((3, whole), (8, whole), ())


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 31), st.integers(1, 255))
def test_no_flipped_byte_in_a_proof_verifies(index: int, step: int, at: int, flip: int) -> None:
    read = tree(LEAVES)
    proof = list(merkle.inclusion(index, 8, read))
    changed = bytearray(proof[step % 3])
    changed[at] ^= flip
    proof[step % 3] = bytes(changed)
    leaf = merkle.leaf(LEAVES[index])
    assert not merkle.is_included(leaf, index, 8, proof, merkle.root(8, read))


def test_hashes_are_stored_in_the_order_of_their_making() -> None:
    order = [(0, 0), (0, 1), (1, 0), (0, 2), (0, 3), (1, 1), (2, 0), (0, 4)]
    places = [merkle.place(level, index) for level, index in order]
    assert all(after - before == 1 for before, after in pairwise(places))
