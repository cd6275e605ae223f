import hashlib
import json
import os
from pathlib import Path

import pytest

from steelyard.audit.journal import Chain, Exchange, Header, Journal, Record, recompute, seal
from steelyard.audit.probe import Message, Reply, Request
from steelyard.errors import InputError, UnavailableError

HEADER = Header(commitment="c" * 64, binding={"reference": "m.gguf", "probes": {"a.b": 1}})


def record(draw: int, text: str = "yes") -> Record:
    request = Request(messages=(Message("user", f"Is it {draw}?"),))
    return Record(probe="a.b", draw=draw, exchange=(Exchange(request, Reply(text=text)),))


def filled(path: Path, count: int = 3) -> bytes:
    with Journal(path, HEADER) as journal:
        for draw in range(count):
            journal.write(seal(record(draw)), 0.1)
    return path.read_bytes()


def test_a_journal_gives_back_what_was_written(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    with Journal(tmp_path / "j", HEADER) as journal:
        assert {key: s.record for key, s in journal.recorded.items()} == {
            ("a.b", draw): record(draw) for draw in range(3)
        }


def test_cut_anywhere_it_resumes_with_every_whole_line(tmp_path: Path) -> None:
    whole = filled(tmp_path / "j")
    for length in range(len(whole)):
        path = tmp_path / "cut"
        path.write_bytes(whole[:length])
        with Journal(path, HEADER) as journal:
            assert len(journal.recorded) == max(0, whole[:length].count(b"\n") - 1)
            journal.write(seal(record(99)), 0.0)
        with Journal(path, HEADER) as journal:
            assert ("a.b", 99) in journal.recorded
        path.unlink()


def test_the_header_names_the_field_that_differs(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    other = Header(commitment=HEADER.commitment, binding={**HEADER.binding, "reference": "n.gguf"})
    with pytest.raises(InputError, match=r"reference was 'm\.gguf', now 'n\.gguf'"):
        Journal(tmp_path / "j", other)
    with pytest.raises(InputError, match="another seed"):
        Journal(tmp_path / "j", Header(commitment="d" * 64, binding=HEADER.binding))


def test_two_audits_cannot_write_one_journal(tmp_path: Path) -> None:
    with (
        Journal(tmp_path / "j", HEADER),
        pytest.raises(InputError, match="written by another audit"),
    ):
        Journal(tmp_path / "j", HEADER)


def test_a_file_that_is_not_a_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_text('{"my": "notes"}\n')
    with pytest.raises(InputError, match="not a journal"):
        Journal(tmp_path / "j", HEADER)
    assert (tmp_path / "j").read_text() == '{"my": "notes"}\n'


def test_a_line_damaged_in_the_middle_is_named(tmp_path: Path) -> None:
    lines = filled(tmp_path / "j").split(b"\n")
    lines[2] = lines[2][:40]
    (tmp_path / "j").write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="line 3"):
        Journal(tmp_path / "j", HEADER)


def test_a_full_disk_is_one_clear_error_and_leaves_whole_lines(tmp_path: Path) -> None:
    import resource
    import signal

    path = tmp_path / "j"
    before = filled(path)
    pid = os.fork()
    if pid == 0:  # the limit cannot be taken back within a process that isn't root
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, len(before) + 50))
        try:
            with Journal(path, HEADER) as journal:
                journal.write(seal(record(9, "long " * 100)), 0.0)
        except UnavailableError:
            os._exit(4)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 4
    assert path.read_bytes() == before


def test_nobody_else_may_read_a_journal(tmp_path: Path) -> None:
    filled(tmp_path / "j")
    assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_the_digest_can_be_recomputed_from_the_file_alone(tmp_path: Path) -> None:
    chain = Chain(HEADER.commitment)
    with Journal(tmp_path / "j", HEADER) as journal:
        sealed = {draw: seal(record(draw)) for draw in (2, 0, 1, 5)}
        for one in sealed.values():
            journal.write(one, 0.5)
        for draw in (0, 1, 2):
            chain.add(sealed[draw])
        journal.finish(chain)
    lines = (tmp_path / "j").read_text().splitlines()
    end = json.loads(lines[-1])["end"]
    cases = {}
    for line in lines[1:-1]:
        text = line.removeprefix('{"case":').rpartition(',"seconds":')[0]
        case = json.loads(text)
        cases[case["probe"], case["draw"]] = text.encode()
    state = hashlib.sha256(json.loads(lines[0])["commitment"].encode()).digest()
    for probe, draw in end["counted"]:
        state = hashlib.sha256(state + cases[probe, draw]).digest()
    assert state.hex() == end["digest"] == chain.digest
    assert recompute(tmp_path / "j") == (HEADER.commitment, chain.digest)


@pytest.mark.parametrize("cut", [0, 1, 200, -60])
def test_half_a_journal_is_not_a_finished_one(tmp_path: Path, cut: int) -> None:
    chain = Chain(HEADER.commitment)
    with Journal(tmp_path / "j", HEADER) as journal:
        journal.write(seal(record(0)), 0.5)
        chain.add(seal(record(0)))
        journal.finish(chain)
    data = (tmp_path / "j").read_bytes()
    (tmp_path / "j").write_bytes(data[:cut])
    with pytest.raises(InputError, match=r"not the journal|damaged"):
        recompute(tmp_path / "j")
