"""Teaching: from examples to a model folder that answers in the merchant's own categories."""

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
from catalog.errors import CheckpointDamaged, TooFewProducts
from catalog.filing import Filer
from catalog.model.contract import Targets
from catalog.model.folder import open_model, read_taxonomy
from catalog.teaching.examples import Example, groups_of, near
from catalog.teaching.learned import Names, load_learned
from catalog.teaching.teach import Taught, teach, write_taught
from catalog.teaching.tree import tree_of
from shelflens.cli import app

KINDS = ("Clothes > Shirts", "Clothes > Shoes", "Food > Apples", "Food > Pears")
WORDS = ("shirt", "shoe", "apple", "pear")
COLOURS = ("red", "green", "blue", "plain", "striped")


def around(centre_E: Floats, count: int, seed: int) -> Floats:
    """Vectors of unit length near the centre."""
    found = centre_E + 0.1 * np.random.default_rng(seed).standard_normal((count, len(centre_E)))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def made_up(reader: Understander, each: int = 40) -> list[Example]:
    """Examples whose kinds are well apart."""
    centres = np.linalg.qr(np.random.default_rng(1).standard_normal((reader.config.embedding_width, len(KINDS))))[0].T
    return [
        Example(f"{kind} {n}", f"product {n}", tuple(kind.split(" > ")), "text", {"text": vector_E})
        for number, kind in enumerate(KINDS)
        for n, vector_E in enumerate(around(np.asarray(centres[number], np.float32), each, number))
    ]


@pytest.fixture(scope="module")
def taught(reader: Understander) -> Taught:
    return teach(made_up(reader), Names(reader.embed), reader.calibration, targets=Targets(0.9))


def test_what_was_taught_is_right_unseen_and_promised(taught: Taught) -> None:
    assert [level.right for level in taught.report.levels] == [1.0, 1.0]
    assert taught.report.auto > 0.8
    assert taught.report.auto_right == 1.0
    assert not taught.report.confusions
    assert [point.examples for point in taught.report.curve] == [40, 80, 160, 320]


def test_a_kind_that_was_not_taught_is_not_accepted(taught: Taught, reader: Understander) -> None:
    """Department by department: examples of one, answered by a model that knows the other alone."""
    examples = made_up(reader)
    known = [example for example in examples if example.path[0] == "Clothes"]
    part = teach(
        [*known, *(replace(one, path=("Toys", "Kites")) for one in around_toys(reader))],
        Names(reader.embed),
        reader.calibration,
    )
    strange_BE = np.stack([example.vectors["text"] for example in examples if example.path[0] == "Food"])
    logits_BC = part.head.logits(strange_BE)
    limit = part.calibration.auto_unfamiliar["text"]
    assert (part.head.log_odds(strange_BE, logits_BC) > limit).mean() >= 0.95


def around_toys(reader: Understander) -> list[Example]:
    centre_E = np.zeros(reader.config.embedding_width, np.float32)
    centre_E[0] = 1
    return [
        Example(f"toy {n}", "toy", ("Toys", "Kites"), "text", {"text": vector_E})
        for n, vector_E in enumerate(around(centre_E, 40, 9))
    ]


def test_label_errors_come_first_with_their_neighbours(reader: Understander) -> None:
    examples = made_up(reader)
    examples[3] = replace(examples[3], path=("Food", "Pears"))  # is a shirt
    examples[50] = replace(examples[50], path=("Clothes", "Shirts"))  # is a shoe
    doubts = teach(examples, Names(reader.embed), reader.calibration).report.doubts
    found = {one.id: one for one in doubts}
    assert set(found) == {examples[3].id, examples[50].id}
    first = found[examples[3].id]
    assert (first.given, first.likelier) == ("Food > Pears", "Clothes > Shirts")
    assert first.likelier_score - first.given_score > 0.5
    assert [near.category for near in first.neighbours] == ["Clothes > Shirts"] * 3
    assert first.id not in {near.id for near in first.neighbours}
    cosines = [near.cosine for near in first.neighbours]
    assert cosines == sorted(cosines, reverse=True)


