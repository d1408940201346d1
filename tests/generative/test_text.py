from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from annotation.domain import text
from annotation.domain.text import Cleaning, Normaliser

TEXTS = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=())),
    st.lists(st.sampled_from(["__label__", "__LÁBEL__", "</s>", "\n", " ", "l'", "été", "idem", "x1", "\0"])).map(
        "".join
    ),
)
CLEANINGS = st.builds(
    Cleaning,
    strip_accents=st.booleans(),
    lower_case=st.booleans(),
    punctuation=st.booleans(),
    digits=st.booleans(),
    one_letter_words=st.booleans(),
    repeated_tokens=st.booleans(),
    stop_words=st.sampled_from(["", "french", "english"]),
    stemmer=st.sampled_from(["", "french", "english"]),
)


@given(TEXTS)
def test_fold__twice_is_once(given_text: str) -> None:
    folded = text.fold(given_text)

    assert text.fold(folded) == folded
    assert text.text_key(folded) == text.text_key(given_text)


@given(TEXTS, CLEANINGS, TEXTS)
def test_line__is_one_line_of_plain_tokens(given_text: str, cleaning: Cleaning, value: str) -> None:
    normaliser = Normaliser(cleaning, ("type",))

    line = normaliser.line(given_text, {"type": value})

    assert line == " ".join(line.split())
    assert not any(reserved in line for reserved in ("__label__", "</s>", "\n", "\r", "\0"))
    assert line.split()[-1].startswith("type_")
    line.encode()


@given(CLEANINGS, st.lists(st.text(min_size=1)).map(tuple))
def test_normaliser__json_round_trip(cleaning: Cleaning, variables: tuple[str, ...]) -> None:
    normaliser = Normaliser(cleaning, variables)

    assert Normaliser.from_json(normaliser.to_json()) == normaliser


@given(TEXTS, TEXTS)
def test_texts_of_one_key_have_the_same_variable_tokens(first: str, second: str) -> None:
    normaliser = Normaliser(variables=("type",))
    if text.text_key("", {"type": first}) == text.text_key("", {"type": second}):
        assert normaliser.line("", {"type": first}) == normaliser.line("", {"type": second})
