"""What tells goods that are like the examples from others: fitted without any example of others."""

import dataclasses

import numpy as np
import pytest
import torch

from catalog.errors import ConfigInvalid
from catalog.model.familiarity import distance
from catalog.model.network import CatalogModel
from catalog.taxonomy.tree import Taxonomy
from tests.catalog.model.test_stem import shared_config
from tests.support.tiny import tiny_taxonomy, tiny_tokenizer
from training.data.manifests import LabelledProduct
from training.data.text_vectors import read_texts
from training.likeness import Images, every, fit, fit_names, fit_near, logistic

RANDOM = np.random.default_rng(0)
TITLES = ("red shirt", "blue shoe", "striped shirt men", "running shoe women")
KINDS = ("clothes.shirt", "clothes.shoe")


def clothes(count: int) -> list[LabelledProduct]:
    return [
        LabelledProduct("shop", str(n), "train", None, TITLES[n % 4], "", "", KINDS[n % 2], None, {}, frozenset())
        for n in range(count)
    ]


def model_of(taxonomy: Taxonomy) -> CatalogModel:
    """Its text encoder and its projection are random, so that texts of different words have different vectors."""
    torch.manual_seed(0)
    config = dataclasses.replace(shared_config(), examples_weighed=True)
    model = CatalogModel(config, taxonomy).eval()
    assert model.heads.names is not None
    labels = [leaf.label for leaf in taxonomy.leaves]
    model.heads.names.read_CF.copy_(read_texts(labels, model.text_encoder, tiny_tokenizer()).float())
    return model


@torch.inference_mode()
def test_texts_of_kinds_with_examples_are_told_from_others() -> None:
    """Clothes have a hundred examples, food has none."""
    tree = tiny_taxonomy()
    model = model_of(tree)
    slopes = fit_names(model, tiny_tokenizer(), tree, clothes(100))
    texts = [*TITLES, "fresh green apple", "Apples", "pear", "green Pear"]
    read_ND = read_texts(texts, model.text_encoder, tiny_tokenizer()).float()
    text_NE = torch.nn.functional.normalize(model.heads.text_embedding(read_ND), dim=-1).numpy()
    odds = text_NE @ slopes[:-1] + slopes[-1]
    assert odds[:4].min() > odds[4:].max()


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_tree_with_examples_nowhere_or_everywhere_is_refused(everywhere: bool) -> None:
    rows = clothes(99)
    if everywhere:
        rows = [dataclasses.replace(row, node=node) for row in clothes(100) for node in ("food.apple", row.node)]
    with pytest.raises(ConfigInvalid, match="departments with examples and departments without"):
        fit_names(model_of(tiny_taxonomy()), tiny_tokenizer(), tiny_taxonomy(), rows)


def test_a_model_that_names_nothing_is_refused() -> None:
    torch.manual_seed(0)
    config = dataclasses.replace(shared_config(), examples_weighed=True, open_head=False)
    nothing = Images(np.zeros((0, 4), np.float32), np.array([]))
    with pytest.raises(ConfigInvalid, match="examples_weighed needs an open head"):
        fit(CatalogModel(config, tiny_taxonomy()), tiny_tokenizer(), tiny_taxonomy(), clothes(100), nothing, nothing)


def test_images_of_another_department_are_told_by_their_distance() -> None:
    centres = RANDOM.normal(size=(3, 30))
    vectors_ND = np.concatenate([RANDOM.normal(centre, 0.1, (200, 30)) for centre in centres]).astype(np.float32)
    images = Images(vectors_ND, np.repeat(["a", "b", "c"], 200))
    near = fit_near(images, images, 16)
    assert near is not None
    slope, offset = near.away_2
    assert slope > 0
    strange_ND = RANDOM.normal(RANDOM.normal(size=30), 0.1, (50, 30)).astype(np.float32)
    odds = [slope * distance(each, near.projection_DP, near.sample_NP) + offset for each in (vectors_ND, strange_ND)]
    assert (odds[0] < 0).mean() > 0.95
    assert (odds[1] > 0).mean() > 0.95
    few = Images(vectors_ND[:250], images.roots_N[:250])
    assert fit_near(images, few, 16) is None, "one department has a hundred images"


def test_log_odds_tell_apart_what_they_were_fitted_to() -> None:
    known, unknown = RANDOM.normal(0, 1, (300, 4)), RANDOM.normal(2, 1, (30, 4))
    slopes = logistic([known], [unknown], 1.0)
    odds = [part @ slopes[:-1] + slopes[-1] for part in (known, unknown)]
    assert (odds[0] < 0).mean() > 0.9
    assert (odds[1] > 0).mean() > 0.9


def test_a_sample_is_drawn_evenly() -> None:
    assert every(range(10), 20) == list(range(10))
    assert every(range(10), 5) == [0, 2, 4, 6, 8]
