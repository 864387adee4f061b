"""Fit what tells goods that are like the examples from others (`catalog.model.network.Likeness`), without examples of
other goods.

For images, each department in turn is left out of a sample and serves as the unknown one. For names, those of the
categories without examples do, and titles made up of them.
"""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from catalog.arrays import Floats, unit
from catalog.errors import ConfigInvalid
from catalog.model.familiarity import distance, projected
from catalog.model.network import CatalogModel, Likeness
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct
from training.data.masking import mask_labels
from training.data.text_vectors import read_texts
from training.texts.corpus import tree_title

FEWEST = 100  # images of a department, for it to be left out; products, for it to have examples
MADE = 2500  # titles of kinds with examples, and as many of those without
STRENGTH = 0.01  # of the linear layer, the inverse of its penalty


class Images(NamedTuple):
    """Pooled vectors of images (N, D), and the departments of their products (N,)."""

    pooled_ND: Floats
    roots_N: NDArray[Any]


class Near(NamedTuple):
    """A sample of images, projected by projection_DP, and slope and offset from distance to the log odds of being of
    another department than all of its.
    """

    projection_DP: Floats
    sample_NP: Floats
    away_2: Floats


def fit(
    model: CatalogModel,
    tokenizer: Tokenizer,
    taxonomy: Taxonomy,
    train: Sequence[LabelledProduct],
    sample: Images,
    val: Images,
) -> None:
    """Fit the model's likeness. sample: of at most `Likeness.SAMPLE` training images.

    Raises ConfigInvalid for a model whose images have no names, and for a tree with examples everywhere or nowhere.
    """
    likeness = fittable(model)
    train = [row for row in train if row.node]
    slopes = torch.from_numpy(fit_names(model, tokenizer, taxonomy, train))
    likeness.direction_E.copy_(slopes[:-1])
    likeness.offset.copy_(slopes[-1:])
    if near := fit_near(sample, val, likeness.NUMBERS):
        numbers = near.sample_NP.shape[1]
        likeness.projection_DP[:, :numbers] = torch.from_numpy(near.projection_DP)
        likeness.sample_NP[: len(near.sample_NP), :numbers] = torch.from_numpy(near.sample_NP)
        likeness.near_2.copy_(torch.from_numpy(-near.away_2))


def fittable(model: CatalogModel) -> Likeness:
    """The model's likeness. Raises ConfigInvalid for a model that cannot have one."""
    likeness, named = model.heads.likeness, model.image_encoder.named
    if likeness is None or model.heads.names is None or not model.heads.residual or named.start == named.stop:
        raise ConfigInvalid(
            "examples_weighed needs an open head, a residual embedding, and a stem whose classes have names."
        )
    if any(parameter.requires_grad for parameter in model.heads.text_embedding.parameters()):
        # What is fitted to the embeddings of texts says nothing of them once they have moved.
        raise ConfigInvalid("examples_weighed needs all of heads.text_embedding to be frozen.")
    return likeness


@torch.inference_mode()
def fit_names(
    model: CatalogModel, tokenizer: Tokenizer, taxonomy: Taxonomy, train: Sequence[LabelledProduct]
) -> Floats:
    """(E + 1): slopes and offset of the log odds that a text's embedding names a kind with examples."""
    taught_C, shown, others = with_examples(train, taxonomy)
    if not others or not 0 < taught_C.sum() < len(taught_C):
        raise ConfigInvalid("examples_weighed needs departments with examples and departments without.")
    titled = every([row for row in train if row.title], MADE)
    masked = [mask_labels(row, taxonomy).title for row in titled]
    titles = [[row.title for row in titled], [title for title in masked if title], made_titles(taxonomy, shown)]

    def embedded(texts: Sequence[str]) -> Floats:
        read_ND = read_texts(texts, model.text_encoder, tokenizer).float()
        return np.asarray(F.normalize(model.heads.text_embedding(read_ND), dim=-1).numpy())

    assert model.heads.names is not None
    names_CE = F.normalize(model.heads.text_embedding(model.heads.names.read_CF), dim=-1).numpy()
    known = [names_CE[taught_C], *(embedded(texts) for texts in titles if texts)]
    return -logistic(known, [names_CE[~taught_C], embedded(made_titles(taxonomy, others))], STRENGTH)


