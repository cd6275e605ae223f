"""Archives in which readers see different files, named by advisory or class."""

import bz2
import gzip
import io
import json
import lzma
import struct
import zlib
from pathlib import Path

import py7zr
import pytest

from tests.hostile.boxes import Block, Part, checkpoint, tarred, zipped
from tests.hostile.programs import (
    EVIL,
    EVIL_PLAIN,
    HARMLESS,
    args,
    call,
    look,
    name,
    program,
    rules,
    text,
)

DENIED = "pickle/denied-callable"


def storage(kind: str, key: str, count: int) -> bytes:
    """A torch tensor of `count` elements on storage `key`."""
    pid = args(
        text("storage"),
        name("torch", kind),
        text(key),
        text("cpu"),
        b"J" + struct.pack("<i", count),
    )
    geometry = b"J" + struct.pack("<i", count) + b"\x85"
    hooks = call("collections", "OrderedDict")
    return call(
        "torch._utils",
        "_rebuild_tensor_v2",
        pid + b"Q",
        b"K\x00",
        geometry,
        b"K\x01\x85",
        b"\x89",
        hooks,
    )


STATE = program(b"}", text("weight"), storage("FloatStorage", "0", 4), b"s")
STREAM_SEEDS = [gzip.compress(STATE), program(b"(", text("a"), text("b"), b"d")]
FOUR = struct.pack("<4f", 1, 2, 3, 4)

GOOD = Part("archive/data.pkl", HARMLESS)
BAD = Part("archive/data.pkl", EVIL)

