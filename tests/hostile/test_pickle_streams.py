"""One pickle for each way in which a program hides, named by its advisory or class.

Nothing here is ever loaded; each test asserts our own verdict and the reason for it.
"""

import base64
import pickle
import struct
from pathlib import Path

import pytest

from tests.hostile.programs import (
    COMMAND,
    EVIL,
    EVIL_PLAIN,
    HARMLESS,
    SYSTEM,
    args,
    call,
    data,
    look,
    name,
    program,
    rules,
    stacked,
    text,
)

DENIED, UNKNOWN = "pickle/denied-callable", "pickle/unknown-callable"
ARGUMENT, MODULE = "pickle/denied-argument", "pickle/build-on-module"
FRAME, READERS = "pickle/frame-disagreement", "pickle/reader-disagreement"
AFTER, BROKEN = "pickle/truncated-after-call", "pickle/broken-stream"


def frame(size: int) -> bytes:
    return b"\x95" + struct.pack("<Q", size)


def doubling(levels: int) -> bytes:
    """Lists of two of the list before."""
    pairs = ((bytes([level]), bytes([level + 1])) for level in range(levels))
    return program(b"]q\x00", *(b"](h" + old + b"h" + old + b"eq" + new for old, new in pairs))


def straddled() -> bytes:
    """GH cpython-154848: an argument that reaches over the end of its frame."""
    inner = b"C\x05abcde0N"
    return b"\x80\x04" + frame(4) + inner + b"."


CALLABLES = {
    # Unlisted callables, universal indirection, submodules of listed modules.
    "CVE-2025-1716-pip": ("pip", "main", DENIED),
    "GHSA-655q-fx9r-782v-pip-internal": ("pip._internal.cli.main", "main", DENIED),
    "CVE-2025-10157-asyncio-submodule": (
        "asyncio.unix_events",
        "_UnixSubprocessTransport._start",
        "pickle/dotted-name",
    ),
    "GHSA-vvpj-8cmc-gx39-resolve-name": ("pkgutil", "resolve_name", DENIED),
    "GHSA-m273-6v24-x4m4-attrgetter": ("operator", "attrgetter", DENIED),
    "GHSA-955r-x9j8-7rhh-methodcaller": ("_operator", "methodcaller", DENIED),
    "GHSA-46h3-79wf-xr6c-itemgetter": ("operator", "itemgetter", DENIED),
    "GHSA-9m3x-qqw2-h32h-cloudpickle": ("cloudpickle.cloudpickle", "_make_function", DENIED),
    "GHSA-m7j5-r2p5-c39r-file-handler": ("logging", "FileHandler", DENIED),
    "GHSA-g38g-8gr9-h9xp-unknown": ("some_package.runner", "run", UNKNOWN),
    "GHSA-r7v6-mfhq-g3m2-cprofile": ("cProfile", "run", DENIED),
    "GHSA-565g-hwwr-4pp3-marshal": ("marshal", "loads", DENIED),
    "GHSA-q5qq-mvfm-j35x-runpy": ("runpy", "run_path", DENIED),
    "GHSA-p523-jq9w-64x9-ctypes": ("ctypes", "CDLL", DENIED),
    "GHSA-wfq2-52f7-7qvj-pty": ("pty", "spawn", DENIED),
    "GHSA-5hvc-6wx8-mvv4-uuid": ("uuid", "_get_command_stdout", DENIED),
    "GHSA-5hwf-rc88-82xm-osx-support": ("_osx_support", "_read_output", DENIED),
    "GHSA-r48f-3986-4f9c-aix-support": ("_aix_support", "_read_cmd_output", DENIED),
    "GHSA-5cxw-w2xg-2m8h-types": ("types", "FunctionType", DENIED),
    "GHSA-pc6j-px3p-rrj4-socket": ("socket", "create_connection", DENIED),
    "GHSA-m6fh-58r7-x697-imaplib": ("imaplib", "IMAP4_stream", DENIED),
    "GHSA-6ggj-6f2q-f7mx-interpreters": ("_xxsubinterpreters", "run_string", DENIED),
    "GHSA-6ggj-6f2q-f7mx-posixsubprocess": ("_posixsubprocess", "fork_exec", DENIED),
    "GHSA-wccx-j62j-r448-unpickler": ("_pickle", "Unpickler", DENIED),
    "GHSA-fphw-536r-4p88-python-unpickler": ("pickle", "_loads", DENIED),
    "GHSA-9726-w42j-3qjr-doctest": ("doctest", "debug_script", DENIED),
    "builtins-eval": ("builtins", "eval", DENIED),
    "builtins-exec": ("builtins", "exec", DENIED),
    "builtins-compile": ("builtins", "compile", DENIED),
    "builtins-open": ("builtins", "open", DENIED),
    "builtins-import": ("builtins", "__import__", DENIED),
    "builtins-getattr": ("builtins", "getattr", DENIED),
    "builtins-map": ("builtins", "map", DENIED),
    "python2-apply": ("__builtin__", "apply", DENIED),
    "python2-commands": ("commands", "getoutput", DENIED),
    "importlib": ("importlib", "import_module", DENIED),
    "functools-partial": ("functools", "partial", DENIED),
    "subprocess": ("subprocess", "Popen", DENIED),
    "webbrowser": ("webbrowser", "open", DENIED),
    "idlelib": ("idlelib.run", "Executive.runcode", "pickle/dotted-name"),
    "timeit": ("timeit", "timeit", DENIED),
    "bdb": ("bdb", "Bdb", DENIED),
    "code-interpreter": ("code", "InteractiveInterpreter", DENIED),
    "ensurepip": ("ensurepip._bundled", "run", DENIED),
    "lib2to3": ("lib2to3.pgen2.pgen", "ParserGenerator", DENIED),
    "torch-unsupported-ops": ("torch.jit.unsupported_tensor_ops", "execWrapper", DENIED),
    "torch-collect-env": ("torch.utils.collect_env", "run", DENIED),
    "torch-dynamo-guards": ("torch._dynamo.guards", "GuardBuilder.get", "pickle/dotted-name"),
    "torch-load": ("torch", "load", DENIED),
    "torch-hub": ("torch.hub", "load", DENIED),
    "numpy-testing-exec": ("numpy.testing._private.utils", "runstring", DENIED),
    "numpy-fromfile": ("numpy", "fromfile", DENIED),
    "numpy-core-load": ("numpy", "load", DENIED),
    "pandas-read-pickle": ("pandas", "read_pickle", DENIED),
    "joblib-load": ("joblib", "load", DENIED),
    "sympy": ("sympy", "sympify", DENIED),
    "main-function": ("__main__", "helper", UNKNOWN),
    "case-of-a-known-class": ("sklearn.pipeline", "Pipeline", UNKNOWN),
}


