"""What a model gets right on labelled products it never saw, for each choice of modalities."""

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
from training.evaluation.predict import Predictions, encode_rows, has_modalities, predict

Report = dict[str, Any]


@dataclass(frozen=True)
class Classes:
    """The categories that a data set names, as disjoint sets of leaves: of one above another, only the lower counts.

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
    """Per product: its own class and the likeliest (indices into Classes.nodes), that one's share of the probability of
    all classes, whether right; and, open, the same of the likeliest leaf of the whole tree.

    A product whose label lies above several classes is right with any of them; `gold_N` is then the likeliest of
    those.
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
    """Score one split of a manifest. "both" reads whatever each product has; "image" and "text" take one away.

    max_unmapped: the largest share of products whose category the tree may lack; the report says how many those are.
    Raises ManifestInvalid beyond it, and when the split holds no product with the chosen modality and a category of the
    tree.
    """
    taxonomy = checkpoint.taxonomy
    rows = [row for row in everything if row.split == split]
    chosen = [row for row in rows if modalities == "both" or has_modalities(row, modalities)]
    unmapped(rows, max_unmapped)
    mapped, read = readable([row for row in chosen if row.node], masked, taxonomy)
    if not mapped:
        raise ManifestInvalid(f"The split {split!r} has no product with {modalities} and a category of the tree.")
    encoded = encode_rows(checkpoint.model, read, checkpoint.tokenizer)
    answers = predict(checkpoint.model, encoded, [modalities])[modalities]
    classes = Classes.of(everything, taxonomy)
    probability_NC = probabilities(read, answers.leaf_NC, modalities, checkpoint.calibration, taxonomy)
    result = category_result(mapped, probability_NC, classes, taxonomy)
    figures = classification(result.gold_N, result.predicted_N)
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
        "category": {
            "classes": len(classes.nodes),
            "leaf_accuracy": float(result.correct_N.mean()),
            "parent_accuracy": float(result.parent_correct.mean()) if len(result.parent_correct) else None,
            "open_accuracy": float(result.open_correct_N.mean()),
            **{name: figures[name] for name in ("macro_f1", "weighted_f1", "macro_recall")},
        },
        "calibration": {
            "ece": calibration_error(result.confidence_N, result.correct_N),
            "ece_by_chance": chance_calibration_error(result.confidence_N),
            "open_ece": calibration_error(result.open_confidence_N, result.open_correct_N),
            "bins": 15,
        },
        "attributes": attribute_scores(mapped, answers, taxonomy),
        "tags": tag_scores(mapped, answers, taxonomy),
        "retrieval": retrieval_scores(read, answers),
    }
    return report, result, classes


def readable(
    rows: Sequence[LabelledProduct], masked: bool, taxonomy: Taxonomy
) -> tuple[list[LabelledProduct], list[LabelledProduct]]:
    """Products, and what the model may read of each. Left out: text alone whose every word names the label."""
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
    """Calibrated leaf probabilities, each product by the modalities that were read of it."""
    roots = leaf_roots(taxonomy)
    by_kind = {kind: calibration.leaf_probability(leaf_NC, kind, roots) for kind in ("image", "text", "both")}
    used = [used_modalities(row, modalities) for row in rows]
    return np.stack([by_kind[kind][n] for n, kind in enumerate(used)])


def used_modalities(row: LabelledProduct, modalities: Modalities) -> Modalities:
    if modalities != "both" or has_modalities(row, "both"):
        return modalities
    return "image" if row.image else "text"


def attribute_labels(rows: Sequence[LabelledProduct], attribute: Attribute) -> tuple[list[int], Ints]:
    """Which products have a known value of the attribute, and each one's index among its values."""
    number = {value: i for i, value in enumerate(attribute.values)}
    known = [n for n, row in enumerate(rows) if row.attributes.get(attribute.name) in number]
    return known, np.array([number[rows[n].attributes[attribute.name]] for n in known])


def attribute_scores(rows: Sequence[LabelledProduct], answers: Predictions, taxonomy: Taxonomy) -> Report:
    """Accuracy and macro F1 of each attribute, over the products that have it with a known value."""
    scores = {}
    for attribute in taxonomy.attributes:
        known, gold = attribute_labels(rows, attribute)
        if known:
            predicted = answers.attributes[attribute.name][known].argmax(1)
            scores[attribute.name] = classification(gold, predicted) | {"products": len(known)}
    return scores


def tag_scores(rows: Sequence[LabelledProduct], answers: Predictions, taxonomy: Taxonomy) -> Report | None:
    """Tags are known for products whose original title is: they are its words. With text as input that is easy."""
    known = [n for n, row in enumerate(rows) if row.title]
    labels_NG = np.array([[tag.name in rows[n].tags for tag in taxonomy.tags] for n in known], bool)
    if not labels_NG.any():
        return None
    scores_NG = sigmoid(answers.tags_NG[known])
    return {"mean_average_precision": mean_average_precision(scores_NG, labels_NG), "products": len(known)}


def retrieval_scores(rows: Sequence[LabelledProduct], answers: Predictions) -> Report | None:
    """Words find the image (r_at_k) and the image its words, among all products of the split that have both."""
    both = [n for n, row in enumerate(rows) if has_modalities(row, "both")]
    if len(both) < 2:
        return None
    text_NE, image_NE = answers.text_NE[both], answers.image_NE[both]
    backward = recall_at(retrieval_ranks(image_NE, text_NE), (1, 10))
    return {
        **recall_at(retrieval_ranks(text_NE, image_NE), (1, 10)),
        "picture_to_text": backward,
        "candidates": len(both),
    }


def validation_scores(
    model: CatalogModel, rows: Sequence[LabelledProduct], encoded: Iterable[tuple[Encoded, Encoded]], taxonomy: Taxonomy
) -> dict[str, float]:
    """What training looks at: accuracy among all leaves by data set and modalities; "score" is that of all of them,
    each product counting once for each choice of modalities that it has, so that a tiny set does not decide.
    """
    choices: tuple[Modalities, ...] = ("image", "text", "both")
    answers = predict(model, encoded, choices)
    hits: dict[str, list[bool]] = {}
    for n, row in enumerate(rows):
        for choice in choices:
            if row.node and has_modalities(row, choice):
                right = int(answers[choice].leaf_NC[n].argmax()) in taxonomy.leaves_under(row.node)
                hits.setdefault(f"{row.source}/{choice}", []).append(right)
    scores = {name: round(float(np.mean(hits[name])), 4) for name in sorted(hits)}
    return {"score": round(float(np.mean([hit for cell in hits.values() for hit in cell])), 4), **scores}
