import pytest

from steelyard.audit.scorers import texts


@pytest.mark.parametrize(
    "text",
    [
        "tac",
        "Tac.",
        "'tac'",
        "**tac**",
        "The answer is tac.",
        "The word 'cat' reversed is 'tac'.",
        'The reversed word is: "tac"',
        "The reversed word is:\n\ntac",
        "'tac' is the reverse of 'cat'.",
        "cat -> tac",
        "tac\n\nI wrote the letters of cat from the last to the first.",
        "tac. The letters are written backwards.",
        "Answer: tac",
    ],
)
def test_a_word_is_read_as_the_conclusion(text: str) -> None:
    assert texts.says("tac", text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cat",
        "taco",
        "t a c",
        "The word is cat.",
        "The reverse of tac is cat.",
        "I would not say tac, but cat.",
        "Maybe tac or atc, who knows.",
        'The word "tac" is not available.',
        'The word "tac" is a word.',
    ],
)
def test_a_word_that_only_occurs_is_not_the_answer(text: str) -> None:
    assert not texts.says("tac", text)


def test_capitals_count_where_they_are_asked_for() -> None:
    assert texts.says("CAT", "CAT", cased=True)
    assert not texts.says("CAT", "Cat", cased=True)
    assert texts.says("cat", "CAT")


@pytest.mark.parametrize(
    "text",
    [
        "3, 5, 9",
        "3,5,9",
        "3 5 9",
        "[3, 5, 9]",
        "The sorted list is 3, 5, 9.",
        "Sorted: 3, 5, 9",
        "9, 3, 5 sorted is [3, 5, 9]",
        "3, 5, 9\n\nI sorted the numbers 9, 5, 3.",
        "- 3\n- 5\n- 9",
        "1. 3\n2. 5\n3. 9",
        "3\n5\n9",
        "3, 5 and 9",
        "Here is the list:\n\n3, 5, 9",
    ],
)
def test_a_list_is_read_in_any_shape(text: str) -> None:
    assert texts.lists(["3", "5", "9"], text)


@pytest.mark.parametrize(
    "text",
    ["", "3, 9, 5", "3, 5", "3, 5, 9, 11", "9, 5, 3", "359", "The numbers 3, 5, 9 give: 9, 5, 3"],
)
def test_another_list_is_not_the_answer(text: str) -> None:
    assert not texts.lists(["3", "5", "9"], text)


@pytest.mark.parametrize(
    "text",
    ["apple, fig, pear", "[apple, fig, pear]", '["apple", "fig", "pear"]', "Apple\nFig\nPear"],
)
def test_a_list_of_words_is_read_in_any_shape(text: str) -> None:
    assert texts.lists(["apple", "fig", "pear"], text)


@pytest.mark.parametrize("text", ["fig, apple, pear", "apple, fig", "a fig and an apple"])
def test_another_list_of_words_is_not_the_answer(text: str) -> None:
    assert not texts.lists(["apple", "fig", "pear"], text)
