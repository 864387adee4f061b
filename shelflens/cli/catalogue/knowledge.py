"""`shelflens ask` and `shelflens knowledge export`: what an index says, word for word or as a graph."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import (
    DeviceOption,
    IndexModelOption,
    IndexOption,
    JsonOption,
    StateOption,
    app,
    errors_shown,
    state_of,
)

if TYPE_CHECKING:
    from catalog.index.product_index import ProductIndex
    from catalog.product import StoredProduct
    from catalog.questions import Answer, Ask, CatalogueAsk
    from catalog.storage.database import State
    from catalog.understand import Understander

knowledge_app = typer.Typer(help="What is known of the products, as a graph.", no_args_is_help=True)
app.add_typer(knowledge_app, name="knowledge")


class Format(StrEnum):
    jsonld = "jsonld"
    csv = "csv"


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="In English or Chinese.")],
    product: Annotated[str, typer.Option(help="Id of a stored product. Default: the whole catalogue is asked.")] = "",
    filter_json: Annotated[
        str, typer.Option("--filter", help="JSON, as of shelflens search, where the whole catalogue is asked.")
    ] = "",
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    as_json: JsonOption = False,
    model: IndexModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Answer a question about a stored product from its attributes, its words, documents about it and its newest
    reviews, or about the whole catalogue from the products that are most like it: word for word.

    Exit code: 0 answered, 1 the listing does not say, 2 an error.
    """
    from catalog.errors import FilterInvalid
    from catalog.index.product_index import open_index
    from catalog.origin import load_for

    with errors_shown(), open_index(index, create=False) as opened, state_of(index, state) as beside:
        if product and filter_json:
            raise FilterInvalid("A filter is for a question to the whole catalogue, not for one to a product.")
        understander = load_for(opened, model, device)
        asked = (
            about_product(question, product, opened, beside, understander.space)
            if product
            else about_catalogue(question, filter_json, opened, beside, understander)
        )
        answers = asked.reply(understander.embed(asked.texts)).answers
    if as_json:
        print(json.dumps([as_row(answer) for answer in answers], ensure_ascii=False, indent=1))
    else:
        show(answers, of_several=not product)
    if not answers:
        raise typer.Exit(1)


def show(answers: "Sequence[Answer]", of_several: bool) -> None:
    """of_several: answers may be of different products."""
    for answer in answers:
        places = (answer.passage.product if of_several else "", origin(answer))
        print(f"{answer.score:.2f}  {answer.passage.text}  ({', '.join(filter(None, places))})")
    if not answers:
        print("The listing does not say.")


def about_product(question: str, product: str, index: "ProductIndex", state: "State", space: str) -> "Ask":
    """state: where documents and reviews are; space: of the model's vectors. Raises ProductNotFound."""
    from catalog.errors import ProductNotFound
    from catalog.knowledge import ties_of
    from catalog.knowledge.store import NAME as DOCUMENTS
    from catalog.knowledge.store import DocumentStore
    from catalog.language.reviews.store import NAME as REVIEWS
    from catalog.language.reviews.store import ReviewQuery, ReviewStore
    from catalog.questions import MAX_REVIEWS, Ask, passages_about, shipped

    (stored,) = index.get([product])
    if stored is None:
        raise ProductNotFound
    with (
        closing(DocumentStore(state.place(DOCUMENTS))) as documents,
        closing(ReviewStore(state.place(REVIEWS))) as kept,
    ):
        told = documents.passages(question, ties_of(stored))
        reviews = kept.page(ReviewQuery(stored.id, limit=MAX_REVIEWS)).reviews
    passages = passages_about(stored, told, {one.id: one.text for one in reviews})
    return Ask(question, passages, stored.product.title, shipped().of(space))


def about_catalogue(
    question: str, filter_json: str, index: "ProductIndex", state: "State", understander: "Understander"
) -> "CatalogueAsk":
    """Raises FilterInvalid or SearchInvalid."""
    from catalog.index.filters import parse_filter
    from catalog.knowledge import ties_of_several
    from catalog.knowledge.store import NAME, DocumentStore
    from catalog.questions import MAX_ASKED, CatalogueAsk, shipped
    from catalog.search import Example, Search, search
    from shelflens.cli.search import read_filter

    filter = parse_filter(read_filter(filter_json)) if filter_json else None
    query = Search((Example(question),), filter, MAX_ASKED, floor=False, include_unavailable=True)
    matches = search(query, index, understander).matches
    with closing(DocumentStore(state.place(NAME))) as documents:
        told = documents.passages(question, ties_of_several(match.stored for match in matches))
    return CatalogueAsk(question, matches, told, shipped().of(understander.space))


@knowledge_app.command()
def export(
    index: IndexOption = "shelflens-index",
    format: Annotated[Format, typer.Option(help="jsonld: a schema.org/Product a line; csv: triples.")] = Format.jsonld,
    output: Annotated[Path | None, typer.Option(help="The file. Default: standard output.")] = None,
    state: StateOption = None,
) -> None:
    """Write what is known of all stored products, each edge with its evidence, while they are read."""
    from catalog.index.product_index import open_index
    from catalog.knowledge import ties_of
    from catalog.knowledge.exports import lines
    from catalog.knowledge.store import NAME, DocumentStore
    from catalog.quality.audit import History
    from catalog.quality.audit.history import NAME as AUDITS
    from catalog.storage.files import written_whole

    with (
        errors_shown(),
        open_index(index, create=False) as opened,
        state_of(index, state) as beside,
        closing(DocumentStore(beside.place(NAME))) as documents,
        closing(History(beside.place(AUDITS))) as audits,
    ):
        parts = lines(
            scanned(opened),
            format.value,
            lambda stored: documents.tied(ties_of(stored)),
            lambda stored: audits.together([stored.id]),
        )
        if output is None:
            write(parts, sys.stdout.write)
            return
        with written_whole(output) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            write(parts, file.write)


def write(parts: Iterable[str], to: Callable[[str], object]) -> None:
    for part in parts:
        to(part)


def scanned(index: "ProductIndex") -> Iterator["StoredProduct"]:
    for products in index.scan():
        yield from products


def origin(answer: "Answer") -> str:
    passage = answer.passage
    page = f", page {passage.page}" if passage.page else ""
    return ": ".join(filter(None, (passage.document or passage.source, passage.name))) + page


def as_row(answer: "Answer") -> dict[str, object]:
    passage = answer.passage
    return {
        "text": passage.text,
        "score": round(answer.score, 4),
        "source": passage.source,
        "name": passage.name,
        "by": passage.by,
        "certainty": round(passage.score, 4),
        "document": passage.document,
        "page": passage.page,
    }
