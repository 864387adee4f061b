"""`shelflens price`: what a product may cost, by those of an index that are like it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.errors import CatalogError, ProductNotFound, SearchEmpty
from shelflens.cli.app import DeviceOption, IndexModelOption, IndexOption, JsonOption, app, errors_shown, read_image

if TYPE_CHECKING:
    from catalog.index.product_index import ProductIndex
    from catalog.pricing import PriceQuestion, Reason, Suggestion

REASONS: "dict[Reason, str]" = {
    "nothing_readable": "nothing of the product can be read",
    "too_few_comparables": "too few products in this currency are like it",
    "too_few_priced": "the index has too few prices to promise so much",
}


@app.command()
def price(
    id: Annotated[str, typer.Option(help="Id of a stored product, whose own price does not count.")] = "",
    title: Annotated[str, typer.Option(help="Title of a product.")] = "",
    description: Annotated[str, typer.Option(help="Description of the product.")] = "",
    image: Annotated[list[Path] | None, typer.Option(help="Image of the product. May be repeated.")] = None,
    currency: Annotated[str, typer.Option(help="As in EUR. Default: the product's, or the commonest.")] = "",
    coverage: Annotated[
        float, typer.Option(min=0.5, max=0.99, help="The least probability with which the interval holds the price.")
    ] = 0.9,
    index: IndexOption = "shelflens-index",
    as_json: JsonOption = False,
    model: IndexModelOption = None,
    device: DeviceOption = "cpu",
) -> None:
    """Suggest a price from the most similar products of an index. Exit code 1 where there is none."""
    with errors_shown():
        from catalog.index.product_index import open_index
        from catalog.pricing import Pricer

        with open_index(index, create=False) as opened:
            if id:
                asked = stored_question(opened, id)
            else:
                asked = new_question(opened, title, description, image or [], model, device)
            pricer = Pricer(opened)
            asked = asked._replace(currency=currency.upper() or asked.currency or pricer.currency())
            found = pricer.suggest(asked, coverage)
    if as_json:
        from serving.api.schemas.offers.pricing import to_price

        print(to_price(found).model_dump_json(indent=1))
    else:
        show(found)
    raise typer.Exit(0 if found.interval else 1)


def stored_question(index: "ProductIndex", id: str) -> "PriceQuestion":
    from catalog.pricing import question_of

    [stored] = index.get([id])
    if stored is None:
        raise ProductNotFound
    return question_of(stored)


def new_question(
    index: "ProductIndex", title: str, description: str, images: list[Path], model: Path | None, device: str
) -> "PriceQuestion":
    from catalog.origin import load_for
    from catalog.pricing.comparables import asking
    from catalog.product import Product

    if not (title or description or images):
        raise SearchEmpty("Give the --id of a stored product, or a --title, a --description or an --image.")
    product = Product("", title, description, tuple(read_image(path) for path in images))
    [read] = load_for(index, model, device).understand([product], evidence=False)
    if isinstance(read, CatalogError):
        raise read
    return asking(read, "")


def show(found: "Suggestion") -> None:
    def money(amount: float) -> str:
        return f"{amount:,.2f} {found.currency}".rstrip()

    if found.interval:
        low, median, high = found.interval
        print(f"{money(median)}, with a probability of {found.coverage:.0%} between {money(low)} and {money(high)}")
    else:
        print(f"No price: {REASONS[found.reason]}.")
    for one in found.comparables:
        print(f"{one.similarity:.2f}  {money(one.price):>14}  {one.id}  {one.title}")
