"""Which key goes where."""

from steelyard.audit.targets.choice import judge_key, key_of
from steelyard.subjects.reference import Endpoint, parse

BOTH = {"STEELYARD_API_KEY": "model's", "STEELYARD_JUDGE_KEY": "judge's"}


def endpoint(text: str) -> Endpoint:
    found = parse(text)
    assert isinstance(found, Endpoint)
    return found


JUDGE = endpoint("https://judge.example/v1#m")


def test_our_own_variable_comes_before_the_common_one() -> None:
    assert key_of({"OPENAI_API_KEY": "second"}) == "second"
    assert key_of({"OPENAI_API_KEY": "second", "STEELYARD_API_KEY": "first"}) == "first"
    assert key_of({}) == ""


def test_the_judge_has_a_key_of_its_own() -> None:
    for weighed in ("m.gguf", "https://other.example/v1#m", "https://judge.example/v1#other"):
        assert judge_key(JUDGE, parse(weighed), BOTH) == "judge's"


def test_the_key_of_the_model_is_never_sent_to_another_host() -> None:
    alone = {"STEELYARD_API_KEY": "model's"}
    for weighed in (
        "https://other.example/v1#m",
        "http://judge.example/v1#m",
        "https://judge.example:8443/v1#m",
    ):
        assert judge_key(JUDGE, parse(weighed), alone) == ""


def test_one_key_serves_where_only_one_host_is_asked() -> None:
    alone = {"OPENAI_API_KEY": "only"}
    assert judge_key(JUDGE, parse("https://judge.example/v1#other"), alone) == "only"
    assert judge_key(JUDGE, parse("m.gguf"), alone) == "only"
