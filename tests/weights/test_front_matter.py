import pytest

from steelyard.weights.front_matter import metadata, opens


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("license: mit", {"license": ["mit"]}),
        ("datasets:\n- a/b\n- 'c/d'", {"datasets": ["a/b", "c/d"]}),
        ("datasets:\n  - a/b\nlicense: mit", {"datasets": ["a/b"], "license": ["mit"]}),
        ('base_model: [a/b, "c/d"]', {"base_model": ["a/b", "c/d"]}),
        ("license: mit  # see below", {"license": ["mit"]}),
        ("tags:\n- license\nlicense: mit", {"license": ["mit"]}),
        ("license: !!python/object:os.system", {"license": []}),
        ("license: &anchor mit", {"license": []}),
        ("license: |\n  many\n  lines", {"license": []}),
        ("model-index:\n- name: x\n  results:\n  - license: mit", {}),
    ],
)
def test_the_forms_that_cards_use_are_read_and_no_others(
    body: str, told: dict[str, list[str]]
) -> None:
    assert metadata(f"---\n{body}\n---\n# title\nlicense: gpl\n") == told


def test_metadata_that_never_ends_is_not_metadata() -> None:
    assert metadata("---\nlicense: mit\n# title\n") == {}


def test_windows_line_ends_and_a_byte_order_mark_are_no_hindrance() -> None:
    card = "\ufeff---\r\nlicense: mit\r\n---\r\n"
    assert opens(card)
    assert metadata(card) == {"license": ["mit"]}


def test_a_rule_across_the_page_is_not_metadata() -> None:
    assert not opens("---\nJust a line above some text.\n")
