"""The images that a feed's cells name or hold."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from catalog.errors import RowInvalid
from catalog.feeds.cells import LEFT_OUT, FeedLimits, brief, is_missing, text
from catalog.feeds.columns import Columns, splits
from catalog.images import ImageRef

IN_FEED = "(in the feed)"
BEFORE_URL = re.compile(r"(\s*[,|;\s]\s*)(?=(?:(?:https?|s3|gs):)?//\w)")
PARTED = re.compile(r"(\s*[,|;\n]\s*)")
ADDRESS = re.compile(r"://|^//\w")
# An address, or the name of a file, without a character that could part it from another.
ALONE = re.compile(r"https?://[!-+\--:<-{}~]+|[A-Za-z0-9][!-+\--:<-{}~]*\.(?:jpe?g|png|gif|webp)")


def read_images(cells: Mapping[str, Any], columns: Columns, limits: FeedLimits) -> tuple[ImageRef, ...]:
    """The product's images, each once; those beyond the limit are left out."""
    alone: dict[str, None] = {}
    for column in columns.images:
        value = cells.get(column)
        if value is None or value == "":
            continue
        if not isinstance(value, str) or not ALONE.fullmatch(value):
            refs = (ref for column in columns.images for ref in image_refs(cells.get(column), column))
            return tuple(islice(without_repeated(refs), limits.max_images))
        alone[value] = None
    return tuple(map(ImageRef, islice(alone, limits.max_images)))


def without_repeated(refs: Iterable[ImageRef]) -> Iterator[ImageRef]:
    """A name among others of its cell stays: it may be a part of one, as in "Street,_1.jpg,Street,_2.jpg"."""
    seen, among_others = set[ImageRef](), False
    for ref in refs:
        among_others = among_others or bool(ref.between)
        if among_others or ref not in seen:
            yield ref
        seen.add(ref)
        among_others = bool(ref.between)


def image_refs(value: Any, column: str, depth: int = 0) -> Iterator[ImageRef]:
    """Pictures as a path or an address, several of them parted, bytes, {"bytes", "path"}, or a list of these."""
    if value is None:
        return
    if isinstance(value, str):
        yield from image_places(text(value, column), column)
    elif isinstance(value, bytes):
        yield ImageRef(IN_FEED, value)
    elif isinstance(value, list | tuple) and depth < 2:
        for item in value:
            yield from image_refs(item, column, depth + 1)
    elif isinstance(value, Mapping) and LEFT_OUT not in value:
        yield from image_in(value, column)
    elif isinstance(value, Mapping):
        raise RowInvalid(f'The image of the column "{brief(column)}" was left out of this dead letter. Give its path.')
    else:
        raise RowInvalid(f'The column "{brief(column)}" does not hold an image\'s path, address or bytes.')


def image_in(value: Mapping[Any, Any], column: str) -> Iterator[ImageRef]:
    """{"bytes": ..., "path": ...}, as Hugging Face's data sets have it, either of them perhaps None."""
    where = next((text(value[key], column) for key in ("path", "url", "src") if isinstance(value.get(key), str)), "")
    data = value.get("bytes")
    if isinstance(data, bytes):
        yield ImageRef(where or IN_FEED, data)
    elif data is not None:
        yield from image_refs(data if isinstance(data, Mapping) and LEFT_OUT in data else 0, column)
    elif where:
        yield ImageRef(where)


def image_places(cell: str, column: str) -> Iterator[ImageRef]:
    if cell[:5].lower() == "data:":
        yield ImageRef(cell)
        return
    # A comma may be part of an address: there it parts two only before another.
    pattern = BEFORE_URL if ADDRESS.search(cell) or not splits(column) else PARTED
    place, between = "", ""
    for number, part in enumerate(pattern.split(cell)):
        if number % 2:
            between += part
        elif part and not is_missing(part):
            if place:
                yield ImageRef(place, between=between if pattern is PARTED else "")
            place, between = part, ""
    if place:
        yield ImageRef(place)
