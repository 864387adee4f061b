"""Questions about products: what answers stands word for word in its source, or nothing does."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.arrays import Floats
from catalog.product import StoredProduct, as_text
from catalog.questions import Ask, Passage, Ranker, Reply, passages_of, sentences, shipped
from catalog.questions.features import OF_VECTORS, OF_WORDS
from catalog.questions.passages import FIELDS, MAX_SENTENCE
from catalog.questions.rewording import unsupported
from catalog.understand import Understander
from tests.support.stored import stored_product

KETTLE: dict[str, Any] = {
    "title": "Steel kettle Aster 1.7 l",
    "description": "Boils a litre in two minutes. Wipe it with a damp cloth; it must not go in the dishwasher.\nThe"
    " cord is 75 cm long.",
    "brand": "Aster",
    "attributes": {"material": "stainless steel", "weight": "1.2 kg", "voltage": "230 V"},
}
COAT: dict[str, Any] = {
    "title": "女士羊毛大衣",
    "description": "面料柔软。只能干洗，不可机洗。适合冬天穿着。",
    "attributes": {"材质": "羊毛80%", "颜色": "驼色", "产地": "浙江"},
}
QUESTIONS = (
    "What is it made of?",
    "how heavy is it",
    "这件多重",
    "材质是什么",
    "does it need batteries?",
    "?",
    "it is",
)


NOTHING: Floats = np.zeros((0, 4), np.float32)


def unseen(texts: list[str]) -> Floats:
    """As of a model that can read nothing."""
    return np.zeros((len(texts), 4), np.float32)


def answer(question: str, stored: StoredProduct) -> Reply:
    """By words alone."""
    ask = Ask(question, passages_of(stored), stored.product.title, shipped().of("another model"))
    assert ask.texts == []
    return ask.reply(NOTHING)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What material is it?", "stainless steel"),
        ("How heavy is the kettle?", "1.2 kg"),
        ("Which brand is it?", "Aster"),
        ("How long is the cord?", "The cord is 75 cm long."),
        ("Can it go in the dishwasher?", "Wipe it with a damp cloth; it must not go in the dishwasher."),
    ],
)
def test_an_english_question_finds_what_answers_it(question: str, expected: str) -> None:
    assert answer(question, stored_product(**KETTLE)).answers[0].passage.text == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("是什么材质的？", "羊毛80%"),
        ("有什么颜色？", "驼色"),
        ("产地是哪里？", "浙江"),
        ("可以机洗吗？", "只能干洗，不可机洗。"),
    ],
)
def test_a_chinese_question_finds_what_answers_it(question: str, expected: str) -> None:
    assert answer(question, stored_product(**COAT)).answers[0].passage.text == expected


def test_what_the_listing_does_not_say_is_not_answered() -> None:
    assert not answer("Who won the world cup?", stored_product(**KETTLE)).answered
    for ranker in (shipped().by_words, shipped().by_vectors):
        assert Ask("How heavy is it?", [], "", ranker).reply(NOTHING) == Reply(())


def test_an_answer_says_who_says_it() -> None:
    stored = stored_product(found={"colour": "red"}, attributes={"material": "wool"}, price=9.5, currency="EUR")
    told = {passage.name: passage for passage in passages_of(stored) if passage.source == "attribute"}
    assert (told["colour"].by, told["colour"].score) == ("model", 0.625)
    assert (told["material"].by, told["material"].score) == ("feed", 1.0)
    assert told["price"].text == "9.5 EUR"
    assert {passage.product for passage in passages_of(stored)} == {"1"}


@pytest.mark.parametrize("text", ["a" * 5000, "one, two, " * 500, "。" * 900, "\n" * 999, "“Yes.” He said so. No."])
def test_sentences_are_spans_of_bounded_length(text: str) -> None:
    for start, sentence in sentences(text):
        assert text[start : start + len(sentence)] == sentence
        assert 0 < len(sentence) <= MAX_SENTENCE


texts = st.text(st.characters(codec="utf-8"), max_size=80)
PARTS = "it weighs 2 kg . red wool \uff0c 重 公斤 wash made of 。 long 30 cm ! battery"
words = st.lists(st.sampled_from([*PARTS.split(" "), "\n"]))


@settings(max_examples=30, deadline=None)
@given(
    texts | words.map(" ".join),
    texts | words.map(" ".join),
    st.dictionaries(texts, texts | st.tuples(texts, texts), max_size=3),
    st.sampled_from(QUESTIONS) | texts,
)
def test_every_word_of_an_answer_is_a_span_of_its_source(
    title: str, description: str, attributes: dict[str, Any], question: str
) -> None:
    stored = stored_product(title=title, description=description, attributes=attributes, found={"colour": "red"})
    ask = Ask(question, passages_of(stored), title, Ranker(shipped().by_vectors.weights, 0.0))
    for told in ask.reply(unseen(ask.texts)).answers:
        assert is_written(told.passage, stored)
        assert 0 <= told.score <= 1


def is_written(passage: Passage, stored: StoredProduct) -> bool:
    product = stored.product
    if passage.source == "attribute":
        named = {name: as_text(value) for name, value in product.attributes.items()}
        named |= {name: value.name for name, value in stored.attributes.items() if name not in named}
        fields = {name: str(getattr(product, field) or "") for field, name in FIELDS.items()}
        return passage.text in (named.get(passage.name), fields.get(passage.name))
    source = product.title if passage.source == "title" else product.description
    return source[passage.start : passage.start + len(passage.text)] == passage.text


def test_the_weights_are_of_these_features() -> None:
    rankers = shipped()
    assert len(rankers.by_words.weights) == 1 + len(OF_WORDS)
    assert len(rankers.by_vectors.weights) == 1 + len(OF_WORDS) + len(OF_VECTORS)
    assert all(0 < ranker.threshold < 1 for ranker in (rankers.by_words, rankers.by_vectors))
    assert rankers.of(rankers.space) is rankers.by_vectors


def test_the_model_reads_few_passages() -> None:
    many = [Passage(f"Sentence {number} about wool.", "description") for number in range(500)]
    many.append(Passage("2 kg", "attribute", "weight"))
    ask = Ask("How heavy is it?", many, "", shipped().by_vectors)
    assert len(ask.texts) == 1 + 2 * 32
    assert ask.rank(unseen(ask.texts))[0].passage.text == "2 kg"


@pytest.mark.slow
def test_the_shipped_model_answers_and_declines() -> None:
    model = Understander.load()
    assert model.space == shipped().space  # else benchmarks/questions.py --fit
    kettle = stored_product(**KETTLE)
    found = {}
    for question in ("What is the kettle made of?", "Who won the world cup?"):
        ask = Ask(question, passages_of(kettle), kettle.product.title, shipped().of(model.space))
        found[question] = [answer.passage.text for answer in ask.reply(model.embed(ask.texts)).answers]
    assert found == {"What is the kettle made of?": ["stainless steel"], "Who won the world cup?": []}


@pytest.mark.parametrize(
    ("text", "evidence", "beyond"),
    [
        ("It is made of stainless steel.", "material: stainless steel", ()),
        ("The weight is 1.3 kg.", "weight: 1.2 kg", ("1.3",)),
        ("It can go in the dishwasher.", "it must not go in the dishwasher", ("not",)),
        ("It must never go in the dishwasher.", "it must not go in the dishwasher", ("nev",)),
        ("\u9762\u6599\u662f\u7f8a\u7ed2\u3002", "\u6750\u8d28: \u7f8a\u6bdb", ("\u9762\u6599", "\u7f8a\u7ed2")),
    ],
)
def test_what_a_rewording_adds_is_found(text: str, evidence: str, beyond: tuple[str, ...]) -> None:
    assert unsupported(text, [evidence], "") == beyond