def with_examples(train: Sequence[LabelledProduct], taxonomy: Taxonomy) -> tuple[NDArray[np.bool_], set[str], set[str]]:
    """Whether each leaf is of a department with FEWEST products or more, (C,); the categories of products; and the
    leaves neither whose own nor whose upper categories are among them.
    """
    counts = Counter(root_of(row, taxonomy) for row in train)
    taught_C = np.array([counts[taxonomy.ancestors(leaf.id)[0]] >= FEWEST for leaf in taxonomy.leaves])
    shown = {str(row.node) for row in train}
    return taught_C, shown, {leaf.id for leaf in taxonomy.leaves if shown.isdisjoint(taxonomy.ancestors(leaf.id))}


def made_titles(taxonomy: Taxonomy, nodes: Collection[str]) -> list[str]:
    """MADE titles of products of these nodes, in English or Chinese; the same in every run."""
    draw = random.Random(0)
    within = [node for node in taxonomy.nodes if node.id in nodes]
    made = [tree_title(taxonomy, draw, draw.choice(within)) for _ in range(MADE)]
    return [draw.choice((text.english, *text.same)) for text in made]


def fit_near(sample: Images, val: Images, numbers: int) -> Near | None:
    """None if there are fewer than two departments of FEWEST images in `val`."""
    if sum((val.roots_N == root).sum() >= FEWEST for root in set(val.roots_N.tolist())) < 2:
        return None
    unit_SD = unit(sample.pooled_ND)
    _, _, directions_DD = np.linalg.svd(unit_SD - unit_SD.mean(0), full_matrices=False)
    projection_DP = np.ascontiguousarray(directions_DD[:numbers].T)
    sample_NP = projected(sample.pooled_ND, projection_DP)
    known, unknown = [], []
    for root in sorted(set(val.roots_N.tolist())):
        if (val.roots_N == root).sum() >= FEWEST and (sample.roots_N != root).any():
            distance_N = distance(val.pooled_ND, projection_DP, sample_NP[sample.roots_N != root])
            known.append(distance_N[val.roots_N != root])
            unknown.append(distance_N[val.roots_N == root])
    away_2 = logistic([np.concatenate(known)[:, None]], [np.concatenate(unknown)[:, None]], 100.0)
    return Near(projection_DP, sample_NP, away_2)


def roots(rows: Sequence[LabelledProduct], taxonomy: Taxonomy) -> NDArray[Any]:
    """The department of each row, which has a category."""
    return np.array([root_of(row, taxonomy) for row in rows])


def root_of(row: LabelledProduct, taxonomy: Taxonomy) -> str:
    return taxonomy.ancestors(str(row.node))[0]


def logistic(known: Sequence[Floats], unknown: Sequence[Floats], strength: float) -> Floats:
    """(D + 1): slopes and offset of the log odds of being unknown. Both classes weigh alike, as do their parts."""
    from sklearn.linear_model import LogisticRegression

    inputs_ND = np.concatenate([*known, *unknown])
    scale_D = inputs_ND.std(0) + 1e-6
    weights = [np.full(len(part), 1 / len(side) / len(part)) for side in (known, unknown) for part in side]
    truth_N = np.arange(len(inputs_ND)) >= sum(map(len, known))
    fitted = LogisticRegression(C=strength, max_iter=1000)
    fitted.fit(inputs_ND / scale_D, truth_N, sample_weight=np.concatenate(weights) * len(inputs_ND) / 2)
    return np.asarray([*(fitted.coef_[0] / scale_D), fitted.intercept_[0]], np.float32)


Item = TypeVar("Item")


def every(items: Sequence[Item], limit: int) -> list[Item]:
    """At most `limit` items, evenly spaced."""
    return list(items[:: -(-len(items) // limit)]) if len(items) > limit else list(items)
