"""The report of a lesson as a page that stands alone."""

from collections.abc import Sequence
from pathlib import Path

from catalog.html_report import Cells, document, in_figures, note, section
from catalog.model.contract import Contract, Promise, Unpromised
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.attributes.learn import AttributeReport
from catalog.teaching.doubts import Doubt
from catalog.teaching.report import Point, Report

SHOWN = 100
READ = {"both": "image and words", "text": "words", "image": "image"}


def write_page(path: Path, report: Report, contract: Contract, tree: Taxonomy) -> None:
    path.write_text(page(report, contract, tree), encoding="utf-8")


def page(report: Report, contract: Contract, tree: Taxonomy) -> str:
    deepest, judged = report.levels[-1], report.levels[0].products
    whose = "Each product" if judged == report.examples else f"Each of {judged:,} products, held out for this,"
    figures = [
        (f"{deepest.right:.1%}", "in the right category"),
        (f"{report.auto:.1%}", "accepted without a person"),
        *([(f"{report.auto_right:.1%}", "of those right")] if report.auto else []),
        (f"{report.examples:,}", f"products in {report.categories:,} categories"),
    ]
    parts = [
        note(f"{whose} was judged by a model that had seen neither it nor one nearly the same."),
        in_figures(figures),
        section("By level", ("Level", "Products", "Right"), [level_cells(*one) for one in report.levels]),
        curve(report.curve),
        section(
            "Too few products",
            ("Category", "Products"),
            [(path, f"{count}") for path, count in report.few[:SHOWN]],
            "A category is learnt from its name alone, and from few products badly. Five are a start.",
        ),
        section(
            "Taken for each other",
            ("Given", "Taken for", "Products", "Such as"),
            [
                (one.given, one.taken, f"{one.products}", "; ".join(f"{title or row}" for row, title in one.rows))
                for one in report.confusions
            ],
        ),
        doubted(report.doubts),
        section("What is promised", ("Read", "Branch", "Promise"), promises(contract, tree)[:SHOWN]),
        attributes(report.attributes),
    ]
    return document("What the model was taught", parts)


def level_cells(level: int, products: int, right: float) -> Cells:
    return (f"{level}", f"{products:,}", f"{right:.1%}")


def curve(points: Sequence[Point]) -> str:
    rows = [
        (f"{point.examples:,}", f"{point.right:.1%}", "expected" if point.guessed else "measured") for point in points
    ]
    return section("More products", ("Products", "Right", ""), rows, "What more filed products would bring.")


def promises(contract: Contract, tree: Taxonomy) -> list[Cells]:
    def name(node: str) -> str:
        return " > ".join(tree.path(node))

    kept = [claim for claim in contract.claims if isinstance(claim.outcome, Promise)]
    missed = [claim for claim in contract.claims if isinstance(claim.outcome, Unpromised)]
    missed.sort(key=lambda claim: -claim.outcome.products)
    return [
        (READ[claim.modalities], ", ".join(map(name, claim.nodes)), str(claim.outcome)) for claim in [*kept, *missed]
    ]


def attributes(found: Sequence[AttributeReport]) -> str:
    rows = [
        (
            one.name,
            f"{one.examples:,}",
            f"{one.right:.1%}",
            f"{one.given:.1%}",
            f"{one.given_right:.1%}" * bool(one.given),
        )
        for one in found
    ]
    values = [
        (one.name, value.value, f"{value.products:,}", READ[choice], str(outcome))
        for one in found
        for value in one.values[:SHOWN]
        for choice, outcome in value.outcomes.items()
    ]
    told = "A value is given only where its promise allows it, and left open elsewhere."
    return section(
        "Attributes", ("Attribute", "Products with a value", "Right", "Given", "Of these right"), rows, told
    ) + section("Values of attributes", ("Attribute", "Value", "Products", "Read", "Promise"), values)


def doubted(doubts: Sequence[Doubt]) -> str:
    rows = [
        (
            one.id + (f" (line {one.line})" if one.line else ""),
            one.title,
            f"{one.given} ({one.given_score:.0%})",
            f"{one.likelier} ({one.likelier_score:.0%})",
            "; ".join(f"{near.title or near.id}: {near.category}" for near in one.neighbours),
        )
        for one in doubts[:SHOWN]
    ]
    told = "The surest errors first. The nearest filed products are the proof."
    return section("Perhaps filed wrongly", ("Product", "Title", "Given", "Likelier", "Nearest products"), rows, told)
