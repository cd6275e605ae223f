import hashlib
from pathlib import Path
from typing import Any

import pytest

from steelyard.errors import EvidenceError
from steelyard.evidence import manifest, oms, signed
from steelyard.evidence.oms import Scope
from steelyard.evidence.statement import Statement, Subject


@pytest.fixture
def model(tmp_path: Path) -> Path:
    root = tmp_path / "model"
    (root / "sub").mkdir(parents=True)
    for name, data in {"a.txt": b"1", "a/b": b"2", "w.bin": b"3" * 5000, "sub/c": b""}.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    return root


def says(model: Path, **changes: Any) -> oms.SignedModel:
    statement = oms.statement("model", manifest.of(model), Scope(**changes))
    return oms.read(statement)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def foreign(**changes: Any) -> Statement:
    predicate = {
        "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": False},
        "resources": [{"name": "f", "algorithm": "sha256", "digest": sha(b"x"), "extra": 1}],
    } | changes
    resources: list[dict[str, str]] = predicate["resources"]
    digests = [each["digest"] for each in resources]
    digest = {"sha256": oms.root(digests) if all(len(d) == 64 for d in digests) else ""}
    return Statement(
        subject=(Subject(name="m", digest=digest),),
        predicate_type=oms.PREDICATE,
        predicate=predicate,
    )


def test_the_root_is_over_the_digests_in_code_point_order_of_names(model: Path) -> None:
    # OMS §6.5.1; "a.txt" sorts before "a/b" because "." is before "/".
    raw = b"".join(hashlib.sha256(d).digest() for d in (b"1", b"2", b"", b"3" * 5000))
    assert oms.root_of(manifest.of(model)) == sha(raw)


def test_what_is_signed_checks(model: Path) -> None:
    coverage = signed.check(model, says(model), signed.Checking())
    assert (coverage.checked, coverage.listed, coverage.uncovered) == (4, 4, ())


def test_an_unknown_field_in_a_resource_is_ignored() -> None:
    assert oms.read(foreign()).resources[0].path == "f"


def resource(name: str, **changes: str) -> dict[str, str]:
    return {"name": name, "algorithm": "sha256", "digest": sha(b"x")} | changes


SHARDS = {"method": "shards", "hash_type": "sha256", "allow_symlinks": False, "shard_size": 10}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"resources": []}, "no resources"),
        ({"resources": [resource("f"), resource("f")]}, "named twice"),
        ({"resources": [resource("/etc/passwd")]}, "not a path inside"),
        ({"resources": [resource("../f")]}, "not a path inside"),
        ({"resources": [resource("./f")]}, "not a path inside"),
        ({"resources": [resource("a//f")]}, "not a path inside"),
        ({"resources": [resource("")]}, "not a path inside"),
        ({"resources": [resource("f", digest="ab")]}, "no sha256 digest"),
        ({"resources": [resource("f", digest=sha(b"x").upper())]}, "no sha256 digest"),
        ({"resources": [resource("f", algorithm="blake2b")]}, "another way"),
        ({"serialization": SHARDS}, "not a shard"),
        ({"serialization": SHARDS, "resources": [resource("f:5:10")]}, "not a shard of 10"),
        ({"serialization": SHARDS, "resources": [resource("f:0:11")]}, "not a shard of 10"),
        ({"serialization": SHARDS | {"shard_size": 0}}, "shard size"),
        ({"serialization": SHARDS | {"shard_size": 1.5}}, "shard size"),
        ({"serialization": SHARDS | {"method": "files"}}, "shard size"),
        ({"serialization": SHARDS | {"hash_type": "md5"}}, "Invalid enum value"),
        ({"serialization": {}}, "missing required"),
    ],
)
def test_a_signed_statement_that_makes_no_sense_is_refused(
    changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(EvidenceError, match=why):
        oms.read(foreign(**changes))


def test_a_root_that_is_not_that_of_the_resources_is_refused() -> None:
    other = Statement(
        subject=(Subject(name="m", digest={"sha256": "00" * 32}),),
        predicate_type=oms.PREDICATE,
        predicate=foreign().predicate,
    )
    with pytest.raises(EvidenceError, match="root digest"):
        oms.read(other)


def test_the_old_predicate_is_refused_with_the_reason() -> None:
    old = Statement(subject=(), predicate_type=oms.OLD_PREDICATE, predicate={})
    with pytest.raises(EvidenceError, match="sign again"):
        oms.read(old)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda m: (m / "w.bin").write_bytes(b"3" * 4999 + b"4"), "changed: w.bin"),
        (lambda m: (m / "a.txt").rename(m / "b.txt"), "renamed: a.txt is now b.txt"),
        (lambda m: (m / "sub/c").unlink(), "missing: sub/c"),
        (lambda m: (m / "sub/evil.py").write_text("x"), "added: sub/evil.py"),
        (lambda m: (m / "link").symlink_to("a.txt"), "followed no links: link"),
    ],
)
def test_every_change_is_named(model: Path, change: object, told: str) -> None:
    before = says(model)
    assert callable(change)
    change(model)
    with pytest.raises(EvidenceError, match=told):
        signed.check(model, before, signed.Checking())


