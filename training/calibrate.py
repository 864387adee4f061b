"""Measure on `val` what a score is worth: temperatures, thresholds, and where a tag or attribute makes sense."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from catalog.calibration import Calibration, Floats, Modalities, leaf_roots, sigmoid, softmax
from catalog.errors import InvalidManifest
from catalog.model import CatalogModel
from catalog.taxonomy import Taxonomy
from catalog.tokens import Tokenizer
from training.data import Labelled
from training.evaluate import Classes, attribute_labels
from training.metrics import Flags, Ints
from training.predict import Predictions, encode_rows, has_modalities, predict

CHOICES: tuple[Modalities, ...] = ("image", "text", "both")
FEWEST = 100  # with fewer products under a root, its temperature is the common one
AUTO_ACCURACY, ATTRIBUTE_ACCURACY = 0.98, 0.9


def calibrate(
    model: CatalogModel,
    taxonomy: Taxonomy,
    tokenizer: Tokenizer,
    train: Sequence[Labelled],
    val: Sequence[Labelled],
) -> Calibration:
    """Everything in `Calibration`, from `val`; only the roots of tags and attributes are read off `train`'s labels."""
    labelled = [row for row in val if row.node]
    if not labelled:
        raise InvalidManifest("There is no product with a category of the tree to calibrate on.")
    answers = predict(model, encode_rows(model, labelled, tokenizer), CHOICES)
    possible_NC = named_leaves(labelled, [*train, *labelled], taxonomy)
    temperature = {
        choice: category_temperatures(labelled, answers[choice], possible_NC, choice, taxonomy) for choice in CHOICES
    }
    calibration = Calibration(temperature=temperature)
    confidence_N, correct_N = category_confidence(labelled, answers, calibration, taxonomy)
    tag_thresholds = best_tag_thresholds(labelled, answers["image"], taxonomy)
    temperatures, thresholds = attribute_calibration(labelled, answers["both"], taxonomy)
    return Calibration(
        temperature=temperature,
        attribute_temperature=temperatures,
        attribute_thresholds=thresholds,
        attribute_roots={a.name: roots_with(train, taxonomy, a.name) for a in taxonomy.attributes},
        tag_thresholds=tag_thresholds,
        tag_roots=roots_with(train, taxonomy, None),
        auto=least_score(confidence_N, correct_N, AUTO_ACCURACY),
    )


def best_temperature(loss: Callable[[float], float]) -> float:
    """The minimum over a geometric grid from 0.25 to 4."""
    grid = np.geomspace(0.25, 4, 81)
    return round(float(grid[np.argmin([loss(float(t)) for t in grid])]), 4)


def named_leaves(rows: Sequence[Labelled], everything: Sequence[Labelled], taxonomy: Taxonomy) -> Flags:
    """(rows, leaves): which leaves lie under a category that the row's data set names. What a set of 17 garments loses
    to an 18th says nothing of its scores: no product of it could have been one.
    """
    by_source = {
        source: Classes.of([row for row in everything if row.source == source], taxonomy).member_KC.any(0)
        for source in {row.source for row in rows}
    }
    return np.stack([by_source[row.source] for row in rows])


def category_temperatures(
    rows: Sequence[Labelled], answers: Predictions, possible_NC: Flags, choice: Modalities, taxonomy: Taxonomy
) -> dict[str, float]:
    """Fitted by likelihood, by the root of the likeliest leaf, each row among the leaves its data set names."""
    chosen = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
    if not chosen:
        return {}
    roots = np.array(leaf_roots(taxonomy))
    leaf_NC = answers.leaf_NC[chosen]
    best_root_N = roots[leaf_NC.argmax(1)]
    leaf_NC[~possible_NC[chosen]] = -1e4
    member_NC = np.zeros_like(leaf_NC)
    for n, index in enumerate(chosen):
        member_NC[n, list(taxonomy.leaves_under(str(rows[index].node)))] = 1

    def fitted(keep_N: Flags) -> float:
        def loss(temperature: float) -> float:
            gold_N = (softmax(leaf_NC[keep_N] / temperature) * member_NC[keep_N]).sum(1)
            return float(-np.log(np.maximum(gold_N, 1e-9)).mean())

        return best_temperature(loss)

    temperatures = {"*": fitted(np.ones(len(chosen), bool))}
    for root in dict.fromkeys(roots.tolist()):
        if (best_root_N == root).sum() >= FEWEST:
            temperatures[root] = fitted(best_root_N == root)
    return temperatures