ZIPS: dict[str, tuple[bytes, str]] = {
    "torch-zip": (zipped(*checkpoint(EVIL)), DENIED),
    "torch-zip-protocol-0": (zipped(*checkpoint(EVIL_PLAIN)), DENIED),
    "deflated": (zipped(Part("archive/data.pkl", EVIL, method=8)), DENIED),
    "constants": (zipped(*checkpoint(HARMLESS, Part("archive/constants.pkl", EVIL))), DENIED),
    "pickle-by-another-name": (
        zipped(*checkpoint(HARMLESS, Part("archive/readme.txt", EVIL))),
        DENIED,
    ),
    "saferpickle-42-first-of-two": (zipped(BAD, GOOD), "zip/duplicate-entry"),
    "saferpickle-42-last-of-two": (zipped(GOOD, BAD), "zip/duplicate-entry"),
    "CVE-2025-1944-name-mismatch": (
        zipped(Part("archive/data.pkl", EVIL, local_name="archive/data.txt")),
        "zip/name-mismatch",
    ),
    "CVE-2025-1945-flag-bits": (
        zipped(Part("archive/data.pkl", EVIL, flags=1)),
        "zip/encrypted",
    ),
    "CVE-2025-1945-flag-bits-in-one-header": (
        zipped(Part("archive/data.pkl", EVIL, flags=0, local_flags=1)),
        "zip/encrypted",
    ),
    "CVE-2025-10156-checksum": (
        zipped(Part("archive/data.pkl", EVIL, crc=0x1234, local_crc=0x1234)),
        "zip/checksum",
    ),
    "checksums-differ": (
        zipped(Part("archive/data.pkl", EVIL, local_crc=0x1234)),
        "zip/header-mismatch",
    ),
    "sizes-differ": (zipped(Part("archive/data.pkl", EVIL, local_size=3)), "zip/header-mismatch"),
    "wrong-size": (zipped(Part("archive/data.pkl", EVIL, size=3, local_size=3)), "zip/size"),
    "modelscan-354-one-bad-entry-first": (
        zipped(Part("a.bin", b"not deflated", method=8, raw=True), BAD),
        "zip/size",
    ),
    "modelscan-354-unknown-method-first": (
        zipped(Part("a.bin", b"x" * 9, method=97), BAD),
        "archive/not-opened",
    ),
    "unlisted-entry": (
        zipped(GOOD, Part("archive/extra.pkl", EVIL, listed=False)),
        "zip/unlisted-entry",
    ),
    "unlisted-first-entry": (
        zipped(Part("archive/data.pkl", EVIL, listed=False), GOOD),
        "zip/unlisted-entry",
    ),
    "unlisted-with-the-same-name": (
        zipped(Part("archive/data.pkl", EVIL, listed=False), GOOD),
        "zip/duplicate-entry",
    ),
    "no-directory": (zipped(BAD)[: 30 + len("archive/data.pkl") + len(EVIL)], "zip/no-directory"),
    "count-of-entries": (zipped(GOOD, BAD, count=1), "zip/directory-disagreement"),
    "second-archive-behind": (zipped(GOOD) + zipped(BAD), "zip/two-directories"),
    "pickle-with-appended-zip": (EVIL + zipped(GOOD), DENIED),
    "harmless-pickle-with-appended-zip": (HARMLESS + zipped(BAD), DENIED),
    "pickle-before-the-zip": (zipped(GOOD, prefix=EVIL), "zip/prefix"),
    "pickle-after-the-zip": (zipped(GOOD, suffix=EVIL), "zip/suffix"),
    "script-before-the-zip": (zipped(BAD, prefix=b"#!/bin/sh\nexit\n"), "zip/prefix"),
    "data-descriptor": (zipped(Part("archive/data.pkl", EVIL, descriptor=True)), DENIED),
    "zip-in-zip": (zipped(Part("inner.zip", zipped(BAD))), DENIED),
    "zip-in-zip-in-zip": (zipped(Part("a", zipped(Part("b", zipped(BAD))))), DENIED),
    "tar-in-zip": (zipped(Part("inner", tarred(Block("x.pkl", EVIL)))), DENIED),
    "path-traversal": (zipped(Part("../../etc/cron.d/x", b"x")), "archive/path-traversal"),
    "absolute-path": (zipped(Part("/etc/passwd", b"x")), "archive/path-traversal"),
    "windows-path": (zipped(Part("..\\..\\x", b"x")), "archive/path-traversal"),
    "link": (zipped(Part("a", b"b", mode=0o120777)), "archive/link"),
    "link-outside": (zipped(Part("a", b"/etc/passwd", mode=0o120777)), "archive/link-outside"),
    "storage-too-short": (
        zipped(*checkpoint(STATE, storages={"0": FOUR[:8]})),
        "torch/storage-size",
    ),
    "storage-missing": (zipped(*checkpoint(STATE)), "torch/storage-size"),
    "CVE-2019-6446-object-array-in-npz": (
        zipped(Part("a.npy", b"")),  # replaced below: the header needs arithmetic
        DENIED,
    ),
    "torchscript-writes-files": (
        zipped(
            *checkpoint(
                HARMLESS,
                Part("archive/code/__torch__/m.py", b"def forward(self):\n  torch.save(x, 'f')\n"),
            )
        ),
        "torchscript/reaches-files",
    ),
    "torchscript-own-operators": (
        zipped(
            *checkpoint(HARMLESS, Part("archive/code/__torch__/m.py", b"_0 = ops.evil.run(x)\n"))
        ),
        "torchscript/reaches-files",
    ),
    "torchserve-handler": (
        zipped(
            Part("MAR-INF/MANIFEST.json", json.dumps({"model": {"handler": "run.py"}}).encode()),
            Part("run.py", b"import os\n"),
        ),
        "torchserve/handler",
    ),
    "torchserve-pickle": (
        zipped(Part("MAR-INF/MANIFEST.json", b"{}"), Part("model.pt", zipped(BAD))),
        DENIED,
    ),
    "CVE-2025-54412-skops-operator": (
        zipped(
            Part(
                "schema.json",
                json.dumps(
                    {
                        "__class__": "methodcaller",
                        "__module__": "operator",
                        "__loader__": "OperatorFuncNode",
                        "attrs": {},
                    }
                ).encode(),
            )
        ),
        "skops/type",
    ),
    "CVE-2025-54413-skops-method": (
        zipped(
            Part(
                "schema.json",
                json.dumps(
                    {
                        "__class__": "LogisticRegression",
                        "__module__": "sklearn.linear_model",
                        "__loader__": "MethodNode",
                        "content": {"func": "__reduce__", "obj": {}},
                    }
                ).encode(),
            )
        ),
        "skops/type",
    ),
    "skops-os-system": (
        zipped(
            Part(
                "schema.json",
                json.dumps(
                    {
                        "__class__": "function",
                        "__module__": "os",
                        "__loader__": "FunctionNode",
                        "content": {"module_path": "os", "function": "system"},
                    }
                ).encode(),
            )
        ),
        "skops/type",
    ),
    "skops-unknown-type": (
        zipped(
            Part(
                "schema.json",
                json.dumps(
                    {"__class__": "Thing", "__module__": "evil", "__loader__": "ObjectNode"}
                ).encode(),
            )
        ),
        "skops/unlisted-type",
    ),
}


