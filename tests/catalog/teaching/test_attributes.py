"""Attributes that are taught with the categories: what is learnt of a column, what is given, and what is told."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from catalog import Product, Understander, Understanding
from catalog.arrays import Floats
from catalog.errors import CheckpointInvalid, FeedColumnsInvalid
from catalog.filing import Filer
from catalog.model.contract import Promise, Targets, Unpromised
from catalog.model.folder import open_model, write_checksums
from catalog.model.taught_attributes import FILE
from catalog.product import Scored
from catalog.teaching.attributes.columns import read_asked, teaching_columns, values_in
from catalog.teaching.attributes.values import RARE, read_values
from catalog.teaching.examples import Example
from catalog.teaching.learned import Names
from catalog.teaching.teach import Taught, teach, write_taught
from shelflens.cli import app

SHELVES = ("Clothes > Shirts", "Clothes > Shoes", "Food > Apples")
FINISHES = ("matt", "gloss", "satin")
OTHER = "rough"
EACH = 60


def directions(width: int) -> Floats:
    """One for each place, then one for each finish, at right angles."""
    drawn = np.random.default_rng(1).standard_normal((width, len(SHELVES) + len(FINISHES)))
    return np.asarray(np.linalg.qr(drawn)[0].T, np.float32)


def vector(reader: Understander, place: int, finish: int, seed: int) -> Floats:
    way = directions(reader.config.embedding_width)
    found = way[place] + 0.6 * way[len(SHELVES) + finish]
    found = found + 0.05 * np.random.default_rng(seed).standard_normal(len(found))
    return np.asarray(found / np.linalg.norm(found), np.float32)


def made_up(reader: Understander, each: int = EACH) -> list[Example]:
    """Products whose place and finish their vectors tell; food has no finish."""
    examples = []
    for place, path in enumerate(SHELVES):
        for n in range(each):
            finish = n % len(FINISHES)
            values = {} if path.startswith("Food") else {"finish": (FINISHES[finish],)}
            vector_E = vector(reader, place, finish, 1000 * place + n)
            levels = tuple(path.split(" > "))
            example = Example(f"{path} {n}", f"product {n}", levels, "text", {"text": vector_E}, (), n, values)
            examples.append(example)
    return examples


@pytest.fixture(scope="module")
def taught(reader: Understander) -> Taught:
    return teach(made_up(reader), Names(reader.embed), reader.calibration, targets=Targets(0.9), attributes=["finish"])


def stored(reader: Understander, place: int, finish: int, attributes: dict[str, Scored]) -> Understanding:
    """A product as the base model answered, with such a vector."""
    found = reader.understand([Product("x", "red shirt")])[0]
    assert isinstance(found, Understanding)
    return replace(found, embedding=vector(reader, place, finish, 7), attributes=attributes, modalities_used=("text",))


def test_values_that_are_proven_are_promised(taught: Taught) -> None:
    [report] = taught.report.attributes
    assert (report.name, report.examples, report.several, report.rare) == ("finish", 2 * EACH, 0, 0)
    assert report.right == 1.0
    assert report.given > 0.8
    assert report.given_right == 1.0
    assert [(one.value, one.products) for one in report.values] == [(name, 40) for name in ("gloss", "matt", "satin")]
    assert all(isinstance(one.outcomes["text"], Promise) for one in report.values)


def test_values_of_what_the_encoders_learnt_from_are_taught_and_not_judged(reader: Understander) -> None:
    def learnt(examples: Sequence[Example]) -> Taught:
        return teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.8), attributes=["finish"])

    examples = [replace(one, judged=number % 2 == 0) for number, one in enumerate(made_up(reader))]
    for number, one in enumerate(examples):
        if not one.judged and one.attributes and number % 10 == 1:
            examples[number] = replace(one, attributes={"finish": ("gloss",)})
    [report] = learnt(examples).report.attributes
    assert report.right == 1.0
    assert all(one.outcomes["text"].products <= 20 for one in report.values if one.value != "gloss")
    without = [replace(one, attributes={}) if one.judged else one for one in examples]
    found = learnt(without)
    assert found.attributes == (), "nothing is given of which nothing was measured"


def test_what_cannot_be_promised_is_not_given_and_how_much_is_missing_is_told(reader: Understander) -> None:
    found = teach(
        made_up(reader), Names(reader.embed), reader.calibration, targets=Targets(0.98), attributes=["finish"]
    )
    assert found.attributes == ()
    [report] = found.report.attributes
    assert (report.right, report.given, report.given_right) == (1.0, 0.0, 0.0)
    for one in report.values:
        outcome = one.outcomes["text"]
        assert isinstance(outcome, Unpromised)
        assert str(outcome) == f"cannot be promised: {outcome.products} of the 149 products needed"
        assert 30 <= outcome.products <= 40


def test_attributes_and_branches_have_targets_of_their_own(reader: Understander) -> None:
    targets = Targets(0.98, branches={"Clothes > Shoes": 0.9}, attributes={"Finish": 0.9})
    found = teach(made_up(reader), Names(reader.embed), reader.calibration, targets=targets, attributes=["finish"])
    [report] = found.report.attributes
    assert [one.outcomes["text"].target for one in report.values] == [0.9, 0.9, 0.9]
    assert report.given > 0.8
    asked = {node: claim.outcome.target for claim in found.contract.claims for node in claim.nodes}
    assert (asked["clothes.shoes"], asked["clothes.shirts"], asked["food.apples"]) == (0.9, 0.98, 0.98)
    assert found.contract.targets == replace(targets, branches={"clothes.shoes": 0.9})


def test_a_value_that_is_often_wrong_is_not_promised(reader: Understander) -> None:
    examples = made_up(reader)
    for n, one in enumerate(examples):
        if one.attributes == {"finish": ("matt",)} and n % 2:
            examples[n] = replace(one, attributes={"finish": ("gloss",)})
    [report] = teach(
        examples, Names(reader.embed), reader.calibration, targets=Targets(0.9), attributes=["finish"]
    ).report.attributes
    kept = {one.value: isinstance(one.outcomes["text"], Promise) for one in report.values}
    assert kept == {"gloss": True, "matt": False, "satin": True}
    assert report.given_right >= 0.9


def test_rare_values_are_told_and_never_given(reader: Understander) -> None:
    examples = made_up(reader)
    for n in (0, 3, 6):  # that are matt else
        examples[n] = replace(examples[n], attributes={"finish": (OTHER,)})
    found = teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.9), attributes=["finish"])
    [report] = found.report.attributes
    assert (report.rare, OTHER in {one.value for one in report.values}) == (3, False)
    assert report.right < 1.0, "they count as wrong"
    assert set(found.attributes[0].rule.least["text"]) == {"gloss", "satin"}


def test_nothing_to_tell_apart_is_told(reader: Understander) -> None:
    examples = [replace(one, attributes={"finish": ("matt",), "code": (one.id,)}) for one in made_up(reader, 8)]
    found = teach(examples, Names(reader.embed), reader.calibration, attributes=["finish", "code"])
    assert found.attributes == ()
    assert [(one.name, one.examples, one.rare) for one in found.report.attributes] == [
        ("finish", 24, 0),
        ("code", 24, 24),
    ]
    assert not any(one.learnt for one in found.report.attributes)


@pytest.mark.parametrize("name", ["finish", "Finishes"])
def test_taught_attributes_are_given_beside_the_models_own(
    tmp_path: Path, base: Path, reader: Understander, name: str
) -> None:
    examples = [replace(one, attributes={name: one.attributes.get("finish", ())}) for one in made_up(reader)]
    found = teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.9), attributes=[name])
    write_taught(found, base, tmp_path / "own")
    opened = open_model(tmp_path / "own")
    assert opened.space == open_model(base).space
    own = Filer.open(tmp_path / "own")
    colour = reader.taxonomy.attributes[0]
    said = {colour.name: Scored(colour.values[0], 0.9)}
    found = own.refile(stored(reader, 0, 1, said), reader.version)
    assert found.attributes[colour.name] == said[colour.name]
    assert found.attributes[name].name == "gloss"
    assert set(found.attributes) == {colour.name, name}
    assert own.refile(found, own.version).attributes == found.attributes


def test_an_attribute_is_given_where_the_merchants_products_have_it(
    tmp_path: Path, base: Path, reader: Understander, taught: Taught
) -> None:
    write_taught(taught, base, tmp_path / "own")
    own = Filer.open(tmp_path / "own")
    for place, path in enumerate(SHELVES):
        found = own.refile(stored(reader, place, 2, {}), reader.version)
        assert found.category
        assert " > ".join(found.category.path) == path
        assert {name: value.name for name, value in found.attributes.items()} == (
            {} if path.startswith("Food") else {"finish": "satin"}
        )


def test_a_taught_attribute_takes_the_place_of_the_models_own(tmp_path: Path, base: Path, reader: Understander) -> None:
    colour = reader.taxonomy.attributes[0]
    examples = [replace(one, attributes={colour.name: one.attributes.get("finish", ())}) for one in made_up(reader)]
    found = teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.9), attributes=[colour.name])
    write_taught(found, base, tmp_path / "own")
    own = Filer.open(tmp_path / "own")
    said = {colour.name: Scored(colour.values[0], 0.9)}
    assert own.refile(stored(reader, 1, 0, said), reader.version).attributes[colour.name].name == "matt"
    food = own.refile(stored(reader, 2, 0, said), reader.version)
    assert food.attributes == {}, "food has none, so nothing of it is known"
    plain = teach(made_up(reader), Names(reader.embed), reader.calibration, targets=Targets(0.9))
    write_taught(plain, base, tmp_path / "plain")
    before = own.refile(stored(reader, 1, 0, said), reader.version)
    again = Filer.open(tmp_path / "plain").refile(before, own.version)
    assert again.attributes == said, "what another taught model said is not this one's, but what their base did is"


def test_fresh_and_refiled_products_have_the_same_attributes(
    tmp_path: Path, base: Path, reader: Understander, taught: Taught
) -> None:
    write_taught(taught, base, tmp_path / "own")
    own = Understander.load(tmp_path / "own")
    filer = Filer.open(tmp_path / "own")
    products = [Product(f"{n}", f"red {word}") for n, word in enumerate(("shirt", "shoe", "apple"))]
    for fresh, other in zip(own.understand(products), reader.understand(products), strict=True):
        assert isinstance(fresh, Understanding)
        assert isinstance(other, Understanding)
        assert filer.refile(other, reader.version).attributes == fresh.attributes


def test_a_damaged_file_of_attributes_is_refused(tmp_path: Path, base: Path, taught: Taught) -> None:
    write_taught(taught, base, tmp_path / "own")
    (tmp_path / "own" / FILE).write_bytes(b"none")
    write_checksums(tmp_path / "own")
    with pytest.raises(CheckpointInvalid, match=FILE):
        open_model(tmp_path / "own")


def test_cells_are_values() -> None:
    """Of one spelling; several where each stands alone elsewhere; numbers stay whole."""
    cells: list[tuple[str, ...]] = (
        [("Black",)] * 6 + [("white",), ("White ",), ("White",)] * 2 + [("black / white",)] * 2 + [()]
    )
    cells += [("Salt & Pepper",)] * 5 + [("36",), ("38",), ("36/38",)] * 5 + [("Black", "White")] + [("10,5",)]
    found = read_values(cells)
    assert found.names == ("36", "36/38", "38", "Black", "Salt & Pepper", "White", RARE)
    assert found.several == 3
    assert found.share_NC[12].tolist() == [0, 0, 0, 0.5, 0, 0.5, 0]
    assert found.share_NC[14].sum() == 0
    assert found.share_NC[-1].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_attributes_are_asked_for_by_name_and_column() -> None:
    assert read_asked(["colour = Base=Colour", "season"]) == {"colour": "Base=Colour", "season": ""}
    for wrong in (["=x"], ["colour="], ["colour=a", "colour=b"]):
        with pytest.raises(FeedColumnsInvalid):
            read_asked(wrong)
    assert teaching_columns({"title": "name"}, "shelf", {"Colours": "c", "fit": ""}) == {
        "title": "name",
        "product_type": "shelf",
        "attributes.colour": "c",
    }
    with pytest.raises(FeedColumnsInvalid, match="are one attribute"):
        teaching_columns({}, "shelf", {"colour": "a", "Color": "b"})
    with pytest.raises(FeedColumnsInvalid, match="another column"):
        teaching_columns({}, "shelf,rest", {"colour": "Shelf"})


def test_values_are_found_however_the_feed_names_them() -> None:
    product = Product("a", "t", brand="Acme", attributes={"colour": "red", "Heel Height": ("low", "flat")})
    assert values_in(product, "Color") == ("red",)
    assert values_in(product, "heel_height") == ("low", "flat")
    assert values_in(product, "brand") == ("Acme",)
    assert values_in(product, "season") == ()


def rows(each: int = 12) -> list[tuple[str, str, str, str]]:
    return [
        (f"{kind} {n}", f"{('red', 'green', 'blue')[n % 3]} {word} {n}", kind, ("red", "green", "blue")[n % 3])
        for kind, word in zip(SHELVES, ("shirt", "shoe", "apple"), strict=True)
        for n in range(each)
    ]


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, base: Path, *more: str) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    asked = ["teach", "shop.csv", "--category", "shelf", "--model", str(base), "--target", "0.5", *more]
    found = CliRunner().invoke(app, asked)
    return found.exit_code, found.stdout, found.stderr


def feed(path: Path, table: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "title", "shelf", "tone"), *table])


def test_one_line_teaches_attributes(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(tmp_path / "shop.csv", [*rows(), ("x", "apple", SHELVES[2], "red/blue")])
    code, out, said = command(monkeypatch, tmp_path, base, "--attribute", "colour=tone", "--json")
    assert code == 0, said
    lesson: dict[str, Any] = json.loads(out)
    [found] = lesson["attributes"]
    assert (found["name"], found["examples"], found["several"], found["read"]) == ("colour", 37, 1, "text")
    assert [(one["value"], one["products"]) for one in found["values"]] == [("blue", 13), ("red", 13), ("green", 12)]
    assert all({"promise", "unpromised"} & set(claim) for one in found["values"] for claim in one["claims"])
    page = (tmp_path / "taught-model.html").read_text(encoding="utf-8")
    assert "<h2>Attributes</h2>" in page
    assert "<td>green</td>" in page
    code, out, said = command(monkeypatch, tmp_path, base, "--attribute", "colour=tone")
    assert code == 0, said
    assert "attribute colour: " in out
    assert "  green (12 products): " in out


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (["colour=hue"], 'no column "hue"'),
        (["colour=tone", "Color=title"], "are one attribute"),
        (["kind=shelf"], "another column"),
        (["season"], "has a value of the attribute"),
        (["=tone"], "NAME=COLUMN"),
    ],
)
def test_what_cannot_be_asked_for_is_told(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, asked: list[str], why: str
) -> None:
    feed(tmp_path / "shop.csv", rows(4))
    options = [word for one in asked for word in ("--attribute", one)]
    code, _, said = command(monkeypatch, tmp_path, base, *options)
    assert (code, "[feed_columns_invalid]" in said) == (2, True), said
    assert why in " ".join(said.split())
    assert not (tmp_path / "taught-model").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[attributes]\ncolours = 0.9\nsize = 0.9", "unknown attribute: 'size'. Known are colour"),
        ("[branches]\n'Clothes > Shoo' = 0.9", "the tree lacks. There is no category 'Clothes > Shoo'. Did you mean"),
        ("[modalities]\ntext = 90", "[modalities], 'text' has a target that is not a number"),
    ],
)
def test_targets_that_mean_nothing_are_told(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, text: str, why: str
) -> None:
    feed(tmp_path / "shop.csv", rows(4))
    (tmp_path / "targets.toml").write_text(text)
    asked = ("--attribute", "colour=tone", "--targets", "targets.toml")
    code, _, said = command(monkeypatch, tmp_path, base, *asked)
    assert (code, "[config_invalid]" in said) == (2, True), said
    assert why in " ".join(said.split())
    assert not (tmp_path / "taught-model").exists()


def test_one_line_teaches_with_targets_from_a_file(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(tmp_path / "shop.csv", rows())
    (tmp_path / "targets.toml").write_text("[branches]\nShoes = 0.7\n[attributes]\nColor = 0.6\n")
    asked = ("--attribute", "colour=tone", "--targets", "targets.toml", "--json")
    code, out, said = command(monkeypatch, tmp_path, base, *asked)
    assert code == 0, said
    claims = [claim for value in json.loads(out)["attributes"][0]["values"] for claim in value["claims"]]
    assert {(claim.get("promise") or claim["unpromised"])["target"] for claim in claims} == {0.6}
    contract = open_model(tmp_path / "taught-model").contract
    assert contract
    assert contract.targets == Targets(0.5, {}, {"clothes.shoes": 0.7}, {"Color": 0.6})
