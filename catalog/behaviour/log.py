"""The events of all shoppers, and the counts of pairs and products that are made of them, in a file or in PostgreSQL.

The counts are a function of the events: whoever removes events has what they added subtracted, and rows of zero go.
Their best are read as an index of the tables has them, in order: each event keeps it, on whatever node, and nothing is
sorted or remembered for a recommendation. What was learnt from the events cannot be subtracted from. It goes as a
whole.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from catalog.behaviour.events import KINDS, Event, with_product
from catalog.behaviour.pairs import WINDOW, Counts, PairKind, added, pairs_of
from catalog.index.backend import in_chunks
from catalog.storage.database import IDS_AT_ONCE, Statements, StorePlace, marks
from catalog.storage.later import LaterStore
from catalog.storage.seal import Unsealed, moment

NAME = "behaviour.sqlite"  # in the state folder
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    shopper TEXT NOT NULL,
    moment REAL NOT NULL,
    kind TEXT NOT NULL,
    product TEXT NOT NULL,
    words TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS events_of_shopper ON events (shopper, moment, id);
CREATE INDEX IF NOT EXISTS events_of_product ON events (product);
CREATE TABLE IF NOT EXISTS pairs (
    kind TEXT NOT NULL,
    first TEXT NOT NULL,
    second TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (kind, first, second)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pairs_best_first ON pairs (kind, first, total DESC, second);
CREATE TABLE IF NOT EXISTS popular (product TEXT PRIMARY KEY, total INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS popular_best_first ON popular (total DESC, product);
DROP INDEX IF EXISTS pairs_by_total;
DROP INDEX IF EXISTS popular_by_total;
CREATE TABLE IF NOT EXISTS learnt (name TEXT PRIMARY KEY, mark TEXT NOT NULL, content BLOB NOT NULL);
"""
COLUMNS = "shopper, kind, product, moment, words, id"
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES (?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING"
ADD_PAIR = (
    "INSERT INTO pairs (kind, first, second, total) VALUES (?,?,?,?)"
    " ON CONFLICT (kind, first, second) DO UPDATE SET total = pairs.total + excluded.total"
)
ADD_PRODUCT = (
    "INSERT INTO popular (product, total) VALUES (?,?)"
    " ON CONFLICT (product) DO UPDATE SET total = popular.total + excluded.total"
)
BEST = "SELECT first, second, total FROM pairs WHERE kind = ? AND first = ? ORDER BY total DESC, second LIMIT ?"
WRITTEN_AT_ONCE = 2_000

T = TypeVar("T")


class EventLog:
    """Several threads may share one. Every method may raise DiskFull, StateDamaged or StateUnavailable."""

    def __init__(self, place: StorePlace) -> None:
        """Nothing is made before the first event, or in a database before the first question."""
        self.file = LaterStore(place, SCHEMA, "what shoppers did")

    def add(self, events: Iterable[Event]) -> int:
        """-> how many are new. Raises EventInvalid before any of the chunk is kept."""
        return sum(self._add(chunk) for chunk in in_chunks(events, WRITTEN_AT_ONCE))

    def _add(self, events: Sequence[Event]) -> int:
        checked = [event.checked() for event in events]
        with self.file.transaction() as db:
            new = [event for event in checked if db.execute(INSERT, event).rowcount]
            change = Counts()
            for shopper, some in _by_shopper(new):
                change.update(_change(db, shopper, some, present=True))
            _apply(db, change, Counter(event.product for event in with_product(new)))
        return len(new)

    def forget(self, shopper: str) -> int:
        """Have everything as if this shopper had never come. -> how many events of his there were."""
        with self.file.transaction() as db:
            known = _read(db, "WHERE shopper = ?", (shopper,))
            _remove(db, known)
        return len(known)

    def erase(self, products: Sequence[str]) -> None:
        """Have everything as if nobody had ever met these products."""
        with self.file.transaction() as db:
            for ids in in_chunks(products, IDS_AT_ONCE):
                _remove(db, _read(db, f"WHERE product IN ({marks(ids)})", ids))

    def history(self, shopper: str, limit: int) -> list[Event]:
        """The shopper's last events with a product, the oldest first."""
        query = "WHERE shopper = ? AND product != '' ORDER BY moment DESC, id DESC LIMIT ?"
        with self.file.use() as db:
            return _read(db, query, (shopper, limit))[::-1]

    def events(self, shopper: str, limit: int, after: str = "") -> list[Event]:
        """All events of a shopper, the newest first. after: the id of the last one of the page before."""
        order = "ORDER BY moment DESC, id DESC LIMIT ?"
        with self.file.use() as db:
            place = _read(db, "WHERE id = ? AND shopper = ?", (after, shopper))
            if not after or not place:
                return [] if after else _read(db, f"WHERE shopper = ? {order}", (shopper, limit))
            earlier = "WHERE shopper = ? AND (moment < ? OR (moment = ? AND id < ?))"
            [last] = place
            return _read(db, f"{earlier} {order}", (shopper, last.time, last.time, last.id, limit))

    def partners(self, kinds: Sequence[PairKind], products: Sequence[str], limit: int) -> dict[str, dict[str, int]]:
        """Of each product that has some, the `limit` of each kind that it makes the weightiest pairs with."""
        asked = [(kind, product, limit) for kind in kinds for product in dict.fromkeys(products)]
        found: dict[str, dict[str, int]] = defaultdict(dict)
        with self.file.use() as db:
            for some in in_chunks(asked, 100):
                parts = [f"SELECT * FROM ({BEST}) AS part{number}" for number in range(len(some))]
                values = [value for one in some for value in one]
                for first, second, total in db.execute(" UNION ALL ".join(parts), values):
                    found[first][second] = found[first].get(second, 0) + total
        return dict(found)

    def popular(self, limit: int) -> dict[str, int]:
        """The products of the most events."""
        query = "SELECT product, total FROM popular ORDER BY total DESC, product LIMIT ?"
        with self.file.use() as db:
            return dict(db.execute(query, (limit,)).fetchall())

    def totals(self, products: Sequence[str]) -> dict[str, int]:
        """How many events there are of each product that has some."""
        found: dict[str, int] = {}
        with self.file.use() as db:
            for ids in in_chunks(products, IDS_AT_ONCE):
                query = f"SELECT product, total FROM popular WHERE product IN ({marks(ids)})"
                found |= dict(db.execute(query, ids).fetchall())
        return found

    def newest_shoppers(self, limit: int) -> list[str]:
        """Those with events of products who came last."""
        last = "SELECT shopper FROM events WHERE product != '' GROUP BY shopper"
        last += " ORDER BY max(moment) DESC, shopper LIMIT ?"
        with self.file.use() as db:
            return [shopper for (shopper,) in db.execute(last, (limit,))]

    def keep_learnt(self, name: str, mark: str, content: bytes, with_mark: str = "", of: str = "") -> bool:
        """Keep what was learnt from the events, in place of what has this name, until an event is removed. mark: tells
        one content from another. with_mark, of: only if what has the name `of` has this mark. -> whether it is kept.
        """
        with self.file.transaction() as db:
            found = db.execute("SELECT mark FROM learnt WHERE name = ?", (of,)).fetchone()
            if of and (not found or found[0] != with_mark):
                return False
            db.execute("DELETE FROM learnt WHERE name = ?", (name,))
            db.execute("INSERT INTO learnt VALUES (?, ?, ?)", (name, mark, content))
        return True

    def learnt(self, name: str, read: Callable[[object], T]) -> tuple[str, T] | None:
        """Its mark, and what `read` makes of the content, which may raise Unsealed."""
        with self.file.use() as db:
            found = db.execute("SELECT mark, content FROM learnt WHERE name = ?", (name,)).fetchone()
            return (str(found[0]), read(found[1])) if found else None

    def learnt_mark(self, name: str) -> str:
        """ "" where there is none."""
        with self.file.use() as db:
            found = db.execute("SELECT mark FROM learnt WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def unlearn(self, name: str) -> None:
        with self.file.use() as db:
            db.execute("DELETE FROM learnt WHERE name = ?", (name,))

    def counts(self) -> tuple[int, int]:
        """-> how many events and how many shoppers there are."""
        with self.file.use() as db:
            [found] = db.execute("SELECT count(*), count(DISTINCT shopper) FROM events").fetchall()
        return int(found[0]), int(found[1])

    def close(self) -> None:
        self.file.close()


def _remove(db: Statements, events: Sequence[Event]) -> None:
    if not events:
        return
    db.execute("DELETE FROM learnt")
    change = Counts()
    for shopper, some in _by_shopper(events):
        change.update(_change(db, shopper, some, present=False))
    for ids in in_chunks([event.id for event in events], IDS_AT_ONCE):
        db.execute(f"DELETE FROM events WHERE id IN ({marks(ids)})", ids)
    counts = Counter(event.product for event in with_product(events))
    _apply(db, change, {product: -count for product, count in counts.items()})


def _change(db: Statements, shopper: str, events: Sequence[Event], present: bool) -> Counts:
    """What events of a shopper add to the counts of pairs, or subtract. present: they are added; the table has them
    either way.
    """
    those = {event.id for event in events}
    start = min(event.time for event in events)
    condition = "WHERE shopper = ? AND product != '' AND moment"
    tail = _read(db, f"{condition} >= ? ORDER BY moment, id", (shopper, start))
    head = _read(db, f"{condition} < ? ORDER BY moment DESC, id DESC LIMIT ?", (shopper, start, WINDOW))[::-1]
    with_them, without = [*head, *tail], [event for event in (*head, *tail) if event.id not in those]
    fewer, more = pairs_of(without, len(head)), pairs_of(with_them, len(head))
    return added(fewer, more) if present else added(more, fewer)


def _apply(db: Statements, pairs: Counts, products: Mapping[str, int]) -> None:
    db.executemany(ADD_PAIR, sorted((*pair, total) for pair, total in pairs.items() if total))
    db.executemany(ADD_PRODUCT, sorted((product, total) for product, total in products.items() if total))
    fewer = sorted(pair for pair, total in pairs.items() if total < 0)
    db.executemany("DELETE FROM pairs WHERE kind = ? AND first = ? AND second = ? AND total = 0", fewer)
    gone = sorted((product,) for product, total in products.items() if total < 0)
    db.executemany("DELETE FROM popular WHERE product = ? AND total = 0", gone)


def _read(db: Statements, condition: str, values: Sequence[object]) -> list[Event]:
    return [_event(row) for row in db.execute(f"SELECT {COLUMNS} FROM events {condition}", values)]


def _event(row: Sequence[Any]) -> Event:
    """Raises Unsealed for what was never written so."""
    event = Event(*row)
    texts = (event.shopper, event.product, event.words, event.id)
    if event.kind not in KINDS or not all(isinstance(text, str) for text in texts):
        raise Unsealed
    moment(event.time)
    return event


def _by_shopper(events: Iterable[Event]) -> Iterable[tuple[str, list[Event]]]:
    """Without those that have no product, which make no pairs."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in with_product(events):
        found[event.shopper].append(event)
    return found.items()
