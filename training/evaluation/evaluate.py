"""Scores of a model on labelled products that it was not trained on, for each choice of modalities."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.arrays import Floats, Modalities, sigmoid
from catalog.errors import ManifestInvalid
from catalog.model.calibration import Calibration, leaf_roots
from catalog.model.checkpoint import Checkpoint
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel
from catalog.taxonomy.tree import Attribute, Taxonomy
from training.data.manifests import LabelledProduct, unmapped
from training.data.masking import mask_labels
from training.evaluation.metrics import (
    Flags,
    Ints,
    calibration_error,
    chance_calibration_error,
    classification,
    mean_average_precision,
    recall_at,
    retrieval_ranks,
)
from training.evaluation.predict import Predictions, encode_rows, has_modalities, named_leaves, predict

Report = dict[str, Any]


@dataclass(frozen=True)
class Classes:
    """The K categories of a data set as disjoint sets of leaves: of two categories, one above the other, the lower.

    nodes: ids; member_KC: 1 where the leaf belongs to the class.
    """

    nodes: tuple[str, ...]
    member_KC: Floats

    @classmethod
    def of(cls, rows: Sequence[LabelledProduct], taxonomy: Taxonomy) -> "Classes":
        named = {row.node for row in rows if row.node}
        above = {ancestor for node in named for ancestor in taxonomy.ancestors(node)[:-1]}
        nodes = tuple(node.id for node in taxonomy.nodes if node.id in named - above)
        member_KC = np.zeros((len(nodes), len(taxonomy.leaves)), np.float32)
        for k, node in enumerate(nodes):
            member_KC[k, list(taxonomy.leaves_under(node))] = 1
        return cls(nodes, member_KC)


@dataclass(frozen=True)
class CategoryResult:
    """Labels and predictions of N products.

    gold_N, predicted_N: indices into Classes.nodes. confidence_N: the predicted class's share of the probability of all
    classes. open_*: the same for the likeliest leaf of the whole tree. A label above several classes makes each of them
    correct; `gold_N` is then the likeliest.
    """

    gold_N: Ints
    predicted_N: Ints
    confidence_N: Floats
    correct_N: Flags
    parent_correct: Flags
    open_confidence_N: Floats
    open_correct_N: Flags


def category_result(
    rows: Sequence[LabelledProduct], probability_NC: Floats, classes: Classes, taxonomy: Taxonomy
) -> CategoryResult:
    class_NK = probability_NC @ classes.member_KC.T
    predicted_N = class_NK.argmax(1)
    under = {node.id: set(taxonomy.leaves_under(node.id)) for node in taxonomy.nodes}
    best_leaf_N = probability_NC.argmax(1)
    gold, correct, parent, open_ = [], [], [], []
    for n, row in enumerate(rows):
        assert row.node is not None
        mine = [k for k, node in enumerate(classes.nodes) if under[node] <= under[row.node]]
        gold.append(max(mine, key=lambda k: class_NK[n, k]))
        chosen = under[classes.nodes[predicted_N[n]]]
        correct.append(chosen <= under[row.node])
        open_.append(best_leaf_N[n] in under[row.node])
        if row.parent:
            parent.append(chosen <= under[row.parent])
    return CategoryResult(
        gold_N=np.array(gold),
        predicted_N=predicted_N,
        confidence_N=class_NK.max(1) / class_NK.sum(1),
        correct_N=np.array(correct),
        parent_correct=np.array(parent),
        open_confidence_N=probability_NC.max(1),
        open_correct_N=np.array(open_),
    )


def evaluate(
    checkpoint: Checkpoint,
    everything: Sequence[LabelledProduct],
    split: str,
    modalities: Modalities = "both",
    masked: bool = False,
    max_unmapped: float = 0.1,
) -> tuple[Report, CategoryResult, Classes]:
    """Score one split of a manifest. modalities: "both" uses whatever each product has, "image" and "text" only that.

    masked: remove label words from the text. max_unmapped: the largest share of products whose category the tree may
    lack; the report counts them. Raises ManifestInvalid above it, or if no product has the modality and a category.
    """
    taxonomy = checkpoint.taxonomy
    rows = [row for row in everything if row.split == split]
    chosen = [row for row in rows if modalities == "both" or has_modalities(row, modalities)]
    unmapped(rows, max_unmapped)
    mapped, read = readable([row for row in chosen if row.node], masked, taxonomy)
    if not mapped:
        raise ManifestInvalid(f"The split {split!r} has no product with {modalities} and a category of the tree.")
    encoded = encode_rows(checkpoint.model, read, checkpoint.tokenizer)
    choices: list[Modalities] = ["both", "image", "text"] if modalities == "both" else [modalities]
    found = predict(checkpoint.model, encoded, choices, checkpoint.familiarity)
    outputs = found[modalities]
    classes = Classes.of(everything, taxonomy)
    probability_NC = probabilities(read, outputs.leaf_NC, modalities, checkpoint.calibration, taxonomy)
    result = category_result(mapped, probability_NC, classes, taxonomy)
    report: Report = {
        "model": checkpoint.version,
        "split": split,
        "modalities": modalities,
        "mask_labels": masked,
        "products": {
            "scored": len(mapped),
            "without_category": sum(row.node is None for row in chosen),
            "in_split": len(rows),
        },
        "category": category_scores(result, classes),
        "calibration": calibration_scores(result),
        "attributes": attribute_scores(mapped, outputs, taxonomy),
        "tags": tag_scores(mapped, outputs, taxonomy),
        "retrieval": retrieval_scores(read, found["text"], found["image"]) if modalities == "both" else None,
    }
    return report, result, classes


def category_scores(result: CategoryResult, classes: Classes) -> Report:
    """Accuracy of the leaf, of its parent and among all leaves of the tree ("open"), and macro and weighted scores."""
    figures = classification(result.gold_N, result.predicted_N)
    return {
        "classes": len(classes.nodes),
        "leaf_accuracy": float(result.correct_N.mean()),
        "parent_accuracy": float(result.parent_correct.mean()) if len(result.parent_correct) else None,
        "open_accuracy": float(result.open_correct_N.mean()),
        **{name: figures[name] for name in ("macro_f1", "weighted_f1", "macro_recall")},
    }


def calibration_scores(result: CategoryResult) -> Report:
    """Expected calibration errors, beside the one that perfectly calibrated scores would have by chance."""
    return {
        "ece": calibration_error(result.confidence_N, result.correct_N),
        "ece_by_chance": chance_calibration_error(result.confidence_N),
        "open_ece": calibration_error(result.open_confidence_N, result.open_correct_N),
        "bins": 15,
    }


def readable(
    rows: Sequence[LabelledProduct], masked: bool, taxonomy: Taxonomy
) -> tuple[list[LabelledProduct], list[LabelledProduct]]:
    """Products, and the (masked) inputs of each. Products of which masking leaves nothing are left out."""
    pairs = [(row, mask_labels(row, taxonomy) if masked else row) for row in rows]
    pairs = [(row, read) for row, read in pairs if read.image or read.title or read.description]
    return [row for row, _ in pairs], [read for _, read in pairs]


def probabilities(
    rows: Sequence[LabelledProduct],
    leaf_NC: Floats,
    modalities: Modalities,
    calibration: Calibration,
    taxonomy: Taxonomy,
) -> Floats:
    """Calibrated leaf probabilities (N, C); the calibration depends on the modalities that a product has."""
    used = [used_modalities(row, modalities) for row in rows]
    titles = ["" if kind == "image" else row.title for row, kind in zip(rows, used, strict=True)]
    leaf_NC = leaf_NC + calibration.named * named_leaves(titles, taxonomy)
    roots = leaf_roots(taxonomy)
    by_kind = {kind: calibration.leaf_probability(leaf_NC, kind, roots) for kind in ("image", "text", "both")}
    return np.stack([by_kind[kind][n] for n, kind in enumerate(used)])


def used_modalities(row: LabelledProduct, modalities: Modalities) -> Modalities:
    if modalities != "both" or has_modalities(row, "both"):
        return modalities
    return "image" if row.image else "text"


def attribute_labels(rows: Sequence[LabelledProduct], attribute: Attribute) -> tuple[list[int], Ints]:
    """Indices of the products with a known value of the attribute, and the indices of those values."""
    number = {value: i for i, value in enumerate(attribute.values)}
    known = [n for n, row in enumerate(rows) if row.attributes.get(attribute.name) in number]
    return known, np.array([number[rows[n].attributes[attribute.name]] for n in known])


def attribute_scores(rows: Sequence[LabelledProduct], outputs: Predictions, taxonomy: Taxonomy) -> Report:
    """Accuracy and F1 of each attribute, over the products with a known value of it."""
    scores = {}
    for attribute in taxonomy.attributes:
        known, gold = attribute_labels(rows, attribute)
        if known:
            predicted = outputs.attributes[attribute.name][known].argmax(1)
            scores[attribute.name] = classification(gold, predicted) | {"products": len(known)}
    return scores


def tag_scores(rows: Sequence[LabelledProduct], outputs: Predictions, taxonomy: Taxonomy) -> Report | None:
    """Mean average precision over products with a title. Tags come from the title, so text as input makes it easy."""
    known = [n for n, row in enumerate(rows) if row.title]
    labels_NG = np.array([[tag.name in rows[n].tags for tag in taxonomy.tags] for n in known], bool)
    if not labels_NG.any():
        return None
    scores_NG = sigmoid(outputs.tags_NG[known])
    return {"mean_average_precision": mean_average_precision(scores_NG, labels_NG), "products": len(known)}


def retrieval_scores(rows: Sequence[LabelledProduct], by_text: Predictions, by_image: Predictions) -> Report | None:
    """Recall of text-to-image (r_at_k) and image-to-text retrieval, among the products that have both, by the vectors
    that a search compares: those of each modality read alone.
    """
    both = [n for n, row in enumerate(rows) if has_modalities(row, "both")]
    if len(both) < 2:
        return None
    text_NE, image_NE = by_text.fused_NE[both], by_image.fused_NE[both]
    backward = recall_at(retrieval_ranks(image_NE, text_NE), (1, 10))
    return {
        **recall_at(retrieval_ranks(text_NE, image_NE), (1, 10)),
        "picture_to_text": backward,
        "candidates": len(both),
    }


def validation_scores(
    model: CatalogModel, rows: Sequence[LabelledProduct], encoded: Iterable[tuple[Encoded, Encoded]], taxonomy: Taxonomy
) -> dict[str, float]:
    """Accuracy among all leaves by data set and modalities, and "score", by which training selects the model.

    "score" is the accuracy over all products, each counted once for each choice of modalities that it has, so that a
    small data set does not dominate.
    """
    choices: tuple[Modalities, ...] = ("image", "text", "both")
    outputs = predict(model, encoded, choices)
    hits: dict[str, list[bool]] = {}
    for n, row in enumerate(rows):
        for choice in choices:
            if row.node and has_modalities(row, choice):
                right = int(outputs[choice].leaf_NC[n].argmax()) in taxonomy.leaves_under(row.node)
                hits.setdefault(f"{row.source}/{choice}", []).append(right)
    scores = {name: round(float(np.mean(hits[name])), 4) for name in sorted(hits)}
    return {"score": round(float(np.mean([hit for cell in hits.values() for hit in cell])), 4), **scores}
