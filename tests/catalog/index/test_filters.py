import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import FilterInvalid
from catalog.index.filters import And, AttributeIs, CategoryUnder, Not, OneOf, Or, Price, parse_filter
from catalog.index.keys import attribute_pair, split_attribute_pair


@pytest.mark.parametrize(
    ("document", "tree"),
    [
        ({"category": "food"}, CategoryUnder(("food",))),
        ({"category": ["food", "clothes"]}, CategoryUnder(("food", "clothes"))),
        ({"price": {"gte": 10, "lt": 20.5}}, Price(gte=10, lt=20.5)),
        ({"price": {"gt": -1, "lte": 0}}, Price(gt=-1, lte=0)),
        ({"brand": "Nike"}, OneOf("brand", ("Nike",))),
        ({"tags": ["a", "b"]}, OneOf("tags", ("a", "b"))),
        ({"decision": "review"}, OneOf("decision", ("review",))),
        ({"currency": ["EUR"]}, OneOf("currency", ("EUR",))),
        ({"currency": "eur"}, OneOf("currency", ("EUR",))),
        ({"availability": "In stock"}, OneOf("availability", ("in_stock",))),
        ({"status": ["Draft", "archived"]}, OneOf("status", ("draft", "archived"))),
        ({"gtin": "4006381333931"}, OneOf("gtin", ("4006381333931",))),
        ({"attributes": {"colour": "Red"}}, AttributeIs("colour", ("Red",))),
        (
            {"attributes": {"colour": "Red", "gender": ["Men", "Women"]}},
            And((AttributeIs("colour", ("Red",)), AttributeIs("gender", ("Men", "Women")))),
        ),
        ({"brand": "On", "category": "food"}, And((OneOf("brand", ("On",)), CategoryUnder(("food",))))),
        ({"not": {"brand": "On"}}, Not(OneOf("brand", ("On",)))),
        ({"or": [{"brand": "On"}, {"tags": "a"}]}, Or((OneOf("brand", ("On",)), OneOf("tags", ("a",))))),
        ({"and": [{"brand": "On"}]}, And((OneOf("brand", ("On",)),))),
    ],
)
def test_what_a_filter_means(document: object, tree: object) -> None:
    assert parse_filter(document) == tree


def nested(depth: int) -> dict[str, Any]:
    document: dict[str, Any] = {"brand": "On"}
    for _ in range(depth - 1):
        document = {"not": document}
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "'filter' must be an object with at least one key"),
        ({}, "'filter' must be an object with at least one key"),
        (None, "'filter' must be an object"),
        ({"colour": "Red"}, r"'filter\.colour' is unknown. Allowed: category, price, attributes, and, or, not,"),
        ({"brand": 7}, r"'filter\.brand' must be text"),
        ({"brand": True}, r"'filter\.brand' must be text"),
        ({"brand": None}, r"'filter\.brand' must be text"),
        ({"brand": []}, r"'filter\.brand' must name at least one value"),
        ({"brand": ["On", ["Nike"]]}, r"'filter\.brand' must be text"),
        ({"brand": ""}, "must have 1 to 256 characters"),
        ({"brand": "x" * 257}, "must have 1 to 256 characters"),
        ({"brand": "\ud800"}, "is not valid Unicode"),
        (
            {"availability": "out_of_stok"},
            r"cannot be 'out_of_stok'\. Did you mean 'out_of_stock'",
        ),
        ({"status": "sold"}, r"'filter\.status' cannot be 'sold'\. Allowed: active, draft, archived\."),
        ({"not": {"decision": "automatic"}}, r"'filter\.not\.decision' cannot be 'automatic'"),
        ({"numbers": "1"}, r"'filter\.numbers' is unknown"),
        ({"price": 7}, r"'filter\.price' must be an object"),
        ({"price": {}}, r"'filter\.price' must be an object"),
        ({"price": {"gte": "7"}}, r"'filter\.price\.gte' must be a number"),
        ({"price": {"gte": True}}, r"'filter\.price\.gte' must be a number"),
        ({"price": {"gte": None}}, r"'filter\.price\.gte' must be a number"),
        ({"price": {"gte": float("nan")}}, r"'filter\.price\.gte' must be a finite number"),
        ({"price": {"gte": float("inf")}}, r"'filter\.price\.gte' must be a finite number"),
        ({"price": {"lte": 10**400}}, r"'filter\.price\.lte' must be a finite number"),
        ({"price": {"eq": 7}}, r"'filter\.price\.eq' is unknown. Allowed: gte, lte, gt, lt"),
        ({"attributes": {}}, r"'filter\.attributes' must be an object"),
        ({"attributes": {"colour": {"gte": 1}}}, r"'filter\.attributes\.colour' must be text"),
        ({"attributes": {"": "Red"}}, "must have 1 to 256 characters"),
        ({"and": []}, r"filter\.and must be a list of at least one"),
        ({"and": {"brand": "On"}}, r"filter\.and must be a list"),
        ({"or": [{"brand": "On"}, {"price": {"gt": "x"}}]}, r"'filter\.or\[1\]\.price\.gt' must be a number"),
        ({"not": [{"brand": "On"}]}, r"'filter\.not' must be an object"),
        ({"not": {}}, r"'filter\.not' must be an object"),
        ({"and": [{"brand": ["a"] * 60}, {"tags": ["b"] * 41}]}, "more than 100 conditions"),
        (nested(9), "nested more than 8 deep"),
        (nested(900), "nested more than 8 deep"),
        ({"k" * 10_000: 1}, "…' is unknown"),
    ],
)
def test_a_wrong_filter_is_refused_by_the_name_of_its_part(document: object, message: str) -> None:
    with pytest.raises(FilterInvalid, match=message) as caught:
        parse_filter(document)
    assert len(caught.value.message) < 500


def test_the_limits_themselves_are_allowed() -> None:
    parse_filter(nested(8))
    parse_filter({"and": [{"brand": ["a"] * 60}, {"tags": ["b"] * 40}]})
    assert parse_filter({"brand": "x" * 256}) == OneOf("brand", ("x" * 256,))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["and", "or", "not", "price", "brand", "gte", "attributes", "category"]) | st.text(), inner
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_whatever_comes_is_parsed_or_refused(document: object) -> None:
    try:
        tree = parse_filter(document)
    except FilterInvalid as error:
        message = error.message
    else:
        message = ""
        assert tree == parse_filter(json.loads(json.dumps(document)))
    assert message.isprintable()


@given(st.text(), st.text())
def test_a_fact_gives_back_its_name_and_value(name: str, value: str) -> None:
    assert split_attribute_pair(attribute_pair(name, value)) == (name, value)


@given(st.text(alphabet="a=\\", max_size=6), st.text(alphabet="a=\\", max_size=6))
def test_facts_stay_apart_when_everything_needs_escaping(name: str, value: str) -> None:
    assert split_attribute_pair(attribute_pair(name, value)) == (name, value)


@pytest.mark.parametrize("kind", [And, Or])
def test_no_parts_is_no_filter(kind: Any) -> None:
    with pytest.raises(AssertionError, match="empty list"):
        kind(())
