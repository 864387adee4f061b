"""What people accepted or corrected on the page Health, as files: the changes alone, or a whole feed with them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.storage.files import written_whole

if TYPE_CHECKING:
    from catalog.quality.audit import Told
    from catalog.storage.database import State

SHOWN = 20


def write_patch(state: "State", output: Path, feed: Path | None, mapping: Mapping[str, str], encoding: str) -> None:
    from catalog.quality.audit.patch import as_sheet, columns_of, patch

    columns = columns_of(read_columns(feed, mapping, encoding)) if feed else {}
    corrections = read_corrections(state)
    rows = patch(corrections, columns)
    new = [name for name in dict.fromkeys(chain.from_iterable(rows)) if columns and name not in columns.values()]
    with written_whole(output) as temporary:
        temporary.write_text(as_sheet(rows), encoding="utf-8", newline="")
    tell(len(rows), output, corrections, unread(new))


def write_corrected(state: "State", output: Path, feed: Path, mapping: Mapping[str, str], encoding: str) -> None:
    from catalog.feeds import open_feed
    from catalog.feeds.rewriting import WHYS, check_writable, rewrite
    from catalog.quality.audit.changes import changes

    source = open_feed(feed, mapping=mapping, encoding=encoding)
    check_writable(source)
    corrections = read_corrections(state)
    with written_whole(output) as temporary, temporary.open("wb") as file:
        found = rewrite(source, changes(corrections), file)
    tell(found.products, output, corrections, unread(found.added))
    for one in found.unplaced[:SHOWN]:
        print(f"Not written: {one.product}{one.field and f', {one.field}'}: {WHYS[one.why]}.")
    if len(found.unplaced) > SHOWN:
        print(f"Not written in all: {len(found.unplaced):,}.")


def read_corrections(state: "State") -> "list[Told]":
    from catalog.quality.audit import History
    from catalog.quality.audit.history import NAME

    if not state.has(NAME):
        raise FileNotReadable("No audit of this index was made yet. Run shelflens audit first.")
    with closing(History(state.place(NAME))) as history:
        return history.corrections()


def tell(products: int, output: Path, corrections: "Sequence[Told]", new: Sequence[str]) -> None:
    from catalog.quality.audit.changes import without_value

    print(f"{products:,} {'product is' if products == 1 else 'products are'} corrected in {output}.")
    if unknown := sum(map(without_value, corrections)):
        print(f"Accepted, but not in it, as no value is known: {unknown:,}. Correct them on the page Health.")
    for column in new:
        print(f"{column!r} is new to the feed. To ingest it: --map 'attributes.{column}={column}'.")


def unread(columns: Iterable[str]) -> list[str]:
    """Of columns that are new to the feed those of attributes that an ingest passes over."""
    from catalog.feeds.columns import known
    from catalog.quality.audit.changes import DUPLICATE_OF

    return [column for column in columns if column != DUPLICATE_OF and not known(column)]


def read_columns(feed: Path, mapping: Mapping[str, str], encoding: str) -> dict[str, str | None]:
    """Each column of the feed, and what it is read as. Raises FeedInvalid."""
    from catalog.feeds import preview

    found = preview(feed, mapping, encoding=encoding)
    if found.error:
        raise found.error
    return {column.name: column.field for column in found.columns}


def check_options(
    patch: Path | None, corrected: Path | None, feed: Path | None, reports: bool, reading_told: bool
) -> None:
    """reports: whether a report is asked for; reading_told: whether it is told how the feed is read. Raises
    ConfigInvalid.
    """
    written = patch or corrected
    if patch and corrected:
        raise ConfigInvalid("--patch writes the changes, --corrected the whole feed with them: give one of them.")
    if feed and not written:
        raise ConfigInvalid("--feed names the columns of a patch: give --patch or --corrected, too.")
    if corrected and not feed:
        raise ConfigInvalid("--corrected writes a feed again: name it with --feed.")
    if written and reports:
        raise ConfigInvalid("Nothing is looked for, so there is no report: leave --output and --json out.")
    if written and feed and written.resolve() == feed.resolve():
        raise ConfigInvalid("That would replace the feed itself: name another file.")
    if reading_told and not feed:
        raise ConfigInvalid("--map and --encoding say how the feed is read: name it with --feed.")
