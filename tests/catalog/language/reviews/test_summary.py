"""Counts of aspects, each with the sentences that it counts."""

import random

from catalog.language.reviews import Aspect, LexiconReader, Review, Summary, summarize

STRAP = ["The strap broke after a week.", "The strap is ugly.", "I love the strap.", "The strap has a number.", "Fine."]


def reviews(*texts: str) -> list[Review]:
    read = LexiconReader().read(list(texts))
    return [Review(f"r{n}", text, passages=found) for n, (text, found) in enumerate(zip(texts, read, strict=True))]


def aspect(summary: Summary, name: str) -> Aspect:
    return next(one for one in summary.aspects if one.name == name)


def test_counts_are_of_reviews_and_come_with_their_sentences() -> None:
    found = summarize(reviews(*STRAP, "The strap is great. Later the strap broke."))
    strap = aspect(found, "strap")
    assert (strap.reviews, strap.positive, strap.negative) == (5, 2, 3)
    assert [one.review for one in strap.mentions if one.sentiment == "negative"] == ["r0", "r1", "r5"]
    assert {one.sentence for one in strap.mentions} >= {"The strap broke after a week.", "Later the strap broke."}


def test_every_count_is_that_of_its_sentences() -> None:
    draw = random.Random(0)
    nouns, said = (
        ("strap", "zipper", "hinge", "屏幕", "物流"),
        (" is great. ", " broke! ", "很好。", "太差了。", " exists. "),
    )
    texts = ["".join("the " + draw.choice(nouns) + draw.choice(said) for _ in range(3)) for _ in range(60)]
    given = reviews(*texts)
    found = summarize(given)
    text_of = {review.id: review.text for review in given}
    assert {one.name for one in found.aspects} >= {"strap", "zip", "hinge", "screen", "delivery"}
    for one in found.aspects:
        assert one.reviews == len({mention.review for mention in one.mentions})
        for sentiment, count in (("positive", one.positive), ("negative", one.negative)):
            assert count == len({mention.review for mention in one.mentions if mention.sentiment == sentiment})
        for mention in one.mentions:
            assert text_of[mention.review][mention.start : mention.end] == mention.sentence
    order = [(-one.reviews, one.name) for one in found.aspects]
    assert order == sorted(order)


def test_an_opinion_behind_a_contrast_is_not_of_what_stands_before_it() -> None:
    zip_ = aspect(summarize(reviews("Warm and soft, but the zipper does not close")), "zip")
    assert (zip_.positive, zip_.negative) == (0, 0)
    assert [one.sentiment for one in zip_.mentions] == ["neutral"]
    near = aspect(summarize(reviews("The zipper, I must say, broke")), "zip")
    assert near.negative == 1


def test_names_that_nobody_listed_are_found_where_several_reviews_have_them() -> None:
    hinge = [f"The power hinge broke {n}" for n in range(3)] + ["表冠很松", "表冠太丑", "表冠非常难看"]
    found = {one.name: one.reviews for one in summarize(reviews(*hinge, "The latch broke")).aspects}
    assert found["power hinge"] == 3
    assert found["表冠"] == 3
    assert "latch" not in found
    assert "power" not in found


def test_words_of_the_title_are_no_aspects_and_the_products_attributes_are() -> None:
    told = reviews(*[f"The watch is good, the dial pattern is bad {n}" for n in range(3)])
    found = {one.name for one in summarize(told, ["Dial pattern"], "Steel watch").aspects}
    assert "dial pattern" in found
    assert "watch" not in found


def test_fewer_sentences_leave_the_counts() -> None:
    found = summarize(reviews(*STRAP))
    short = aspect(found.with_fewer(1), "strap")
    assert (short.reviews, short.negative) == (4, 2)
    assert [one.review for one in short.mentions] == ["r3", "r2", "r1"]  # the last of each sentiment
    assert aspect(found.with_fewer(0), "strap").mentions == ()


def test_no_reviews() -> None:
    assert summarize([]) == Summary(0, 0, 0, ())