def test_offers_of_one_product_stay_together() -> None:
    one, near, other = (np.array(v, np.float32) for v in ([1, 0], [0.999, 0.0447], [0, 1]))
    examples = [
        Example("a", "", ("x",), "text", {"text": one}),
        Example("b", "", ("x",), "text", {"text": near}),
        Example("c", "", ("x",), "text", {"text": other}, ("group 7",)),
        Example("d", "", ("x",), "text", {"text": -one}, ("group 7",)),
    ]
    a, b, c, d = groups_of(examples)
    assert a == b
    assert c == d
    assert a != c


def test_near_pairs_are_found_among_many() -> None:
    draw = np.random.default_rng(0)
    vector_NE = draw.standard_normal((300, 32)).astype(np.float32)
    copies = [vector_NE[:1]] * 50  # an offer that is in the feed many times
    vector_NE = np.concatenate([vector_NE, vector_NE[:20] + 1e-3, *copies])
    vector_NE /= np.linalg.norm(vector_NE, axis=1, keepdims=True)
    pairs = {(one, 300 + one) for one in range(20)} | {(0, 320 + copy) for copy in range(50)}
    assert {(min(pair), max(pair)) for pair in near(vector_NE)} == pairs
    assert {(min(pair), max(pair)) for pair in near(vector_NE, exact=100)} == pairs


def test_too_little_to_teach(reader: Understander) -> None:
    few = made_up(reader)
    with pytest.raises(TooFewProducts, match="two categories"):
        teach(few[:20], Names(reader.embed), reader.calibration)
    with pytest.raises(TooFewProducts):
        teach([], Names(reader.embed), reader.calibration)


def test_products_of_an_inner_category_teach_what_is_below(reader: Understander) -> None:
    examples = [
        replace(one, path=one.path[:1]) if number % 40 < 10 else one for number, one in enumerate(made_up(reader))
    ]
    report = teach(examples, Names(reader.embed), reader.calibration).report
    assert [(level.products, level.right) for level in report.levels] == [(160, 1.0), (120, 1.0)]


def test_what_the_encoders_learnt_from_teaches_and_is_not_judged(
    tmp_path: Path, base: Path, reader: Understander
) -> None:
    """Of every four examples one is judged. The others are all doubtful, which no figure and no promise sees."""
    examples = [replace(one, judged=number % 4 == 0) for number, one in enumerate(made_up(reader))]
    wrong = [n for n, one in enumerate(examples) if n % 40 in (1, 2, 3)]
    for number in wrong:
        examples[number] = replace(examples[number], path=("Food", "Pears"))
    found = teach(examples, Names(reader.embed), reader.calibration, targets=Targets(0.9))
    report = found.report
    assert (report.examples, len(found.unseen)) == (160, 40)
    assert [(level.products, level.right) for level in report.levels] == [(40, 1.0), (40, 1.0)]
    assert (report.curve, report.doubts) == ((), ())
    claimed = [claim.outcome.products for claim in found.contract.claims]
    assert max(claimed) <= 40, "promises are of what was judged"
    write_taught(found, base, tmp_path / "own")
    kept = load_learned(tmp_path / "own").examples
    assert [one.judged for one in kept] == [one.judged for one in examples]


def answers(folder: Path) -> list[Understanding]:
    found = Understander.load(folder).understand([Product(f"{n}", f"red {word}") for n, word in enumerate(WORDS)])
    assert all(isinstance(one, Understanding) for one in found)
    return found  # type: ignore[return-value]


def test_a_taught_model_is_a_model_like_any_other(tmp_path: Path, base: Path, taught: Taught) -> None:
    version = write_taught(taught, base, tmp_path / "own")
    opened, former = open_model(tmp_path / "own"), open_model(base)
    assert (opened.version, opened.space) == (version, former.version)
    assert version != former.version
    assert read_taxonomy(tmp_path / "own").version == taught.tree.version
    ours, theirs = answers(tmp_path / "own"), answers(base)
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own.embedding, other.embedding, atol=1e-6)
        assert own.attributes == other.attributes
        assert {found.path[0] for found in own.alternatives} <= {"Clothes", "Food"}


def test_products_are_filed_anew_from_their_vectors(tmp_path: Path, base: Path, taught: Taught) -> None:
    write_taught(taught, base, tmp_path / "own")
    own = Filer.open(tmp_path / "own")
    for fresh, stored in zip(answers(tmp_path / "own"), answers(base), strict=True):
        filed = own.refile(stored, open_model(base).version)
        assert filed.base == fresh.base
        assert (filed.category, filed.decision, filed.alternatives) == (
            fresh.category,
            fresh.decision,
            fresh.alternatives,
        )


