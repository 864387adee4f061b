"""The images that a feed's cells name or hold."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import RowInvalid
from catalog.feeds.cells import LEFT_OUT, FeedLimits, brief, text
from catalog.feeds.columns import Columns, splits
from catalog.images import ImageRef

IN_FEED = "(in the feed)"
BEFORE_URL = re.compile(r"\s*[,|;\s]\s*(?=(?:https?|s3|gs)://)")
PARTED = re.compile(r"\s*[,|\n]\s*")


def read_images(cells: Mapping[str, Any], columns: Columns, limits: FeedLimits) -> tuple[ImageRef, ...]:
    """The product's images, each once; those beyond the limit are left out."""
    refs = (ref for column in columns.images for ref in image_refs(cells.get(column), column))
    return tuple(dict.fromkeys(refs))[: limits.max_images]


def image_refs(value: Any, column: str, depth: int = 0) -> Iterator[ImageRef]:
    """Pictures as a path or an address, several of them parted, bytes, {"bytes", "path"}, or a list of these."""
    if value is None:
        return
    if isinstance(value, str):
        yield from (ImageRef(where) for where in image_places(text(value, column), column))
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


def image_places(cell: str, column: str) -> list[str]:
    if cell[:5].lower() == "data:":
        return [cell]
    # A comma may be part of an address: there it parts two only before another.
    pattern = BEFORE_URL if "://" in cell or not splits(column) else PARTED
    return [place for place in pattern.split(cell) if place]
