"""What is too much for one message between processes goes in several, each of a bounded size."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# About 50 decoded images. Far below what Serve lets pass (`Settings.message_bytes`), and large enough that what a
# message costs by itself does not count.
PORTION_BYTES = 8 * 1024 * 1024


def portions(items: Iterable[T], size: Callable[[T], int], limit: int = PORTION_BYTES) -> Iterator[list[T]]:
    """The items in their order, together as many as have `limit` bytes; one that has more goes by itself."""
    portion, total = list[T](), 0
    for item in items:
        each = size(item)
        if portion and total + each > limit:
            yield portion
            portion, total = [], 0
        portion.append(item)
        total += each
    if portion:
        yield portion
