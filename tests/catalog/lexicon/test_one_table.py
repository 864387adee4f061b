"""One table says what a word means, to whatever reads it: attributes, pairs, contradictions, merchants' values."""

import pytest

from catalog.language.attributes import find_attributes
from catalog.lexicon.colours import PLAIN, spellings
from catalog.lexicon.people import GENDERS, PEOPLE
from catalog.lexicon.sizes import letter_size
from catalog.quality.conflicts.colours import plain
from catalog.quality.conflicts.sexes import sex_of
from catalog.quality.groups.facts import read_text
from catalog.synonyms import same


@pytest.mark.parametrize(
    ("word", "name"), [("schwarz", "black"), ("藏青", "navy blue"), ("grey", "gray"), ("rosa", "pink")]
)
def test_a_colour_in_another_language_is_the_same_to_all_readers(word: str, name: str) -> None:
    assert same(word, name)
    assert plain(word) == plain(name)
    assert read_text(f"mug, {word}").colours == read_text(f"mug, {name}").colours != frozenset()
    assert {one.normalised for one in find_attributes(f"Mug, {word}")} == {
        one.normalised for one in find_attributes(f"Mug, {name}")
    }


def test_a_kind_of_a_colour_is_not_the_colour() -> None:
    assert not same("sky blue", "blue")
    assert not same("dark gray", "grey")
    assert plain("burgundy") == {"red", "brown", "purple"}


def test_rows_of_the_table_are_whole() -> None:
    for one in spellings().values():
        assert one.text == one.text.lower()
        assert one.colour.plain <= set(PLAIN)
        assert one.colour.like in spellings()
    assert {one.gender for one in PEOPLE.values()} - {""} == set(GENDERS)


@pytest.mark.parametrize(("one", "other"), [("2XL", "xxl"), ("XXXXL", "4 xl"), ("Medium", "m"), ("x-large", "XL")])
def test_a_size_by_letters_is_one_however_it_is_written(one: str, other: str) -> None:
    assert letter_size(one) == letter_size(other) != ""
    assert letter_size("42") == letter_size("shirt") == ""


def test_people_are_the_same_to_all_readers() -> None:
    for word in ("Women's", "ladies", "女款", "女装"):
        [found] = [one for one in find_attributes(f"{word} watch") if one.name == "gender"]
        assert (found.normalised, sex_of(word)) == ("Female", "female")
        assert same(word, "women")
    assert sex_of("m") == "male"  # a letter is a gender only in a field of its own
    assert not find_attributes("M watch")


@pytest.mark.parametrize("text", ["1 kg", "2,5 l", "64 gb", "5.5 inch", "1400 u/min", "12 mp", "20 cu ft", "500毫升"])
def test_a_unit_is_one_to_attributes_and_pairs(text: str) -> None:
    assert read_text(text).measures
    assert [one for one in find_attributes(text) if one.unit]


def test_what_is_too_loose_for_a_value_is_read_between_offers_alone() -> None:
    assert read_text("disque 1 to").measures == read_text("disque 1000 go").measures != {}
    assert not find_attributes("3 to go")
    assert not read_text("2 in 1 laptop").measures
