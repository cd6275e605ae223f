"""Small hand-written bytes of formats whose libraries are too heavy for a test."""

import json
import zipfile
from pathlib import Path
from typing import Any


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def piece(field: int, data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def onnx(*parts: bytes, functions: bytes = b"") -> bytes:
    """A `ModelProto` whose graph has `parts`."""
    graph = b"".join(parts) + piece(2, "graph")
    opset = piece(8, piece(1, "") + number(2, 17))
    return number(1, 8) + piece(2, "tests") + piece(7, graph) + opset + functions


def onnx_node(operator: str, domain: str = "", attribute: bytes = b"") -> bytes:
    named = piece(7, domain) if domain else b""
    return piece(1, piece(1, "x") + piece(2, "y") + piece(4, operator) + named + attribute)


def onnx_tensor(location: str = "", raw: bytes = b"", axis: int = 1) -> bytes:
    data = number(1, axis) + number(2, 1) + piece(8, "w")
    if location:
        data += piece(13, piece(1, "location") + piece(2, location)) + number(14, 1)
    elif raw:
        data += piece(9, raw)
    return piece(5, data)


def graph_node(operator: str) -> bytes:
    """A TensorFlow `NodeDef`."""
    return piece(1, piece(1, "node") + piece(2, operator))


def saved_model(*nodes: bytes) -> bytes:
    return number(1, 1) + piece(2, piece(2, b"".join(nodes)))


def keras(path: Path, *layers: dict[str, Any]) -> Path:
    """A `.keras` archive, stored by the standard library as Keras does."""
    import h5py  # type: ignore[import-untyped]  # it ships no stubs

    weights = path.with_suffix(".h5")
    with h5py.File(weights, "w") as file:
        file.create_dataset("layers/dense/vars/0", data=[[1.0]])
    whole = {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.10.0"}))
        archive.writestr("config.json", json.dumps(whole))
        archive.write(weights, "model.weights.h5")
    weights.unlink()
    return path


def layer(kind: str, module: str = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


DENSE = layer("Dense", name="dense", units=1, activation="relu")
