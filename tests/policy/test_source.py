from pathlib import Path

import pytest

from steelyard.errors import InputError
from steelyard.policy import digest, load, shipped

GOOD = """
schema = "steelyard.policy/1"
id = "ours"
title = "Ours"
review_by = 2027-03-31
[[gate]]
metric = "selftest.coin.heads"
op = "<="
threshold = 0.05
why = "Heads are bad."
[[waiver]]
metric = "selftest.coin.heads"
reason = "pilot"
by = "me"
until = 2027-01-01
"""


def written(folder: Path, text: str) -> str:
    path = folder / "p.toml"
    path.write_text(text)
    return str(path)


def test_shipped_policies_load_by_name() -> None:
    assert shipped() == ("hospital", "school", "startup")
    assert [load(name).id for name in shipped()] == ["hospital", "school", "startup"]


def test_a_file_is_read_and_equal_policies_have_one_digest(tmp_path: Path) -> None:
    one = load(written(tmp_path, GOOD))
    two = load(written(tmp_path, GOOD.replace('title = "Ours"', 'title   =   "Ours" # same')))
    assert digest(one) == digest(two)
    three = load(written(tmp_path, GOOD.replace("0.05", "0.06")))
    assert digest(three) != digest(one)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold =", "treshold =", "gate 1: unknown key 'treshold'; did you mean 'threshold'"),
        ("review_by", "reviewby", "did you mean 'review_by'"),
        ('op = "<="', 'op = "<"', "Invalid enum value '<'"),
        ('why = "Heads are bad."', "", "why"),
        ("[[gate]]", "[gate]", r"in double brackets"),
        ("0.05", "'low'", "Expected `float`"),
        ('id = "ours"', 'id = "ours', "not TOML"),
        ("policy/1", "policy/2", "steelyard.policy/2"),
        ('by = "me"', 'who = "me"', "waiver 1: unknown key 'who'"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load(written(tmp_path, GOOD.replace(old, new, 1)))


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'hospital'"):
        load("hospitl")


def test_bytes_that_are_not_text_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load(str(path))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("threshold = 0.05", "threshold = nan", "threshold nan is no number"),
        ("threshold = 0.05", "threshold = inf", "threshold inf is no number"),
        ('title = "Ours"', 'title = "Ours"\nalpha = 0', "alpha 0"),
        ('title = "Ours"', 'title = "Ours"\nalpha = 1', "alpha 1"),
        ('title = "Ours"', "title = " + "[" * 100_000, "not TOML"),
        ('title = "Ours"', "max_age_days = " + "9" * 5000, "not TOML"),
    ],
)
def test_numbers_and_nesting_that_mean_nothing_are_refused(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        load(written(tmp_path, GOOD.replace(old, new)))