def array(descr: str, shape: str, rest: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + rest


ZIPS["CVE-2019-6446-object-array-in-npz"] = (
    zipped(Part("a.npy", array("'|O'", "(1,)", EVIL))),
    DENIED,
)


@pytest.mark.parametrize("case", ZIPS)
def test_a_zip_that_readers_see_differently_is_found(case: str, tmp_path: Path) -> None:
    raw, rule = ZIPS[case]
    found = look(tmp_path, raw, "model.pt")
    assert rule in rules(found), found.findings
    assert found.files[0].verdict not in {"safe", "inert"}
    if EVIL in raw:
        assert DENIED in rules(found), found.findings
        assert found.files[0].verdict == "denied"


TARS: dict[str, tuple[bytes, str]] = {
    "pickle": (tarred(Block("m.pkl", EVIL)), DENIED),
    "first-of-two": (tarred(Block("m.pkl", EVIL), Block("m.pkl", HARMLESS)), "tar/duplicate-entry"),
    "last-of-two": (tarred(Block("m.pkl", HARMLESS), Block("m.pkl", EVIL)), "tar/duplicate-entry"),
    "after-the-end": (tarred(Block("a", b"x")) + tarred(Block("m.pkl", EVIL)), "tar/after-end"),
    "wrong-checksum": (
        tarred(Block("a", b"x"), Block("b", b"y", checksum=1), Block("m.pkl", EVIL)),
        "tar/broken",
    ),
    "CVE-2007-4559-traversal": (tarred(Block("../../x", b"x")), "archive/path-traversal"),
    "long-name-traversal": (
        tarred(Block("././@LongLink", b"../../x\0", kind="L"), Block("a", b"x")),
        "archive/path-traversal",
    ),
    "pax-path-traversal": (
        tarred(Block("PaxHeaders/a", b"16 path=../../x\n", kind="x"), Block("a", b"x")),
        "archive/path-traversal",
    ),
    "symbolic-link-outside": (
        tarred(Block("a", kind="2", link="../../etc")),
        "archive/link-outside",
    ),
    "CVE-2026-34446-hard-link-outside": (
        tarred(Block("a", kind="1", link="/etc/passwd")),
        "archive/link-outside",
    ),
    "device": (tarred(Block("a", kind="3")), "archive/device"),
    "pipe": (tarred(Block("a", kind="6")), "archive/device"),
    "longer-than-the-file": (tarred(Block("m.pkl", EVIL + bytes(900)))[:900], "tar/broken"),
    "gzip": (gzip.compress(tarred(Block("m.pkl", EVIL))), DENIED),
}


@pytest.mark.parametrize("case", TARS)
def test_a_tar_that_readers_see_differently_is_found(case: str, tmp_path: Path) -> None:
    raw, rule = TARS[case]
    found = look(tmp_path, raw, "model.tar")
    assert rule in rules(found), found.findings
    assert found.files[0].verdict not in {"safe", "inert"}
    if EVIL in raw:
        assert DENIED in rules(found), found.findings


def seven_zipped(raw: bytes) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writestr(raw, "model.pkl")
    return out.getvalue()


def appended_gzip() -> bytes:
    return gzip.compress(HARMLESS[:10]) + gzip.compress(HARMLESS[10:] + EVIL)


COMPRESSED = {
    "gzip": (gzip.compress(EVIL), DENIED),
    "zlib": (zlib.compress(EVIL), DENIED),
    "bz2": (bz2.compress(EVIL), DENIED),
    "xz": (lzma.compress(EVIL), DENIED),
    "lzma": (lzma.compress(EVIL, lzma.FORMAT_ALONE), DENIED),
    "twice": (gzip.compress(bz2.compress(EVIL)), DENIED),
    "gzip-members": (appended_gzip(), DENIED),
    "nullifai-7z": (seven_zipped(EVIL), DENIED),
    "gzip-cut-short": (gzip.compress(EVIL + bytes(range(256)) * 64)[:-40], "compressed/broken"),
    "gzip-and-more": (gzip.compress(HARMLESS) + b"something else", "compressed/trailing-data"),
    "lz4": (b"\x04\x22\x4d\x18" + bytes(40), "compressed/broken"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(40), "archive/not-opened"),
    "object-array": (array("'|O'", "(1,)", EVIL), DENIED),
    "object-in-a-record": (array("[('a', '<f4'), ('b', '|O')]", "(1,)", EVIL), DENIED),
    "array-header-is-code": (array("__import__('os')", "(1,)", b""), "npy/header"),
    "array-too-short": (array("'<f8'", "(4,)", b"x" * 8), "npy/size"),
    "array-and-more": (array("'<f8'", "(1,)", b"x" * 80), "npy/size"),
    "array-of-negative-shape": (array("'<f8'", "(-1,)", b""), "npy/header"),
    "array-header-of-a-gigabyte": (b"\x93NUMPY\x02\x00\xff\xff\xff\x3f{", "npy/header"),
}


@pytest.mark.parametrize("case", COMPRESSED)
def test_what_is_packed_is_opened_or_named(case: str, tmp_path: Path) -> None:
    raw, rule = COMPRESSED[case]
    found = look(tmp_path, raw, "model.joblib")
    assert rule in rules(found), found.findings
    assert found.files[0].verdict not in {"safe", "inert"}


def test_a_bomb_is_a_finding_and_not_followed(tmp_path: Path) -> None:
    found = look(tmp_path, gzip.compress(bytes(256 << 20), 9), "model.pkl.gz")
    assert found.files[0].verdict == "unreadable"
    assert "reader/budget" in rules(found)


def test_archives_nested_without_end_are_a_finding(tmp_path: Path) -> None:
    raw = EVIL
    for _ in range(20):
        raw = zipped(Part("inner", raw))
    found = look(tmp_path, raw, "model.zip")
    assert found.files[0].verdict == "unreadable"
    assert "reader/budget" in rules(found)


def test_overlapping_entries_are_a_bomb(tmp_path: Path) -> None:
    """CVE-2019-13232: many directory entries for the same bytes."""
    raw = bytearray(zipped(Part("a", b"x" * 50), Part("b", b"y" * 50)))
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 42 : at + 46] = struct.pack("<I", 0)
    assert "zip/overlap" in rules(look(tmp_path, bytes(raw), "model.zip"))


def test_old_torch_files_are_judged_and_measured(tmp_path: Path) -> None:
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    rest = b"\x80\x02M\xe9\x03." + program(b"}") + STATE + program(b"]", text("0"), b"a")
    storages = struct.pack("<q", 4) + FOUR
    good = look(tmp_path, magic + rest + storages, "old.pt")
    assert good.files[0].verdict == "safe"
    assert good.files[0].tensors == 1
    more = look(tmp_path, magic + rest + storages + b"x", "old.pt")
    assert rules(more) == {"pickle/trailing-data"}
