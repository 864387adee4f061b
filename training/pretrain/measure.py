"""What a model is worth on held-out products of a catalogue without labels, and whether another one is better."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from catalog.arrays import MODALITIES, Floats, Modalities
from catalog.model.calibration import leaf_roots
from catalog.model.checkpoint import Checkpoint
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.descent import Descent
from training.device import best_device
from training.evaluation.metrics import Ints, retrieval_ranks
from training.evaluation.predict import Predictions, predict
from training.pretrain.catalogue import Catalogue
from training.pretrain.objective import Texts

NEAREST = 10
BATCH = 32
FINDS = ("title finds its image in 10", "image finds its title in 10")
RANKS = ("title finds its image, 1/rank", "image finds its title, 1/rank")
NEIGHBOURS: dict[str, Modalities] = {
    "nearest has the same type, by image": "image",
    "nearest has the same type, by text": "text",
    "nearest has the same type, by both": "both",
}
SCORE = "score"
DRAWS, CONFIDENCE = 2_000, 0.9
# Of the ten nearest that the starting model names, the share that must stay where no types tell good from bad: half. A
# model that has collapsed keeps 10 of N, one that only puts near products in another order most.
MIN_KEPT = 0.5
MAX_CHANGED = 0.1  # share of products whose category may change


@dataclass(frozen=True)
class Measured:
    """Figures of N held-out products, each 0 to 1, NaN where it does not apply; and what is compared with another's.

    nearest_NK: the nearest others by image and text. categories: the node that is promised, "" for none.
    """

    figures: dict[str, Floats]
    nearest_NK: Ints
    categories: list[str]

    @property
    def has_types(self) -> bool:
        return any(name in self.figures for name in NEIGHBOURS)


def measure(checkpoint: Checkpoint, catalogue: Catalogue, rows: Sequence[int]) -> Measured:
    """rows: the held-out products, all with an image and a title, no two of a group."""
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    items = [catalogue.items[row] for row in rows]
    served = predict(model, encoded(model, tokenizer, catalogue, rows, [item.text for item in items]), MODALITIES)
    titles = predict(model, encoded(model, tokenizer, catalogue, rows, [item.title for item in items]), ["text"])
    title_NE, image_NE = titles["text"].fused_NE, served["image"].fused_NE
    ranks = retrieval_ranks(title_NE, image_NE), retrieval_ranks(image_NE, title_NE)
    figures = {name: (rank_N < NEAREST).astype(np.float32) for name, rank_N in zip(FINDS, ranks, strict=True)}
    figures |= {name: (1 / (1 + rank_N)).astype(np.float32) for name, rank_N in zip(RANKS, ranks, strict=True)}
    for name, way in NEIGHBOURS.items():
        agreed_N = same_type(served[way].fused_NE, [item.type for item in items])
        if agreed_N is not None:
            figures[name] = agreed_N
    return Measured(
        figures | {SCORE: score(figures)}, nearest(served["both"].fused_NE), promised(checkpoint, served["both"])
    )


@torch.inference_mode()
def encoded(
    model: CatalogModel, tokenizer: Tokenizer, catalogue: Catalogue, rows: Sequence[int], texts: Sequence[str]
) -> Iterator[tuple[Encoded, Encoded]]:
    """Both encodings, batch by batch. The model is in evaluation mode."""
    model.eval()
    for start in range(0, len(rows), BATCH):
        part = Texts.of(texts[start : start + BATCH], tokenizer).to(best_device())
        yield catalogue.images(rows[start : start + BATCH]), part.encode(model.text_encoder)


def nearest(vectors_NE: Floats) -> Ints:
    """(N, K): the others, nearest first, at most ten."""
    cosine_NN = vectors_NE @ vectors_NE.T
    np.fill_diagonal(cosine_NN, -np.inf)
    return np.argsort(-cosine_NN, axis=1, kind="stable")[:, : min(NEAREST, len(cosine_NN) - 1)]


def same_type(vectors_NE: Floats, types: Sequence[str]) -> Floats | None:
    """(N,): whether the nearest other product has the same type; NaN where none has. None if types tell nothing."""
    count = {name: types.count(name) for name in set(types)}
    known_N = np.array([bool(name) and count[name] > 1 for name in types])
    if known_N.sum() < NEAREST or len({name for name in types if name}) < 2:
        return None
    first_N = nearest(vectors_NE)[:, 0]
    same_N = np.array([types[row] == types[other] for row, other in enumerate(first_N)], np.float32)
    return np.where(known_N, same_N, np.float32(np.nan))


def score(figures: dict[str, Floats]) -> Floats:
    """(N,): half how well image and title find each other, half what neighbours share; the former alone without types.

    Contrastive learning improves the former by its nature: alone it would not tell what that costs the neighbours. The
    reciprocal rank, because among a few hundred products most are found in ten, whatever is learnt.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        finds_N = np.mean([figures[name] for name in RANKS], axis=0)
        typed = [figures[name] for name in NEIGHBOURS if name in figures]
        if not typed:
            return np.asarray(finds_N, np.float32)
        return np.nanmean([finds_N, np.nanmean(typed, axis=0)], axis=0)


