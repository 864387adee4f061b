"""A finding keeps its id for as long as the catalogue says the same, and reads as a sentence."""

from dataclasses import replace

from catalog.quality.finding import Evidence, Finding

VARIANT = Finding("variant", "shoe-1", 0.9, ("shoe-2",), "colour", "red", evidence=(Evidence("title", "red", 0, 3),))


def test_the_id_follows_what_the_catalogue_says_and_not_how_sure_the_check_is() -> None:
    assert replace(VARIANT, probability=0.5, evidence=()).id == VARIANT.id
    assert len({VARIANT.id, replace(VARIANT, said="blue").id, replace(VARIANT, others=("shoe-3",)).id}) == 3


def test_what_was_said_of_a_double_holds_when_the_check_is_less_sure_of_it() -> None:
    double = Finding("duplicate", "shoe-1", 0.9, ("shoe-2",))
    assert replace(double, code="duplicate_perhaps", probability=0.6).id == double.id


def test_the_sentence_names_the_others_and_the_field() -> None:
    assert VARIANT.sentence == "This seems to be a variant of shoe-2: they differ in colour."


def test_a_category_is_named_by_the_end_of_its_path() -> None:
    found = Finding("image_and_title_differ", "1", 0.9, (), "category", "Clothes > Shirts", "Food > Fruit > Pears")
    assert found.sentence == "The picture seems to show Pears, but the words say Shirts."
