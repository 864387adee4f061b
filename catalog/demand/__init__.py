"""Weekly demand: forecasts with intervals, also of new products, and when to order again."""

from catalog.demand.cold import Neighbour, from_neighbours, neighbours_of
from catalog.demand.forecast import ENOUGH, Forecast, forecast
from catalog.demand.outlook import History, Outlook, Reason, Terms, needs_neighbours, outlooks
from catalog.demand.stock import Stock, stock

__all__ = [
    "ENOUGH",
    "Forecast",
    "History",
    "Neighbour",
    "Outlook",
    "Reason",
    "Stock",
    "Terms",
    "forecast",
    "from_neighbours",
    "needs_neighbours",
    "neighbours_of",
    "outlooks",
    "stock",
]