@pytest.mark.parametrize("case", CALLABLES)
def test_what_is_not_known_to_be_harmless_is_not_called(case: str, tmp_path: Path) -> None:
    module, attribute, rule = CALLABLES[case]
    found = look(tmp_path, program(call(module, attribute, text(COMMAND)), protocol=4))
    assert found.files[0].verdict == "denied"
    assert rule in rules(found)
    assert any(attribute in finding.message for finding in found.findings)


STREAMS: dict[str, tuple[bytes, str]] = {
    "inst": (b"(S'true'\nios\nsystem\n.", DENIED),
    "inst-without-arguments": (b"(isome_package\nstart\n.", UNKNOWN),
    "obj": (program(b"(", name("os", "system"), text(COMMAND), b"o"), DENIED),
    "GHSA-mxhj-88fx-4pcv-obj-and-pop": (
        program(b"N(", name("os", "system"), text(COMMAND), b"o0"),
        DENIED,
    ),
    "GHSA-mhc9-48gj-9gp3-reduce-and-build": (program(SYSTEM, b"}b"), DENIED),
    "GHSA-h4rm-mm56-xf63-builtins-import": (
        program(call("builtins", "__import__", text("os")), b"0N"),
        DENIED,
    ),
    "GHSA-cffv-grgg-g429-second-use": (
        program(name("os", "system"), b"0", SYSTEM),
        DENIED,
    ),
    "newobj": (program(name("subprocess", "Popen"), args(text(COMMAND)), b"\x81"), DENIED),
    "newobj-ex": (
        program(name("subprocess", "Popen"), args(text(COMMAND)), b"}\x92", protocol=4),
        DENIED,
    ),
    "stack-global": (
        program(stacked("os", "system"), args(text(COMMAND)), b"R", protocol=4),
        DENIED,
    ),
    "picklescan-22-memo-strings": (
        program(
            text("os") + b"q\x00" + text("system") + b"q\x01" + text("numpy") + text("ndarray"),
            b"00h\x00h\x01\x93",
            args(text(COMMAND)) + b"R",
            protocol=4,
        ),
        DENIED,
    ),
    "memo-aliasing": (
        # The same index is written twice; the later value counts.
        program(
            text("collections") + b"q\x050" + text("os") + b"q\x050" + text("system") + b"q\x060",
            b"h\x05h\x06\x93",
            args(text(COMMAND)) + b"R",
            protocol=4,
        ),
        DENIED,
    ),
    "memoize-after-put": (
        program(text("os") + b"\x94" + text("system") + b"\x94\x93", args(text(COMMAND)), b"R"),
        DENIED,
    ),
    "dup": (program(text(COMMAND), b"2", SYSTEM), DENIED),
    "names-from-string-escapes": (
        b"\x80\x04S'o\\x73'\nS'\\163ystem'\n\x93(S'true'\ntR.",
        DENIED,
    ),
    "names-from-unicode-escapes": (
        b"\x80\x04V\\u006fs\nVsyste\\u006d\n\x93(S'true'\ntR.",
        DENIED,
    ),
    "name-from-a-call": (
        program(
            call("_codecs", "encode", text("os"), text("latin1")) + text("system") + b"\x93",
            args(text(COMMAND)) + b"R",
            protocol=4,
        ),
        BROKEN,
    ),
    "computed-name": (
        program(
            call("builtins", "str") + text("system") + b"\x93",
            args(text(COMMAND)) + b"R",
            protocol=4,
        ),
        "pickle/unresolved-name",
    ),
    "GHSA-5j3x-jp52-966f-dotted-name": (
        program(stacked("logging", "os.system"), args(text(COMMAND)), b"R", protocol=4),
        "pickle/dotted-name",
    ),
    "dotted-name-in-an-allowed-module": (
        program(stacked("collections", "_sys.modules"), protocol=4),
        "pickle/dotted-name",
    ),
    "odd-name": (program(name("os\r", "system"), args(text(COMMAND)), b"R"), "pickle/odd-name"),
    "ext1": (program(b"\x82\x01", args(text(COMMAND)), b"R"), "pickle/extension-code"),
    "ext2": (program(b"\x83\x01\x01", args(), b"R"), "pickle/extension-code"),
    "ext4": (program(b"\x84\x01\x01\0\0", args(), b"R"), "pickle/extension-code"),
    "GHSA-9gvj-pp9x-gcfr-payload-then-breakage": (EVIL[:-1] + b"\xff\xff", AFTER),
    "nullifai-truncated": (EVIL[:-1], AFTER),
    "nullifai-stack-underflow": (EVIL[:-1] + b"00000.", AFTER),
    "truncated-before-anything": (HARMLESS[:12], BROKEN),
    "length-past-the-end": (program(b"\x8e" + struct.pack("<Q", 1 << 60)), BROKEN),
    "bytearray-of-a-petabyte": (program(b"\x96" + struct.pack("<Q", 1 << 50), protocol=5), BROKEN),
    "long-of-two-gigabytes": (program(b"\x8b\xff\xff\xff\x7f"), BROKEN),
    "negative-length": (program(b"\x8b\xff\xff\xff\xff"), BROKEN),
    "protocol-77": (b"\x80\x04\x80\x4d" + EVIL[2:], BROKEN),
    "gh-126992-octal-int": (b"\x80\x02I010\n0" + SYSTEM + b".", READERS),
    "gh-126992-hexadecimal-int": (b"\x80\x02I0x1f\n0N.", READERS),
    "gh-126992-hexadecimal-long": (b"\x80\x02L0x1fL\n0N.", READERS),
    "int-with-nul": (b"\x80\x02I1\0junk\n0N.", READERS),
    "long-with-nul": (b"\x80\x02L1\0junk\n0" + SYSTEM + b".", READERS),
    "float-with-nul": (b"\x80\x02F1.0\0junk\n0N.", READERS),
    "memo-index-with-nul": (b"Np1\0junk\n0g1\n.", READERS),
    "no-items-into-text": (program(text("a"), b"(e"), "pickle/odd-target"),
    "no-state-on-text": (program(text("a"), b"Nb"), "pickle/odd-target"),
    "int-with-plus": (b"\x80\x02I+1\n0N.", READERS),
    "int-with-underscore": (b"\x80\x02I1_0\n0N.", READERS),
    "float-with-underscore": (b"\x80\x02F1_0.0\n0N.", READERS),
    "gh-135321-utf8-string": ("\x80\x02S'h\xe9'\n0N.".encode("latin1"), READERS),
    "gh-154848-frame-straddled": (straddled(), FRAME),
    "gh-154848-frame-in-frame": (b"\x80\x04" + frame(12) + frame(2) + b"N.", FRAME),
    "gh-128853-frame-past-the-end": (b"\x80\x04" + frame(1 << 40) + SYSTEM + b".", FRAME),
    "frame-that-goes-on": (b"\x80\x04" + frame(8) + b"N." + b"N00000", FRAME),
    "expansion": (doubling(40), "pickle/expansion"),
    "sparse-memo": (program(b"Nr\xff\xff\xff\x7f"), "pickle/sparse-memo"),
    "sparse-memo-as-text": (b"Np2147483647\n.", "pickle/sparse-memo"),
    "build-on-class": (
        program(name("collections", "OrderedDict"), b"}", text("x"), b"Nsb"),
        MODULE,
    ),
    "build-on-module": (
        program(
            name("torch", "_utils"),
            b"}",
            text("_rebuild_tensor_v2"),
            name("torch", "float32"),
            b"sb",
        ),
        MODULE,
    ),
    "build-on-function": (
        program(name("torch._utils", "_rebuild_tensor_v2"), b"N}", text("__code__"), b"Ns\x86b"),
        MODULE,
    ),
    "items-on-imported-dict": (program(name("sys", "modules"), text("os"), b"Ns"), MODULE),
    "items-on-class": (program(name("numpy", "dtype"), text("x"), b"Ns"), MODULE),
    "CVE-2026-24747-setitem-on-a-list": (program(b"]K\x00Ns"), "pickle/odd-target"),
    "append-to-a-dict": (program(b"}Na"), "pickle/odd-target"),
    "persistent-id-as-text": (b"Psomewhere\n.", "pickle/persistent-id"),
    "persistent-id-of-another-shape": (
        program(text("file:///etc/passwd"), b"Q"),
        "pickle/persistent-id",
    ),
    "persistent-id-with-another-class": (
        program(
            args(text("storage"), name("os", "system"), text("0"), text("cpu"), b"K\x01"), b"Q"
        ),
        "pickle/persistent-id",
    ),
    "GHSA-84r2-jw7c-4r5q-load-from-bytes": (
        program(call("torch.storage", "_load_from_bytes", data(EVIL))),
        "pickle/nested-pickle",
    ),
    "nested-through-latin1": (
        program(
            call(
                "torch.storage",
                "_load_from_bytes",
                call("_codecs", "encode", text(EVIL_PLAIN.decode("latin1")), text("latin1")),
            )
        ),
        "pickle/nested-pickle",
    ),
    "nested-three-deep": (
        program(
            call(
                "torch.storage",
                "_load_from_bytes",
                data(program(call("torch.storage", "_load_from_bytes", data(EVIL)))),
            )
        ),
        "pickle/nested-pickle",
    ),
    "pickle-in-a-byte-string": (program(data(EVIL), protocol=3), "pickle/nested-pickle"),
    "old-pickle-in-a-byte-string": (program(data(EVIL_PLAIN), protocol=3), "pickle/nested-pickle"),
    "pickle-in-a-long-byte-string": (
        program(data(program(text("x" * 5000), b"0", SYSTEM)), protocol=3),
        "pickle/nested-pickle",
    ),
    "bytes-of-unknown-origin": (
        program(call("torch.storage", "_load_from_bytes", call("builtins", "bytes"))),
        ARGUMENT,
    ),
    "codecs-other-than-latin1": (
        program(call("_codecs", "encode", text("x"), text("rot13"))),
        ARGUMENT,
    ),
    "bytearray-by-length": (
        program(call("builtins", "bytearray", b"\x8a\x05\0\0\0\0\x10")),
        ARGUMENT,
    ),
    "list-of-a-range": (
        program(call("builtins", "list", call("builtins", "range", b"J\xff\xff\xff\x7f"))),
        ARGUMENT,
    ),
    "defaultdict-with-a-function": (
        program(call("collections", "defaultdict", name("__main__", "helper"))),
        ARGUMENT,
    ),
    "reconstruct-a-memmap": (
        program(
            call(
                "numpy.core.multiarray",
                "_reconstruct",
                name("numpy", "memmap"),
                b"K\x00\x85",
                b"C\x01b",
            )
        ),
        DENIED,
    ),
    "reconstruct-a-huge-array": (
        program(
            call(
                "numpy.core.multiarray",
                "_reconstruct",
                name("numpy", "ndarray"),
                b"\x8a\x06\0\0\0\0\0\x10\x85",
                b"C\x01b",
            )
        ),
        ARGUMENT,
    ),
    "rebuild-calls-what-it-is-given": (
        program(
            call(
                "torch._tensor",
                "_rebuild_from_type_v2",
                name("os", "system"),
                name("torch", "Tensor"),
                text(COMMAND) + b"\x85",
                b"N",
            )
        ),
        ARGUMENT,
    ),
    "reconstructor-with-another-base": (
        program(
            call("copyreg", "_reconstructor", name("__main__", "A"), name("os", "system"), b"N")
        ),
        ARGUMENT,
    ),
    "call-of-a-result": (
        program(call("collections", "OrderedDict") + args() + b"R"),
        UNKNOWN,
    ),
    "getattr-on-a-class": (
        program(call("builtins", "getattr", name("torch", "Tensor"), text("apply_"))),
        DENIED,
    ),
    "tensor-out-of-range": (
        program(
            name("torch._utils", "_rebuild_tensor_v2"),
            args(
                args(
                    text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), b"K\x04"
                )
                + b"Q",
                b"K\x02",
                b"K\x08\x85",
                b"K\x01\x85",
                b"\x89",
                call("collections", "OrderedDict"),
            ),
            b"R",
        ),
        "pickle/tensor-out-of-range",
    ),
    "second-pickle-in-a-row": (HARMLESS + EVIL, DENIED),
    "second-pickle-that-breaks": (HARMLESS + EVIL[:-1], AFTER),
    "GHSA-97f8-7cmv-76j2-torch-magic-by-call": (
        program(call("builtins", "eval", text("0x1950a86a20f9469cfc6c"))) + EVIL,
        DENIED,
    ),
    "trailing-bytes": (HARMLESS + b"\xffnot a pickle", "pickle/trailing-data"),
    "python2-names": (b"c__builtin__\neval\n(S'1'\ntR.", DENIED),
    "python2-copy-reg": (
        b"ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
        DENIED,
    ),
    "joblib-padding-is-a-program": (
        program(
            name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(",
            text("shape") + b"K\x01\x85" + text("dtype") + call("numpy", "dtype", text("u1")),
            text("numpy_array_alignment_bytes") + b"K\x10ub",
        )[:-1]
        + bytes([48])
        + SYSTEM.ljust(48, b"0")
        + b"\x01.",
        READERS,
    ),
    "joblib-objects": (
        program(
            name("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(",
            text("shape") + b"K\x01\x85" + text("dtype") + call("numpy", "dtype", text("O8")),
            b"ub",
        )[:-1]
        + EVIL
        + b".",
        DENIED,
    ),
}


@pytest.mark.parametrize("case", STREAMS)
def test_a_program_that_hides_is_found(case: str, tmp_path: Path) -> None:
    raw, rule = STREAMS[case]
    found = look(tmp_path, raw)
    assert rule in rules(found), found.findings
    assert found.files[0].verdict in {"denied", "unreadable", "review"}
    if rule != "pickle/trailing-data":
        assert found.files[0].verdict != "review"


@pytest.mark.parametrize("protocol", range(6))
def test_the_classic_is_denied_in_every_protocol(protocol: int, tmp_path: Path) -> None:
    class Classic:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            import os

            return os.system, (COMMAND,)

    found = look(tmp_path, pickle.dumps(Classic(), protocol))
    assert found.files[0].verdict == "denied"
    assert DENIED in rules(found)


@pytest.mark.parametrize("suffix", ["safetensors", "txt", "json", "bin", "gguf", "md", ""])
def test_the_name_of_the_file_changes_nothing(suffix: str, tmp_path: Path) -> None:
    """CVE-2025-1889, CVE-2025-10155."""
    for raw in (EVIL, EVIL_PLAIN):
        found = look(tmp_path, raw, f"model.{suffix}")
        assert found.files[0].verdict == "denied"
        assert DENIED in rules(found)
    disguised = "pickle/disguised" in rules(look(tmp_path, HARMLESS, f"harmless.{suffix}"))
    assert disguised == (suffix not in {"bin", ""})


def test_a_pickle_at_an_offset_is_found(tmp_path: Path) -> None:
    found = look(tmp_path, b"\x7fDATA" + bytes(range(256)) * 4 + EVIL, "weights.dat")
    assert found.files[0].verdict == "denied"
    assert {"pickle/embedded", DENIED} <= rules(found)


def test_a_pickle_written_as_base64_is_found(tmp_path: Path) -> None:
    raw = b'{"state": "' + base64.b64encode(EVIL) + b'"}'
    found = look(tmp_path, raw, "state.json")
    assert found.files[0].verdict == "denied"
    assert {"pickle/encoded", DENIED} <= rules(found)


def test_a_finding_names_opcode_and_byte(tmp_path: Path) -> None:
    (finding,) = look(tmp_path, EVIL).findings
    assert finding.place.start == 2
    assert "GLOBAL" in finding.place.detail
