"""Valid files and ways to break them that keep most of their structure."""

import base64
import bz2
import collections
import gzip
import io
import lzma
import pickle
import pickletools
import random
import struct
import tarfile
import zipfile
import zlib

import numpy as np

from tests.hostile.boxes import Block, Part, checkpoint, tarred, zipped
from tests.hostile.programs import EVIL, EVIL_PLAIN, HARMLESS
from tests.hostile.test_containers import FOUR, STATE, STREAM_SEEDS

OPCODES = [opcode.code.encode("latin1") for opcode in pickletools.opcodes]
NUMBERS = [0, 1, 2, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 60]


def _array() -> bytes:
    out = io.BytesIO()
    np.savez(out, x=np.eye(3), o=np.array([1, None], dtype=object))
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("é" * 120)
        info.size = len(HARMLESS)
        archive.addfile(info, io.BytesIO(HARMLESS))
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.pkl", HARMLESS)
        with archive.open("b.pkl", "w", force_zip64=True) as member:
            member.write(EVIL)
    return out.getvalue()


DATA = {
    "list": [1, -1, 2**70, 0.5, "text", b"bytes", None, True],
    "ordered": collections.OrderedDict(a=1),
    "array": np.arange(3),
    "objects": np.array([1, "a"], dtype=object),
    "set": {1, 2},
    "array of bytes": bytearray(b"abc"),
}

SEEDS: list[bytes] = [
    *(pickle.dumps(DATA, protocol) for protocol in range(6)),
    EVIL,
    EVIL_PLAIN,
    STATE,
    *STREAM_SEEDS,
    zipped(*checkpoint(STATE, storages={"0": FOUR})),
    zipped(Part("a", EVIL, method=8), Part("b", HARMLESS, descriptor=True)),
    tarred(Block("a", EVIL), Block("b", kind="2", link="a")),
    _array(),
    _tar(),
    _zip(),
    gzip.compress(EVIL),
    bz2.compress(EVIL),
    lzma.compress(EVIL),
    zlib.compress(EVIL),
    b'{"a": "' + base64.b64encode(EVIL) + b'"}',
]


def mutated(random_: random.Random, raw: bytes) -> bytes:
    """A file with one to six changes: bytes, opcodes, numbers, pieces moved, doubled or cut."""
    data = bytearray(raw)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(data) + 1)
        span = random_.choice([1, 1, 2, 4, 8, 32])
        match random_.randrange(8):
            case 0:
                data[at : at + 1] = bytes([random_.randrange(256)])
            case 1:
                data[at : at + random_.randint(0, 1)] = random_.choice(OPCODES)
            case 2:
                data[at : at + 4] = struct.pack("<I", random_.choice(NUMBERS) & 0xFFFFFFFF)
            case 3:
                data[at : at + 8] = struct.pack("<Q", random_.choice(NUMBERS))
            case 4:
                del data[at : at + span]
            case 5:
                data[at:at] = data[max(at - span, 0) : at]
            case 6:
                other = random_.choice(SEEDS)
                start = random_.randrange(len(other))
                data[at:at] = other[start : start + span * 4]
            case _:
                del data[at:]
    return bytes(data)
