"""`shelflens search`: by words, images or a stored product, or several at once."""

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import FilterInvalid
from shelflens.cli.app import (
    DeviceOption,
    IndexModelOption,
    IndexOption,
    JsonOption,
    app,
    errors_shown,
    read_image,
    tell_if_mixed,
)

if TYPE_CHECKING:
    from catalog.index.query import Finding
    from catalog.product import Match, MatchReasons
    from catalog.search import Example


@app.command()
def search(
    text: Annotated[str, typer.Option(help="Query text; encoded together with --image.")] = "",
    image: Annotated[list[Path] | None, typer.Option(help="Query image.")] = None,
    like: Annotated[list[str] | None, typer.Option(help="Id of a stored product that results should resemble.")] = None,
    unlike: Annotated[
        list[str] | None, typer.Option(help="Id of a stored product that results should not resemble.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="Text that results should not resemble.")] = None,
    filter_json: Annotated[
        str, typer.Option("--filter", help="""JSON, as in '{"category": "aa-8", "price": {"lte": 50}}'.""")
    ] = "",
    limit: Annotated[int, typer.Option(help="Number of results, at most 100.")] = 10,
    offset: Annotated[int, typer.Option(help="Number of results to skip.")] = 0,
    facets: Annotated[
        list[str] | None, typer.Option("--facet", help="Field whose values are counted, as in brand.")
    ] = None,
    collapse: Annotated[bool, typer.Option("--collapse", help="Omit near-duplicates.")] = False,
    floor: Annotated[bool, typer.Option("--floor/--no-floor", help="Omit products that are unlike the query.")] = True,
    unavailable: Annotated[bool, typer.Option("--all", help="Also find what is not for sale.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Tell why each product was found.")] = False,
    index: IndexOption = "shelflens-index",
    as_json: JsonOption = False,
    model: IndexModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Search stored products. --image, --like, --unlike, --without and --facet may be repeated."""
    with errors_shown():
        from catalog.index.filters import parse_filter
        from catalog.index.product_index import open_index
        from catalog.origin import load_for
        from catalog.search import Search
        from catalog.search import search as find

        examples = read_examples(text, image or [], like or [], unlike or [], without or [])
        chosen = parse_filter(read_filter(filter_json)) if filter_json else None
        query = Search(examples, chosen, limit, offset, tuple(facets or ()), collapse, None, floor, unavailable, why)
        with closing(open_index(index, create=False)) as opened:
            tell_if_mixed(opened)
            found = find(query, opened, load_for(opened, model, device))
    print(json.dumps(as_answer(found), ensure_ascii=False, indent=1)) if as_json else show(found)


def read_examples(
    text: str, images: list[Path], like: list[str], unlike: list[str], without: list[str]
) -> tuple["Example", ...]:
    from catalog.search import Example

    contents = tuple(read_image(path) for path in images)
    return (
        *([Example(text, contents)] if text or contents else []),
        *(Example(product_id=id) for id in like),
        *(Example(product_id=id, weight=-0.5) for id in unlike),
        *(Example(text, weight=-0.5) for text in without),
    )


def read_filter(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FilterInvalid("The filter is not valid JSON.") from None


def as_answer(found: "Finding") -> dict[str, Any]:
    return {
        "results": [as_row(match) for match in found.matches],
        "nearest": [as_row(match) for match in found.nearest],
        "facets": {
            name: [{"value": value, "count": count} for value, count in counts] for name, counts in found.facets.items()
        },
        "total": found.total,
    }


def as_row(match: "Match") -> dict[str, Any]:
    told = {"evidence": as_evidence(match.reasons)} if match.reasons else {}
    return told | {
        "id": match.stored.id,
        "score": round(match.score, 4),
        "title": match.stored.product.title,
        "category": list(match.stored.understanding.path) or None,
        "brand": match.stored.product.brand or None,
        "price": match.stored.product.price,
        "list_price": match.stored.product.list_price,
        "currency": match.stored.product.currency or None,
        "availability": match.stored.product.availability or None,
        "status": match.stored.product.status or None,
        "attributes": {name: value.name for name, value in match.stored.attributes.items()},
        "tags": [tag.name for tag in match.stored.understanding.tags],
        "images": list(match.stored.image_refs),
        "duplicates": list(match.duplicates),
    }


def as_evidence(reasons: "MatchReasons") -> dict[str, Any]:
    lists = {"vectors": reasons.vectors, "words": reasons.words}
    places = {name: listed and listed._asdict() for name, listed in lists.items()}
    return places | {"matched": list(reasons.matched), "by_number": reasons.by_number}


def show(found: "Finding") -> None:
    import sys

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from catalog.evidence.lines import reason_lines

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    table = Table("id", "title", "category", "price", "score")
    for match in found.matches or found.nearest:
        product = match.stored.product
        price = "" if product.price is None else f"{product.price:,.2f} {product.currency}".rstrip()
        path = " > ".join(match.stored.understanding.path) or "[dim]not sure[/dim]"
        table.add_row(escape(product.id), escape(product.title), path, price, f"{match.score:.2f}")
    if found.nearest:
        console.print("Nothing is close. The nearest are:")
    console.print(table if table.row_count else "Nothing was found.")
    for match in found.matches or found.nearest:
        if match.reasons:
            console.print(escape(f"{match.stored.id}: " + "; ".join(reason_lines(match.reasons))))
    for name, counts in found.facets.items():
        console.print(f"{name}: " + escape(", ".join(f"{value} {count:,}" for value, count in counts)))