def category_confidence(
    rows: Sequence[Labelled], answers: dict[Modalities, Predictions], calibration: Calibration, taxonomy: Taxonomy
) -> tuple[Floats, Flags]:
    """Score and correctness of the category that would be served, for each product by each choice of modalities."""
    confidence, correct = [], []
    for choice in CHOICES:
        mine = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
        if mine:
            probability_NC = calibration.leaf_probability(answers[choice].leaf_NC[mine], choice, leaf_roots(taxonomy))
            best = probability_NC.argmax(1)
            under = [taxonomy.leaves_under(str(rows[n].node)) for n in mine]
            confidence.append(probability_NC.max(1))
            correct.append(np.array([leaf in leaves for leaf, leaves in zip(best, under, strict=True)]))
    return np.concatenate(confidence), np.concatenate(correct)


def least_score(confidence_N: Floats, correct_N: Flags, accuracy: float) -> float:
    """The least score from which on products are right as often as `accuracy`; 1 if there is none."""
    order = np.argsort(-confidence_N)
    hits = correct_N[order].astype(np.float64)
    good = np.flatnonzero(hits.cumsum() / np.arange(1, len(hits) + 1) >= accuracy)
    return round(float(confidence_N[order[good[-1]]]), 4) if len(good) else 1.0


def attribute_calibration(
    rows: Sequence[Labelled], answers: Predictions, taxonomy: Taxonomy
) -> tuple[dict[str, float], dict[str, float]]:
    temperatures, thresholds = {}, {}
    for attribute in taxonomy.attributes:
        known, gold_N = attribute_labels(rows, attribute)
        if known:
            logits_NV = answers.attributes[attribute.name][known]

            def loss(t: float, logits_NV: Floats = logits_NV, gold_N: Ints = gold_N) -> float:
                return float(-np.log(np.maximum(softmax(logits_NV / t)[np.arange(len(gold_N)), gold_N], 1e-9)).mean())

            temperatures[attribute.name] = best_temperature(loss)
            probability_NV = softmax(logits_NV / temperatures[attribute.name])
            right_N = probability_NV.argmax(1) == gold_N
            thresholds[attribute.name] = least_score(probability_NV.max(1), right_N, ATTRIBUTE_ACCURACY)
    return temperatures, thresholds


def best_tag_thresholds(rows: Sequence[Labelled], answers: Predictions, taxonomy: Taxonomy) -> dict[str, float]:
    """Per tag the threshold of the best F1 by picture alone: with the words at hand a score is near 0 or 1 anyway."""
    known = [n for n, row in enumerate(rows) if row.title and row.image]
    scores_NG = sigmoid(answers.tags_NG[known])
    grid = np.linspace(0.1, 0.9, 33)
    thresholds = {}
    for g, tag in enumerate(taxonomy.tags):
        labels_N = np.array([tag.name in rows[n].tags for n in known])
        if labels_N.any():
            reported = [scores_NG[:, g] >= threshold for threshold in grid]
            f1 = [2 * (r & labels_N).sum() / max(r.sum() + labels_N.sum(), 1) for r in reported]
            thresholds[tag.name] = round(float(grid[int(np.argmax(f1))]), 4)
    return thresholds


def roots_with(rows: Iterable[Labelled], taxonomy: Taxonomy, attribute: str | None) -> list[str]:
    """The root nodes under which at least one labelled product in fifty has the attribute; None: has any tag."""
    total: Counter[str] = Counter()
    having: Counter[str] = Counter()
    for row in rows:
        if row.node:
            root = taxonomy.ancestors(row.node)[0]
            total[root] += 1
            having[root] += attribute in row.attributes if attribute else bool(row.tags)
    return sorted(root for root in total if having[root] >= 0.02 * total[root] and having[root] > 0)
