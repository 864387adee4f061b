"""Forecasts of weekly sales, of new products too, and the stock that they ask for."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog.demand import (
    ENOUGH,
    History,
    Terms,
    forecast,
    from_neighbours,
    neighbours_of,
    outlooks,
    stock,
)
from catalog.demand.methods import METHODS, YEAR, intermittent, smoothed
from catalog.demand.sales import read_sales
from catalog.errors import SalesInvalid


def noisy(weeks: int, mean: float, seed: int = 0) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).poisson(mean, weeks).astype(float)


def test_steady_sales_go_on() -> None:
    found = forecast(np.full(30, 7.0), 4)
    for quantile in (found.mean_H, found.median_H, found.low_H, found.high_H):
        np.testing.assert_allclose(quantile, 7.0)
    assert found.spread == pytest.approx(0)


def test_a_level_that_changed_is_followed() -> None:
    found = forecast(np.concatenate((noisy(40, 5), noisy(20, 30, 1))), 4)
    assert 25 < found.mean_H[0] < 35


def test_a_year_of_seasons_is_found_where_there_are_two() -> None:
    weeks = np.arange(3 * YEAR)
    sales = 20 + 15 * np.sin(2 * np.pi * weeks / YEAR)
    found = forecast(sales[:-6], 6)
    assert found.method == "year ago"
    np.testing.assert_allclose(found.mean_H, sales[-6:], rtol=0.1)


def test_intervals_hold_as_many_weeks_as_they_promise() -> None:
    held = []
    for seed in range(150):
        sales = noisy(44, 6, seed)
        found = forecast(sales[:-4], 4, 0.8)
        assert (found.low_H <= found.median_H).all()
        assert (found.median_H <= found.high_H).all()
        held.append((found.low_H <= sales[-4:]) & (sales[-4:] <= found.high_H))
    assert 0.74 <= np.mean(held) <= 0.9


@pytest.mark.parametrize("sales", [np.zeros(ENOUGH), np.eye(1, 20)[0], noisy(400, 0.1), np.full(9, 1e11)], ids=str)
def test_no_forecast_is_below_nothing_or_without_a_number(sales: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    found = forecast(sales, 8)
    for quantile in (found.mean_H, found.median_H, found.low_H, found.high_H):
        assert np.isfinite(quantile).all()
        assert (quantile >= 0).all()
    assert set(METHODS) >= {found.method}


def test_methods_see_only_what_is_past() -> None:
    sales = noisy(120, 5)
    for name, method in METHODS.items():
        whole, part = method(sales, 4), method(sales[:80], 4)
        np.testing.assert_allclose(whole[:80], part, err_msg=name)


def test_smoothing_and_intermittent_demand_are_as_published() -> None:
    np.testing.assert_allclose(smoothed(np.array([2.0, 4.0, 10.0]), 0.5), [2.0, 3.0, 6.5])
    sales = np.array([0.0, 4.0, 0.0, 0.0])
    falling = intermittent(0.1)(sales, 1)[:, 0]
    np.testing.assert_allclose(falling, [0, 2, 4 / 3, 1])  # 4 units, in half, a third and a quarter of the weeks


def test_a_new_product_sells_as_those_that_are_nearest() -> None:
    vectors = {"a": np.array([1, 0], np.float32), "b": np.array([0, 1], np.float32)}
    near = neighbours_of(np.array([0.99, 0.14], np.float32), vectors)
    assert [one.id for one in near] == ["a", "b"]
    histories = {"a": np.full(20, 3.0), "b": np.full(20, 90.0)}
    found = from_neighbours(near, histories, 2)
    np.testing.assert_allclose(found.median_H, [3, 3])
    assert 3 < found.mean_H[0] < 45


def test_each_product_has_an_outlook_or_a_reason() -> None:
    one = np.array([1, 0], np.float32)
    histories = [History("old", np.full(12, 5.0)), History("new", np.zeros(0)), History("else", np.zeros(2))]
    old, new, unknown = outlooks(histories, {"old": one, "new": one}, Terms(lead_weeks=3))
    assert old.stock
    assert old.stock.reorder_point == pytest.approx(15)
    assert [near.id for near in new.neighbours] == ["old"]
    assert unknown.reason == "not_stored"
    [alone] = outlooks(histories[1:2], {"new": one}, Terms())
    assert (alone.forecast, alone.reason) == (None, "no_neighbours")


def test_the_safety_stock_grows_with_what_is_asked_of_it() -> None:
    found = forecast(noisy(60, 20), 4)
    half, sure = stock(found, 2, 0.5), stock(found, 2, 0.975)
    assert half.safety_stock == pytest.approx(0)
    assert sure.safety_stock == pytest.approx(1.96 * found.spread * 2**0.5, rel=1e-3)
    assert sure.reorder_point == pytest.approx(found.mean_H[:2].sum() + sure.safety_stock)
    assert stock(found, 6, 0.9).reorder_point > stock(found, 4, 0.9).reorder_point


def test_sales_are_read_by_week_or_day(tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text(
        "SKU,Date,Quantity\na,2026-01-05,2\na,2026-01-11,1\na,2026-01-19,4\nb,2026-01-12,1\n"
    )
    found = {one.id: one.sales_T.tolist() for one in read_sales(tmp_path / "days.csv")}
    assert found == {"a": [3, 0, 4], "b": [1, 0]}
    table = pa.table({"product_id": [7, 7], "week": [1, 3], "units": [1.0, 2.0]})
    pq.write_table(table, tmp_path / "weeks.parquet")
    assert [(one.id, one.sales_T.tolist()) for one in read_sales(tmp_path / "weeks.parquet")] == [("7", [1, 0, 2])]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,week\n1,2\n", "no column"),
        ("id,week,units\n", "has no sales"),
        ("id,week,units\n1,soon,2\n", "'soon' is neither"),
        ("id,week,units\n1,2,-1\n", "'-1' is not a number"),
        ("id,week,units\n1,2,1\n1,5000,1\n", "span more than"),
        ("", "not a CSV or Parquet"),
    ],
)
def test_sales_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "sales.csv").write_text(text)
    with pytest.raises(SalesInvalid, match=told):
        read_sales(tmp_path / "sales.csv")
