"""Zip and tar files written byte by byte, so that their parts can disagree."""

import struct
import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One entry. What is None is what an honest writer would put there."""

    name: str
    data: bytes
    local_name: str | None = None
    flags: int = 0
    local_flags: int | None = None
    method: int = 0
    crc: int | None = None
    local_crc: int | None = None
    size: int | None = None
    local_size: int | None = None
    mode: int = 0o100644
    listed: bool = True
    descriptor: bool = False
    raw: bool = False
    """Whether the data is written as it is, whatever the method says."""

    @property
    def packed(self) -> bytes:
        if self.raw or self.method != 8:
            return self.data
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        return engine.compress(self.data) + engine.flush()


def zipped(
    *parts: Part, prefix: bytes = b"", suffix: bytes = b"", count: int | None = None
) -> bytes:
    """A zip file of the parts, offsets counted from after the prefix."""
    body, directory, listed = b"", b"", 0
    for part in parts:
        crc = zlib.crc32(part.data) if part.crc is None else part.crc
        local_crc = crc if part.local_crc is None else part.local_crc
        size = len(part.data) if part.size is None else part.size
        local_size = size if part.local_size is None else part.local_size
        packed = part.packed
        flags = part.flags | (8 if part.descriptor else 0)
        local_flags = flags if part.local_flags is None else part.local_flags
        at = len(body)
        local = (part.local_name or part.name).encode()
        told = (0, 0, 0) if part.descriptor else (local_crc, len(packed), local_size)
        body += struct.pack(
            "<4s5H3I2H", b"PK\x03\x04", 20, local_flags, part.method, 0, 33, *told, len(local), 0
        )
        body += local + packed
        if part.descriptor:
            body += struct.pack("<4s3I", b"PK\x07\x08", crc, len(packed), size)
        if part.listed:
            listed += 1
            name = part.name.encode()
            directory += struct.pack(
                "<4s6H3I5H2I",
                b"PK\x01\x02",
                0x314,
                20,
                flags,
                part.method,
                0,
                33,
                crc,
                len(packed),
                size,
                len(name),
                0,
                0,
                0,
                0,
                part.mode << 16,
                at,
            )
            directory += name
    told_count = listed if count is None else count
    end = struct.pack(
        "<4s4H2IH", b"PK\x05\x06", 0, 0, told_count, told_count, len(directory), len(body), 0
    )
    return prefix + body + directory + end + suffix


def checkpoint(pickle: bytes, *more: Part, storages: dict[str, bytes] | None = None) -> list[Part]:
    """The entries of a torch zip."""
    parts = [Part("archive/data.pkl", pickle), Part("archive/byteorder", b"little")]
    parts += [Part(f"archive/data/{key}", raw) for key, raw in (storages or {}).items()]
    return [*parts, Part("archive/version", b"3\n"), *more]


@dataclass(frozen=True)
class Block:
    """One member of a tar."""

    name: str
    data: bytes = b""
    kind: str = "0"
    link: str = ""
    checksum: int | None = None


def tarred(*blocks: Block, end: bool = True) -> bytes:
    """A tar of the members, with the end mark."""
    out = b""
    for block in blocks:
        header = bytearray(512)
        for at, field in (
            (0, block.name.encode()[:100]),
            (100, b"0000644\0"),
            (108, b"0000000\0"),
            (116, b"0000000\0"),
            (124, b"%011o\0" % len(block.data)),
            (136, b"00000000000\0"),
            (148, b" " * 8),
            (156, block.kind.encode()),
            (157, block.link.encode()[:100]),
            (257, b"ustar\x0000"),
        ):
            header[at : at + len(field)] = field
        total = sum(header) if block.checksum is None else block.checksum
        header[148:156] = b"%06o\0 " % total
        out += bytes(header) + block.data + b"\0" * (-len(block.data) % 512)
    return out + (b"\0" * 1024 if end else b"")
