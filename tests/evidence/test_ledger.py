import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from steelyard.errors import EvidenceError, InputError
from steelyard.evidence import merkle, note, signing
from steelyard.evidence.ledger import Ledger

KEEPER = signing.generate("ed25519")
KEYS = [KEEPER.public]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "log")
    for number in range(5):
        ledger.append(b"entry %d" % number, KEEPER)
    return ledger


def test_what_was_appended_can_be_proved_without_the_log(ledger: Ledger) -> None:
    proof = ledger.append(b"one more", KEEPER)
    assert proof.index == 5
    read = note.read_proof(proof.encode())
    assert note.verify_proof(read, b"one more", KEYS).size == 6
    later = ledger.prove(b"entry 2", KEYS)
    assert note.verify_proof(later, b"entry 2", KEYS).size == 6
    assert ledger.audit(KEYS).size == 6


def test_every_earlier_checkpoint_is_a_beginning_of_the_later(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    points = []
    for number in range(9):
        proof = ledger.append(b"%d" % number, KEEPER)
        checkpoint, _ = note.verify(proof.checkpoint, KEYS)
        points.append((checkpoint.size, checkpoint.root))
    for old in points:
        for new in points[old[0] - 1 :]:
            assert merkle.is_consistent(old, new, ledger.consistency(old[0], new[0]))
    with pytest.raises(EvidenceError, match="never of"):
        ledger.consistency(3, 10)


def test_an_entry_that_was_never_logged_has_no_proof(ledger: Ledger) -> None:
    with pytest.raises(EvidenceError, match="does not hold"):
        ledger.prove(b"entry 9", KEYS)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("entries", lambda data: data.replace(b"entry 3", b"Entry 3"), "not those that were"),
        ("entries", lambda data: data[:-8], "4 entries where 5"),
        ("entries", lambda data: data[8:] + data[:8], "not those that were"),
        ("checkpoint", lambda data: data.replace(b"\n5\n", b"\n4\n"), "does not verify"),
        ("checkpoint", lambda data: b"\xff" + data, "damaged"),
    ],
)
def test_rewriting_the_log_is_found(ledger: Ledger, name: str, change: object, why: str) -> None:
    assert callable(change)
    path = ledger.folder / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(EvidenceError, match=why):
        ledger.audit(KEYS)


def test_nothing_is_signed_over_damaged_hashes(ledger: Ledger) -> None:
    path = ledger.folder / "hashes"
    path.write_bytes(path.read_bytes()[:-32] + bytes(32))
    with pytest.raises(EvidenceError, match="not what was signed"):
        ledger.append(b"x", KEEPER)
    path.write_bytes(b"")
    with pytest.raises(EvidenceError, match="lost what was signed"):
        ledger.append(b"x", KEEPER)


def test_a_log_has_one_keeper(ledger: Ledger) -> None:
    with pytest.raises(EvidenceError, match="no key that you trust"):
        ledger.append(b"x", signing.generate("ed25519"))


def test_an_entry_is_one_line(ledger: Ledger) -> None:
    with pytest.raises(InputError, match="one line"):
        ledger.append(b"a\nb", KEEPER)


@pytest.mark.parametrize("step", range(6))
def test_a_crash_at_any_step_leaves_the_log_before_or_after(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    class CrashError(Exception):
        pass

    done = 0

    def crash(*_: object) -> None:
        nonlocal done
        done += 1
        if done > step:
            raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        if step < 4:
            with pytest.raises(CrashError):
                ledger.append(b"interrupted", KEEPER)
    assert ledger.audit(KEYS).size in (5, 6)
    ledger.append(b"next", KEEPER)
    assert ledger.audit(KEYS).size in (6, 7)
    assert ledger.prove(b"next", KEYS)


@pytest.mark.parametrize("tail", [b"half an ent", b"whole\n", b"whole\nand half"])
def test_a_torn_tail_is_dropped_as_nobody_was_shown_it(ledger: Ledger, tail: bytes) -> None:
    for name in ("entries", "hashes"):
        with (ledger.folder / name).open("ab") as file:
            file.write(tail)
    assert ledger.audit(KEYS).size == 5
    assert ledger.append(b"next", KEEPER).index == 5
    assert ledger.audit(KEYS).size == 6


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        proofs = list(pool.map(lambda n: ledger.append(b"%d" % n, KEEPER), range(40)))
    assert sorted(proof.index for proof in proofs) == list(range(40))
    assert ledger.audit(KEYS).size == 40
