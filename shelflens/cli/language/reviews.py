"""`shelflens reviews import` and `summary`: reviews of an index's products, where no service uses it."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import ProductNotFound
from catalog.storage.files import private_files
from shelflens.cli.app import IndexOption, JsonOption, ModelOption, StateOption, app, errors_shown, state_of
from shelflens.cli.language.intents import TextModelOption

if TYPE_CHECKING:
    from catalog.index.product_index import ProductIndex
    from catalog.language.reviews import Aspect, Review, SentimentReader
    from catalog.language.reviews.store import Kept, ReviewStore

SHOWN = 10
AT_ONCE = 1_000  # reviews

reviews_app = typer.Typer(help="Keep reviews of products, and say what they say.", no_args_is_help=True)
app.add_typer(reviews_app, name="reviews")


@reviews_app.command("import")
def import_reviews(
    file: Annotated[Path, typer.Argument(help="CSV, TSV or JSON Lines: product_id, review_id, text, rating, date.")],
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    text_model: TextModelOption = None,
    model: ModelOption = None,
) -> None:
    """Keep the reviews of a file. Run it again with a newer file: a review replaces the one with its id.

    Exit code: 0 all rows are kept, 1 some are left out, 2 an error.
    """
    with errors_shown(), private_files():
        from tqdm import tqdm

        from catalog.index.backend import in_chunks
        from catalog.language.reviews.files import read_reviews

        reader = reader_of(text_model, model)
        left_out, counts = list[str](), Counter[str]()
        with opened(index, state) as (products, store), tqdm(desc="reviews", unit="review") as bar:
            for rows in in_chunks(read_reviews(file), AT_ONCE):
                given: dict[str, list[Review]] = {}
                ids = list(dict.fromkeys(row.product for row in rows))
                stored = dict(zip(ids, products.stored(ids), strict=True))
                for row in rows:
                    if row.review is None or not stored[row.product]:
                        reason = row.reason or f"the index has no product {row.product!r}"
                        left_out.append(f"line {row.line}: {reason}")
                    else:
                        given.setdefault(row.product, []).append(row.review)
                for product, reviews in given.items():
                    counts.update(keep(store, product, reviews, reader)._asdict())
                bar.update(len(rows))
        print(", ".join(f"{counts[kind]:,} {kind}" for kind in ("added", "changed", "unchanged")))
    tell_left_out(left_out)


@reviews_app.command()
def summary(
    product: Annotated[str, typer.Argument(help="Id of the product.")],
    index: IndexOption = "shelflens-index",
    state: StateOption = None,
    sentences: Annotated[int, typer.Option(min=0, help="Sentences shown of each aspect and sentiment.")] = 1,
    limit: Annotated[int, typer.Option(min=1, help="Number of aspects.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Say what the reviews of a product say: each aspect, how many name it and how many speak badly of it."""
    with errors_shown(), opened(index, state) as (products, store):
        (stored,) = products.get([product])
        if stored is None:
            raise ProductNotFound
        found = store.summary(product, stored.product.attributes, stored.product.title).with_fewer(sentences)
        if as_json:
            print(json.dumps(asdict(found) | {"aspects": [as_answer(one) for one in found.aspects[:limit]]}))
            return
        print(f"{found.reviews:,} reviews, {found.positive:,} positive, {found.negative:,} negative")
        for aspect in found.aspects[:limit]:
            print(f"{aspect.name}: {aspect.negative:,} of {aspect.reviews:,} negative, {aspect.positive:,} positive")
            for mention in aspect.mentions:
                print(f"  {mention.sentiment}: {mention.sentence} [{mention.review}]")


@contextmanager
def opened(index: str, state: str | None) -> "Iterator[tuple[ProductIndex, ReviewStore]]":
    """The index, and the reviews beside it or in the database. Raises what opening them does."""
    from catalog.index.product_index import open_index
    from catalog.language.reviews.store import NAME, ReviewStore

    with (
        open_index(index, create=False) as products,
        state_of(index, state) as beside,
        closing(ReviewStore(beside.place(NAME))) as store,
    ):
        yield products, store


def reader_of(text_model: Path | None, model: Path | None) -> "SentimentReader":
    """What reads the reviews: the lexicon, or a model of a shop's own labels."""
    if text_model:
        from catalog.labelling import LabelledReader, TextLabeller

        return LabelledReader(TextLabeller.load(text_model, model))
    from catalog.language.reviews import LexiconReader

    return LexiconReader()


def keep(store: "ReviewStore", product: str, reviews: "Sequence[Review]", reader: "SentimentReader") -> "Kept":
    from catalog.language.reviews.reading import claimed, read_new

    return store.add(product, read_new(reviews, store.known(product, claimed(reviews, reader)), reader))


def as_answer(aspect: "Aspect") -> dict[str, object]:
    counts = {"name": aspect.name, "reviews": aspect.reviews, "positive": aspect.positive, "negative": aspect.negative}
    return counts | {"sentences": [mention._asdict() for mention in aspect.mentions]}


def tell_left_out(lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        typer.echo(f"left out: {line}", err=True)
    if len(lines) > SHOWN:
        typer.echo(f"left out in all: {len(lines):,} rows", err=True)
    if lines:
        raise typer.Exit(1)