def test_a_taught_file_that_was_altered_is_refused(tmp_path: Path, base: Path, taught: Taught) -> None:
    write_taught(taught, base, tmp_path / "own")
    path = tmp_path / "own" / "taught.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CheckpointDamaged, match="taught"):
        open_model(tmp_path / "own")


def feed(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "title", "shelf"), *rows])
    return path


def command(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    found = CliRunner().invoke(app, ["teach", *arguments])
    return found.exit_code, found.stdout, found.stderr


def filed_rows() -> list[tuple[str, str, str]]:
    return [
        (f"{kind} {n}", f"{COLOURS[n % 5]} {word} {n}", kind)
        for kind, word in zip(KINDS, WORDS, strict=True)
        for n in range(8)
    ]


def test_one_line_teaches_from_a_feed(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(tmp_path / "shop.csv", [*filed_rows(), ("lost", "red shirt", ""), ("", "shirt", KINDS[0])])
    asked = ("shop.csv", "--category", "shelf", "--output", "own", "--model", str(base), "--json")
    code, out, said = command(monkeypatch, tmp_path, *asked)
    assert code == 0, said
    lesson: dict[str, Any] = json.loads(out)
    assert (lesson["examples"], lesson["categories"]) == (32, 4)
    assert lesson["failed"] == {"row_category_missing": 1, "row_id_missing": 1}
    assert "34 rows, 34 of them new" in said
    assert Understander.load(tmp_path / "own").version == lesson["version"]
    page = (tmp_path / "own.html").read_text(encoding="utf-8")
    assert "32" in page
    code, out, said = command(monkeypatch, tmp_path, *asked)  # nothing is read twice, and the same is learnt
    assert (code, json.loads(out)["version"]) == (0, lesson["version"])
    assert "34 rows, 1 of them new" in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--category", "colour"), "feed_columns_invalid"),
        (("--category", "shelf"), "too_few_products"),
        (("--category", "shelf", "--tree", "none.json"), "file_not_readable"),
    ],
)
def test_what_cannot_be_taught_is_told(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: str
) -> None:
    feed(tmp_path / "shop.csv", [("a", "same", KINDS[0]), ("b", "same", KINDS[1])])
    status, _, said = command(monkeypatch, tmp_path, "shop.csv", "--model", str(base), *arguments)
    assert (status, f"[{code}]" in said) == (2, True), said
    assert not (tmp_path / "taught-model").exists()


@pytest.mark.parametrize("output", ["notes.txt", "photos", "notes.txt/own"])
def test_what_is_no_model_is_never_replaced(
    tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    feed(tmp_path / "shop.csv", filed_rows())
    (tmp_path / "photos").mkdir()
    kept = (tmp_path / "notes.txt", tmp_path / "photos" / "one.txt")
    for path in kept:
        path.write_text("mine", encoding="utf-8")
    asked = ("shop.csv", "--category", "shelf", "--output", output, "--model", str(base))
    status, _, said = command(monkeypatch, tmp_path, *asked)
    assert (status, "[file_not_writable]" in said) == (2, True), said
    assert [path.read_text(encoding="utf-8") for path in kept] == ["mine", "mine"]
    assert not (tmp_path / "shop.csv.vectors").exists()


def test_rows_that_teach_nothing_are_told(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(
        tmp_path / "shop.csv",
        [*filed_rows(), ("deep", "red shirt", ">".join(["x"] * 65)), ("new", "pear", "Toys > Kites")],
    )
    (tmp_path / "own.json").write_text(tree_of([tuple(kind.split(" > ")) for kind in KINDS], "1").to_json())
    asked = ("shop.csv", "--category", "shelf", "--model", str(base), "--tree", "own.json", "--json")
    code, out, said = command(monkeypatch, tmp_path, *asked)
    assert (code, json.loads(out)["failed"]) == (0, {"row_category_missing": 1, "category_not_found": 1}), said
    feed(tmp_path / "empty.csv", [("a", "red shirt", ""), ("b", "pear", "")])
    code, _, said = command(monkeypatch, tmp_path, "empty.csv", "--category", "shelf", "--model", str(base))
    assert code == 2
    assert "Rows left out: 2 row_category_missing." in said