def promised(checkpoint: Checkpoint, predictions: Predictions) -> list[str]:
    """The category that each product gets, as in `catalog.understand`."""
    descent, calibration = Descent(checkpoint.taxonomy), checkpoint.calibration
    leaf_NC = calibration.leaf_probability(predictions.leaf_NC, "both", leaf_roots(checkpoint.taxonomy))
    nodes = descent.promised(descent.scores(leaf_NC), partial(calibration.promised, "both"))
    return [node.id if node else "" for node in nodes]


@dataclass(frozen=True)
class Change:
    """Of one figure: its mean before and after, and the interval of the difference."""

    before: float
    after: float
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """changes: by figure. kept: share of the ten nearest that stayed. changed: share of categories that changed.

    reasons: why the new model is refused; none if it is accepted.
    """

    products: int
    changes: dict[str, Change]
    kept: float
    changed: float
    reasons: tuple[str, ...]

    def table(self) -> str:
        width = max(map(len, self.changes))
        lines = table_of(f"{self.products:,} held-out products", ("before", "after"), self.changes)
        kept = f"{'of the 10 nearest by both, kept':{width}}          {self.kept:6.3f}"
        changed = f"{'categories changed':{width}}          {self.changed:6.3f}"
        return "\n".join([*lines, kept, changed])


def table_of(title: str, names: tuple[str, str], changes: Mapping[str, Change]) -> list[str]:
    """The lines of a table. names: of what was before, and after."""
    width = max(map(len, [title, *changes]))
    before, after = names
    lines = [
        f"{name:{width}}  {one.before:6.3f}  {one.after:6.3f}  {one.after - one.before:+.3f}"
        f"  {one.low:+.3f} to {one.high:+.3f}"
        for name, one in changes.items()
    ]
    return [f"{title:{width}}  {before:>6}  {after:>6}  change  90 % interval", *lines]


def compare(before: Measured, after: Measured) -> Verdict:
    """Whether a model is better: its score rose by more than noise, no figure fell by more, and what it knew stayed.

    Noise: the 90 % interval of the mean difference of the same products, by bootstrap over products (Efron 1979).
    """
    changes = {name: change(figure_N, after.figures[name]) for name, figure_N in before.figures.items()}
    pairs = zip(before.nearest_NK, after.nearest_NK, strict=True)
    kept = float(np.mean([len(set(one) & set(other)) / len(one) for one, other in pairs]))
    changed = float(np.mean([one != other for one, other in zip(before.categories, after.categories, strict=True)]))
    reasons = []
    if changes[SCORE].low <= 0:
        reasons.append("the score did not rise by more than noise")
    reasons += [f"{name!r} fell" for name, one in changes.items() if one.high < 0 and name != SCORE]
    if not before.has_types and kept < MIN_KEPT:
        reasons.append(f"only {kept:.0%} of the neighbours stayed")
    if changed > MAX_CHANGED:
        reasons.append(f"{changed:.0%} of the categories changed")
    return Verdict(len(before.categories), changes, kept, changed, tuple(reasons))


def change(before_N: Floats, after_N: Floats) -> Change:
    """Over the products for which the figure applies."""
    applies_N: NDArray[np.bool_] = ~np.isnan(before_N)
    before_N, after_N = before_N[applies_N], after_N[applies_N]
    difference_N = after_N - before_N
    draws = np.random.default_rng(0).integers(0, len(difference_N), (DRAWS, len(difference_N)))
    low, high = np.quantile(difference_N[draws].mean(1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Change(float(before_N.mean()), float(after_N.mean()), float(low), float(high))