def test_what_the_signer_chose_to_ignore_is_refused_unless_accepted(model: Path) -> None:
    (model / "plugins").mkdir()
    before = says(model, ignored=("plugins",))
    (model / "plugins" / "b.py").write_text("added after signing")
    with pytest.raises(EvidenceError, match=r"leave out plugins \(there now: plugins\)"):
        signed.check(model, before, signed.Checking())
    accepted = signed.check(model, before, signed.Checking(allow_ignored=True))
    assert accepted.uncovered == ("plugins",)


def test_what_every_signer_leaves_out_is_listed_when_it_is_there(model: Path) -> None:
    before = says(model)
    (model / ".gitattributes").write_text("")
    (model / ".git").mkdir()
    coverage = signed.check(model, before, signed.Checking())
    assert coverage.uncovered == (".git", ".gitattributes")


def test_a_default_name_that_was_signed_is_checked(model: Path) -> None:
    statement = foreign(resources=[resource(".gitignore", digest=sha(b"new"))])
    for path in sorted(model.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (model / ".gitignore").write_text("old")
    with pytest.raises(EvidenceError, match=r"changed: \.gitignore"):
        signed.check(model, oms.read(statement), signed.Checking())


def test_only_what_is_asked_for_is_read(model: Path) -> None:
    before = says(model)
    (model / "w.bin").write_bytes(b"changed")
    coverage = signed.check(model, before, signed.Checking(only=("a.txt", "sub/")))
    assert (coverage.checked, coverage.listed) == (2, 4)
    with pytest.raises(EvidenceError, match=r"changed: w\.bin"):
        signed.check(model, before, signed.Checking(only=("w.bin",)))
    with pytest.raises(EvidenceError, match="does not list evil"):
        signed.check(model, before, signed.Checking(only=("evil.py",)))


def test_shards_are_read_as_ranges_and_differences_name_the_file(tmp_path: Path) -> None:
    (tmp_path / "w:1").write_bytes(b"0123456789abcde")
    (tmp_path / "empty").write_bytes(b"")
    pieces = [
        resource("w:1:0:10", digest=sha(b"0123456789")),
        resource("w:1:10:15", digest=sha(b"abcde")),
    ]
    says_so = oms.read(foreign(serialization=SHARDS, resources=pieces))
    assert signed.check(tmp_path, says_so, signed.Checking()).checked == 1
    (tmp_path / "w:1").write_bytes(b"0123456789abcdeX")
    with pytest.raises(EvidenceError, match="changed: w:1"):
        signed.check(tmp_path, says_so, signed.Checking())


def test_a_single_file_is_checked_by_content(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    before = oms.read(oms.statement("m.gguf", manifest.of(tmp_path / "m.gguf"), Scope(single=True)))
    assert before.resources[0].path == "."
    assert signed.check(tmp_path / "m.gguf", before, signed.Checking()).checked == 1
    (tmp_path / "m.gguf").write_bytes(b"GGUG")
    with pytest.raises(EvidenceError, match="changed"):
        signed.check(tmp_path / "m.gguf", before, signed.Checking())
