"""What an explanation consists of.

A score is what a part adds to the answer: the log-odds of the category with the part, less those without it. Above 0 it
speaks for the category, below 0 against it; 1 makes the odds 2.7 times as large, 3 twenty times.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from catalog.product import CategoryScore, Product

Field = Literal["title", "description"]
Labeller = Literal["person", "model"]


class Place(NamedTuple):
    """Where a word stands: text[start:end] of the field."""

    field: Field
    start: int
    end: int


class Word(NamedTuple):
    """text: as it is first written; score: what it adds, in all its places; spans: the places in the joined text."""

    text: str
    score: float
    spans: tuple[tuple[int, int], ...]

    def places(self, product: Product) -> tuple[Place, ...]:
        """product: as it was prepared."""
        return tuple(_place(product, start, end) for start, end in self.spans)


class HeatMap(NamedTuple):
    """What each cell of a grid over the first image adds, row by row from the top left."""

    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Of one answer. category: the one that is explained, which is the likeliest guess where none can be promised;
    log_odds: of its score.

    words: those that were tried, each left out in turn, in their order; untried: the words of a long text that were
    not. heat_map: None without an image.
    """

    category: CategoryScore
    log_odds: float
    words: tuple[Word, ...] = ()
    untried: tuple[str, ...] = ()
    heat_map: HeatMap | None = None

    @property
    def strongest(self) -> tuple[Word, ...]:
        """The words that speak for the answer, the strongest first."""
        return tuple(sorted((word for word in self.words if word.score > 0), key=lambda word: -word.score))


class Neighbour(NamedTuple):
    """A stored product that is near. labelled_by: who says that it is of this category: a person, or the model that
    was sure enough (`auto`). similarity: the cosine of both embeddings, 0 to 1.
    """

    id: str
    title: str
    category: CategoryScore
    labelled_by: Labeller
    similarity: float


class Why(NamedTuple):
    """All that speaks for the answer for one product, which is as it was read. nearest: None where no index could be
    asked.
    """

    product: Product
    explanation: Explanation
    nearest: tuple[Neighbour, ...] | None = None


def _place(product: Product, start: int, end: int) -> Place:
    """See `catalog.model.preprocess.joined_text`, in which the span is."""
    title = product.title.strip()
    if end <= len(title):
        lead = len(product.title) - len(product.title.lstrip())
        return Place("title", start + lead, end + lead)
    lead = len(product.description) - len(product.description.lstrip()) - (len(title) + 2 if title else 0)
    return Place("description", start + lead, end + lead)
