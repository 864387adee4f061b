"""`shelflens demand forecast`: how much will be sold, from a file of sales."""

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shelflens.cli.app import INDEX_PLACES, JsonOption, app, errors_shown

if TYPE_CHECKING:
    from catalog.arrays import Floats
    from catalog.demand import Outlook

demand_app = typer.Typer(help="Forecast weekly sales.", no_args_is_help=True)
app.add_typer(demand_app, name="demand")


@demand_app.callback()
def common() -> None:
    """Forecast weekly sales."""


@demand_app.command()
def forecast(
    sales: Annotated[Path, typer.Argument(help="A CSV or Parquet file: a product, a week or date, units.")],
    horizon: Annotated[int, typer.Option(min=1, max=26, help="Weeks ahead.")] = 4,
    coverage: Annotated[float, typer.Option(min=0.5, max=0.95, help="Share of weeks that intervals hold.")] = 0.8,
    lead_time: Annotated[float, typer.Option(min=0, max=52, help="Weeks from an order to its arrival.")] = 2.0,
    service_level: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="The probability not to run out meanwhile.")
    ] = 0.95,
    new: Annotated[list[str] | None, typer.Option(help="Id of a product of the index without sales.")] = None,
    index: Annotated[
        str, typer.Option(envvar="SHELFLENS_INDEX", help=f"For products with few weeks of sales. {INDEX_PLACES}")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Forecast each product of a file of sales, as lines of CSV or JSON. --new may be repeated."""
    with errors_shown():
        import numpy as np

        from catalog.demand import History, Terms, needs_neighbours, outlooks
        from catalog.demand.sales import read_sales

        histories = read_sales(sales)
        known = {one.id for one in histories}
        histories += [History(id, np.zeros(0)) for id in dict.fromkeys(new or []) if id not in known]
        wanted = [one.id for one in histories] if index and needs_neighbours(histories) else []
        found = outlooks(histories, embeddings(index, wanted), Terms(horizon, coverage, lead_time, service_level))
    show_json(found) if as_json else show(found)


def embeddings(index: str, ids: list[str]) -> "dict[str, Floats]":
    from catalog.index.product_index import open_index

    if not ids:
        return {}
    with open_index(index, create=False) as opened:
        found = opened.get(ids)
    return {one.id: one.understanding.embedding for one in found if one and one.understanding.modalities_used}


def show_json(found: "list[Outlook]") -> None:
    from serving.api.schemas.offers.demand import to_demand

    for one in found:
        print(to_demand(one).model_dump_json())


def show(found: "list[Outlook]") -> None:
    """A line of CSV for each week; of what has no forecast one with the reason."""
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("id", "week", "mean", "median", "low", "high", "safety_stock", "reorder_point", "method", "reason"))
    for told in found:
        if told.forecast is None or told.stock is None:
            rows.writerow((told.id, *[""] * 8, told.reason))
            continue
        weeks = zip(
            told.forecast.mean_H, told.forecast.median_H, told.forecast.low_H, told.forecast.high_H, strict=True
        )
        for week, numbers in enumerate(weeks, 1):
            units = [f"{number:.2f}" for number in (*numbers, *told.stock)]
            rows.writerow((told.id, week, *units, told.forecast.method, ""))
