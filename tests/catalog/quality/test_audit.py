"""An audit runs its checks over all products; what was found and said is kept; corrections become a patch."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path

import pytest

from catalog.errors import CorrectionInvalid, StateDamaged
from catalog.model.contract import Promise
from catalog.product import Product, StoredProduct
from catalog.quality.audit import Check, History, audit
from catalog.quality.audit.changes import changes, without_value, written
from catalog.quality.audit.group_findings import group_findings
from catalog.quality.audit.history import Told
from catalog.quality.audit.merging import said
from catalog.quality.audit.patch import as_sheet, columns_of, patch
from catalog.quality.audit.report import report
from catalog.quality.finding import Evidence, Finding
from catalog.quality.groups import Grouping, Item
from catalog.storage.postgres import StateDatabase
from tests.support.stored import stored_product


class Rare(Check):
    """A real check, though a plain one: a brand that only one product has."""

    def __init__(self) -> None:
        self._brands = Counter[str]()

    def learn(self, stored: StoredProduct) -> None:
        self._brands[stored.product.brand] += 1

    def of_product(self, stored: StoredProduct) -> Iterable[Finding]:
        brand = stored.product.brand
        if self._brands[brand] == 1:
            yield Finding("variant", stored.id, 0.5, ("p0",), "brand", brand, "Acme", (Evidence("field", brand),))

    def of_catalogue(self) -> Iterable[Finding]:
        yield Finding("duplicate", "p1", 0.9, ("p2",))

    def figures(self) -> dict[str, float]:
        return {"distinct": len(self._brands)}


SHOP = [stored_product(id=f"p{n}", brand=brand) for n, brand in enumerate(["Acme", "Acme", "Acme", "Nile", "Oro"])]


def scan() -> Iterator[list[StoredProduct]]:
    yield SHOP[:2]
    yield SHOP[2:]


@pytest.fixture
def history(tmp_path: Path, database: StateDatabase | None) -> Iterator[History]:
    with closing(History(database or tmp_path / "audits.sqlite")) as opened:
        yield opened


def told(history: History, **query: object) -> list[tuple[str, str]]:
    return [(one.finding.code, one.finding.product) for one in history.page(**query)]  # type: ignore[arg-type]


def test_every_product_is_learnt_from_before_any_is_judged(history: History) -> None:
    read: list[int] = []
    run = audit([Rare()], scan, history, read.append)
    assert (run.products, run.figures, sum(read)) == (5, {"distinct": 3}, 10)
    assert run.counts == {"duplicate": 1, "variant": 2}
    assert told(history)[0] == ("duplicate", "p1")
    assert sorted(told(history)[1:]) == [("variant", "p3"), ("variant", "p4")]
    assert told(history, product="p2") == [("duplicate", "p1")]


def test_an_audit_that_is_cut_off_leaves_the_findings_before(history: History) -> None:
    audit([Rare()], scan, history)
    before = history.page()

    def stop(products: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        audit([Rare()], scan, history, stop)
    assert (history.page(), len(history.runs())) == (before, 1)
    audit([], scan, history)
    assert history.page() == []


def test_what_was_said_is_remembered_for_as_long_as_the_finding_is_the_same(history: History) -> None:
    audit([Rare()], scan, history)
    first, second, third = history.page()
    assert history.judge(first.finding.id, "dismissed") is not None
    history.judge(second.finding.id, "corrected", "Acme Ltd", "ann")
    run = audit([Rare()], scan, history)
    assert [one.finding.id for one in history.page()] == [third.finding.id]
    assert run.counts == {"variant": 2}
    again = history.get(second.finding.id)
    assert again
    assert (again.state, again.value, again.given_by) == ("corrected", "Acme Ltd", "ann")
    assert history.counts() == {"duplicate": {"dismissed": 1}, "variant": {"corrected": 1, "open": 1}}
    assert history.reopen(first.finding.id)
    assert not history.reopen(first.finding.id)
    assert history.judge("0" * 16, "accepted") is None


def test_corrections_are_read_in_parts(history: History) -> None:
    audit([Rare()], scan, history)
    for one in history.page():
        history.judge(one.finding.id, "accepted")
    first, place = history.some_corrections(limit=2)
    assert (len(first), place is not None) == (2, True)
    assert place
    last, end = history.some_corrections(place, limit=2)
    assert (first + last, end) == (history.corrections(), None)
    assert len(last) == 1


def judged(history: History, right: int, wrong: int) -> None:
    """An audit of as many duplicates, the surest of which people have accepted, and two more."""
    ids = [f"d{n}" for n in range(right + wrong + 2)]
    history.begin()
    history.stage(Finding("duplicate", id, 0.99 - n / 1000, ("p0",)) for n, id in enumerate(ids))
    history.finish(len(ids), {})
    found = history.page(limit=500)
    for n, one in enumerate(found[: right + wrong]):
        history.judge(one.finding.id, "accepted" if n < right else "dismissed")
    history.begin()
    history.stage([*(one.finding for one in found), Finding("duplicate", "sure", 0.985, ("p0",))])
    history.finish(len(ids), {})


def test_duplicates_are_in_the_patch_unseen_only_where_verdicts_promise_it(history: History) -> None:
    judged(history, 61, 0)
    assert said(history.merging()) == (
        "Merging duplicates unseen cannot be promised: 61 of the 149 verdicts needed. Accept or dismiss duplicates to"
        " get there."
    )
    assert not any(one.auto for one in history.page(limit=500))
    assert len(history.corrections()) == 61


def test_a_duplicate_that_is_promised_is_in_the_patch_until_it_is_dismissed(history: History) -> None:
    judged(history, 149, 0)
    assert isinstance(history.merging(), Promise)
    auto = [one.finding.product for one in history.page(limit=500) if one.auto]
    assert auto == ["sure"], "the others are less sure than all that was judged"
    assert history.corrections()[0].finding.product == "sure"
    [one] = [one for one in history.page(limit=500) if one.auto]
    history.judge(one.finding.id, "dismissed")
    assert "sure" not in {one.finding.product for one in history.corrections()}
    assert not isinstance(history.merging(), Promise), "one against it is too many"
    assert "1 of 149 wrong" in said(history.merging())


def test_what_people_have_told_apart_is_known_by_the_product(history: History) -> None:
    judged(history, 0, 2)
    assert history.told_apart(["d1", "d9"]) == {frozenset(("d1", "p0"))}
    assert history.told_apart(["p0"]) == {frozenset(("d0", "p0")), frozenset(("d1", "p0"))}


def test_what_is_gone_is_forgotten(history: History) -> None:
    audit([Rare()], scan, history)
    history.judge(history.page()[0].finding.id, "accepted")
    history.forget(["p2"])
    assert "duplicate" not in history.counts()
    assert [one.finding.code for one in history.corrections()] == ["duplicate"], "it is in the patch still"
    history.forget(["p2"], verdicts=True)
    assert list(history.corrections()) == []


def test_what_is_deleted_while_an_audit_runs_is_not_told_of(history: History) -> None:
    history.begin()
    history.stage([Finding("duplicate", "p1", 0.9, ("p2",)), Finding("image_missing", "p3", 1.0)])
    history.forget(["p2", "p4"], verdicts=True)
    history.stage([Finding("image_missing", id, 1.0, said="erased") for id in ("p2", "p4", "p5")])
    history.finish(5, {})
    assert sorted(told(history)) == [("image_missing", "p3"), ("image_missing", "p5")]
    audit([Rare()], scan, history)
    assert ("variant", "p4") in told(history), "it is stored again"


def test_an_audit_that_was_cut_off_keeps_nothing_of_what_is_erased(history: History) -> None:
    history.begin()
    history.stage([Finding("image_missing", "p1", 1.0, said="erased"), Finding("duplicate", "p2", 0.9, ("p1",))])
    history.forget(["p1"], verdicts=True)
    with history.file.use() as db:
        assert db.execute("SELECT count(*) FROM staged").fetchone() == (0,)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE audits SET figures = 'null'",
        "UPDATE audits SET counts = '[1]'",
        """UPDATE verdicts SET document = replace(document, '["p2"]', '[]')""",
    ],
)
def test_what_was_never_written_so_is_told(history: History, damage: str) -> None:
    audit([Rare()], scan, history)
    history.judge(history.page()[0].finding.id, "accepted")
    with history.file.use() as db:
        db.execute(damage)
    with pytest.raises(StateDamaged, match="damaged"):
        history.runs(), list(history.corrections())


def corrected(finding: Finding, value: str = "") -> Told:
    return Told(1, finding, "corrected" if value else "accepted", value)


def test_a_patch_has_the_merchants_own_columns() -> None:
    used = {"Artikelnummer": "id", "Farbe": "attributes.color", "Marke": "brand", "Lager": None}
    corrections = [
        corrected(Finding("variant", "b", 0.9, ("a", "c"), "colour")),
        corrected(Finding("duplicate", "d", 0.9, ("e",))),
    ]
    rows = patch(corrections, columns_of(used))
    assert [row["Artikelnummer"] for row in rows] == ["b", "a", "c", "d"]
    assert {row.get("item_group_id") for row in rows} == {"a", None}
    assert rows[3] == {"Artikelnummer": "d", "duplicate_of": "e"}


def test_a_patch_has_no_value_that_nobody_knows() -> None:
    unclear = [
        corrected(Finding("image_and_title_differ", "a", 0.9, (), "category", "Shoes", "Bananas")),
        corrected(Finding("title_capitals", "b", 1.0, (), "title", "RED SHOE")),
        corrected(Finding("field_required", "", 1.0, ("a", "b"), "size", "2"), "M"),
    ]
    assert patch(unclear, {}) == []
    assert all(map(without_value, unclear))
    by_hand = corrected(Finding("image_and_title_differ", "a", 0.9, (), "category", "Shoes", "Bananas"), "Shoes")
    assert patch([by_hand], {}) == [{"id": "a", "category": "Shoes"}]


def test_a_patch_speaks_as_the_feed_does() -> None:
    of_words = corrected(Finding("title_and_field_differ", "a", 1.0, (), "gender", "male", "Women"))
    assert patch([of_words], {}) == [{"id": "a", "gender": "female"}]
    own_words = corrected(Finding("title_and_field_differ", "a", 1.0, (), "gender", "Herren", "Women"))
    assert patch([own_words], {}) == [{"id": "a", "gender": "Women"}]


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "a\rb", "a\tb", "a\u2028b", "\ud800"])
def test_a_correction_that_no_cell_can_hold_is_refused_when_it_is_given(history: History, value: str) -> None:
    audit([Rare()], scan, history)
    one = history.page()[1].finding
    with pytest.raises(CorrectionInvalid, match="one line"):
        history.judge(one.id, "corrected", value)
    assert history.corrections() == []


def test_what_accepting_writes_is_told_of_each_finding() -> None:
    assert written(Finding("variant", "b", 0.9, ("a",), "colour")) == {"item_group_id": "a"}
    for code in ("duplicate", "duplicate_perhaps"):
        assert written(Finding(code, "b", 0.9, ("a",))) == {"duplicate_of": "a"}
    assert written(Finding("title_and_field_differ", "a", 1.0, (), "gender", "male", "Women")) == {"gender": "female"}
    assert written(Finding("image_and_title_differ", "a", 0.9, (), "category", "Shoes", "Lamps")) == {}
    accepted = [
        corrected(Finding("title_and_field_differ", "a", 1.0, (), "size", "M", "L"), value) for value in ("", "S")
    ]
    assert changes(accepted) == {"a": {"size": "S"}}
    assert patch(
        [corrected(Finding("image_and_title_differ", "a", 0.9, (), "category"), "Shoes")], {"product type": "Art"}
    ) == [{"id": "a", "Art": "Shoes"}]


def test_kinds_are_counted_the_gravest_first(history: History) -> None:
    history.begin()
    history.stage([Finding(code, "a", 1.0) for code in ("attribute_missing", "duplicate", "image_and_title_differ")])
    history.finish(1, {})
    assert list(history.counts()) == ["image_and_title_differ", "duplicate", "attribute_missing"]


def test_a_patch_never_writes_over_the_id_and_has_no_row_without_one() -> None:
    many = corrected(Finding("image_missing", "", 1.0, ("a", "b"), "image", "2"), "photo.jpg")
    red = corrected(Finding("attribute_missing", "a", 1.0, (), "colour", "", "red"))
    assert patch([many, red], columns_of({"colour": "id"})) == [{"colour": "a", "colour_corrected": "red"}]


def test_a_sheet_runs_no_formula() -> None:
    assert as_sheet([{"id": "1", "=HYPERLINK(1)": "red"}]) == "id,'=HYPERLINK(1)\r\n1,red\r\n"
    written = as_sheet([{"id": "1", "colour": "=HYPERLINK(1)"}, {"id": "2", "brand": "Ünï"}])
    assert list(csv.DictReader(io.StringIO(written))) == [
        {"id": "1", "colour": "'=HYPERLINK(1)", "brand": ""},
        {"id": "2", "colour": "", "brand": "Ünï"},
    ]
    assert as_sheet([]) == "id\r\n"


def test_the_report_says_what_was_found_and_how_it_went_on(history: History) -> None:
    audit([Rare()], scan, history)
    audit([Rare()], scan, history)
    found = {code: history.page(code=code) for code in history.counts()}
    page = report(history.runs(), found, history.counts(), {"p1": "Red shoe"})
    for words in (
        "Catalogue health",
        "different products",
        "the same product as p2",
        "Audits so far",
        "Nile",
        "p1: Red shoe",
    ):
        assert words in page
    with history.file.use() as db:  # by another release
        db.execute("""UPDATE audits SET counts = '{"shadow": 3}' WHERE id = 1""")
    assert "shadow" in report(history.runs(), found, history.counts(), {})
    audit([], scan, history)
    assert "Nothing was found" in report(history.runs(), {}, history.counts(), {})


def test_doubles_that_the_check_is_not_sure_of_are_told_as_perhaps() -> None:
    grouping = Grouping()
    titles = (
        "Oro cotton chino shorts",
        "Oro linen chino shorts slim",
        "Kestrel WH-510 headset",
        "Kestrel WH510 headset",
    )
    grouping.add_all(Item(Product(id=str(n), title=title)) for n, title in enumerate(titles))
    found = {one.product: (one.code, one.probability >= 0.9) for one in group_findings(grouping)}
    assert found["2"] == ("duplicate", True)
    assert all(sure is (code == "duplicate") for code, sure in found.values())


def test_the_reasons_of_groups_have_codes_with_the_words_of_their_sentences() -> None:
    """So that the page tells them in its languages."""
    titles = {
        "a": "Kestrel wireless headphones WH-510 black 30 cm",
        "b": "Kestrel WH510 headphones, wireless (black)",
        "c": "Kestrel wireless headphones WH-510 white 40 cm",
        "d": "Oro headphones WH-999 32 GB 2 pack",
        "e": "Fresh red apple",
    }
    grouping = Grouping()
    grouping.add_all(
        Item(Product(id=id, title=title, price=9.9, brand=title.split()[0])) for id, title in titles.items()
    )
    seen = set()
    for finding in group_findings(grouping):
        for proof in finding.evidence:
            assert all(value.lower() in proof.says.lower() for value in proof.values)
            seen.add(proof.code)
    for one, other in combinations(titles, 2):
        seen |= {reason.code for reason in grouping.judge(one, other).reasons}
    assert {"start", "alike", "own_words", "axis_differs", "axis_same", "model_same", "brand_differs"} <= seen


def test_what_is_together_is_told_until_a_person_dismisses_it(history: History) -> None:
    assert history.together(["p1"]) == []
    audit([Rare()], scan, history)
    found = history.together(["p2", "p3"])
    assert {(one.finding.code, one.finding.product) for one in found} == {("duplicate", "p1"), ("variant", "p3")}
    assert history.together(["p9"]) == []
    history.judge(found[0].finding.id, "dismissed")
    assert [one.finding.id for one in history.together(["p1", "p2", "p3"])] == [found[1].finding.id]
