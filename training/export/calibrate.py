"""Calibration on `val`: temperatures, thresholds, and the tags and attribute values proven for each category."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from catalog.arrays import MODALITIES, Floats, Modalities, sigmoid, softmax
from catalog.model.calibration import Calibration, leaf_roots
from catalog.model.familiarity import Familiarity
from catalog.product import CategoryScore
from catalog.taxonomy.descent import Descent
from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct
from training.evaluation.evaluate import attribute_labels
from training.evaluation.metrics import Flags, Ints
from training.evaluation.predict import has_modalities
from training.export.readings import Reading, Readings, with_names

FEWEST = 100  # a root with fewer products gets the common temperature and thresholds
AUTO_ACCURACY = 0.98
AUTO_SHARE = 0.01  # of the products, for their department to count as measured
PROMISE_ACCURACY = 0.9  # of the hundred products whose score is the nearest
PROOF = 0.9
# Maximum share of products of known kinds that count as unfamiliar.
UNFAMILIAR = 0.02
# Limits of the familiarity that `auto` requires: the share of all products that `auto` may lose by it, and the share of
# products that may be less familiar than required.
AUTO_LOST, AUTO_UNFAMILIAR = 0.01, 0.2
NAMED = (2.0, 1.5, 1.0, 0.5)  # what may be added for a leaf that a title names
SURE = 1.645  # 95 % quantile of the normal distribution, for Wilson's lower bound (1927): 3 of 3 prove nothing


def calibrate(
    val: Sequence[LabelledProduct],
    readings: Readings,
    valued: dict[Modalities, Reading],
    taxonomy: Taxonomy,
    familiarity: Familiarity | None,
    opinions: Collection[str] = (),
) -> Calibration:
    """The calibration of a model.

    readings: outputs for `val`, each row of which has a category of the tree. valued: likewise, by choice, where
    half of the titles name no value of the product's attributes: other shops' titles need not, as `val`'s do.
    What scores are worth in departments without labelled products is told by those that go by the names alone.
    opinions: attributes that labels cannot prove.
    """
    answers = readings.by_choice
    temperature = {
        choice: category_temperatures(val, answers[choice].leaf_NC, answers[choice].names_NC, choice, taxonomy)
        for choice in MODALITIES
    }
    odds = unfamiliar_log_odds(val, readings, familiarity) if familiarity else {}
    calibration = Calibration(
        temperature=temperature,
        attribute_temperature=attribute_temperatures(val, valued["both"], taxonomy),
        unfamiliar={choice: round(float(np.quantile(odds_B, 1 - UNFAMILIAR)), 3) for choice, odds_B in odds.items()},
    )
    provable = replace(taxonomy, attributes=tuple(one for one in taxonomy.attributes if one.name not in opinions))
    for choice in MODALITIES:
        mine = [n for n, row in enumerate(val) if has_modalities(row, choice)]
        if mine:
            rows, answered = [val[n] for n in mine], answers[choice].only(mine)
            values = valued[choice].only(mine)
            calibration = _of_choice(calibration, rows, answered, values, provable, choice, odds.get(choice))
    return calibration


def _of_choice(
    calibration: Calibration,
    rows: Sequence[LabelledProduct],
    answers: Reading,
    values: Reading,
    taxonomy: Taxonomy,
    choice: Modalities,
    odds_B: Floats | None,
) -> Calibration:
    """The calibration with the measurements of one modality choice.

    values: the answers where half of the titles name no value. odds_B: log odds of being unfamiliar.
    """
    descent = Descent(taxonomy)
    score_NM = descent.scores(calibration.leaf_probability(answers.leaf_NC, choice, leaf_roots(taxonomy)))
    elsewhere_NM = descent.scores(softmax(answers.names_NC / calibration.temperature[choice]["*"]))
    promise = calibration.promise | {choice: promises_by_root(rows, score_NM, elsewhere_NM, taxonomy, descent)}
    calibration = replace(calibration, promise=promise)
    promised = descent.promised(score_NM, partial(calibration.promised, choice))
    least = auto_threshold(rows, promised, taxonomy)
    auto_unfamiliar = {}
    if odds_B is not None:
        sure_B = np.array([found is not None and descent.is_leaf(found) and found.score >= least for found in promised])
        auto_unfamiliar[choice] = auto_familiarity(odds_B, sure_B, calibration.unfamiliar[choice])
    return replace(
        calibration,
        auto=calibration.auto | {choice: least},
        auto_roots=calibration.auto_roots | {choice: measured_roots(promised)},
        auto_unfamiliar=calibration.auto_unfamiliar | auto_unfamiliar,
        tags=calibration.tags | {choice: proven_tags(rows, answers, promised, taxonomy)},
        attributes=calibration.attributes
        | {choice: proven_values(rows, values, promised, taxonomy, calibration.attribute_temperature)},
    )


def weight_of_names(val: Sequence[LabelledProduct], readings: Readings, taxonomy: Taxonomy) -> float:
    """The largest of NAMED with which no fewer categories are right by words, nor by image and words; else 0.

    `val` is of the kinds that were shown, for which the names tell little more. They are for all others.
    """
    under = [taxonomy.leaves_under(str(row.node)) for row in val]
    titles = [row.title for row in val]

    def right(by_choice: Mapping[Modalities, Reading]) -> list[int]:
        best = [by_choice[choice].leaf_NC.argmax(1).tolist() for choice in ("text", "both")]
        return [sum(leaf in leaves for leaf, leaves in zip(one, under, strict=True)) for one in best]

    before = right(readings.by_choice)
    for weight in NAMED:
        after = right(with_names(readings.by_choice, titles, taxonomy, weight))
        if all(now >= then for now, then in zip(after, before, strict=True)):
            return weight
    return 0.0


def promises_by_root(
    rows: Sequence[LabelledProduct], score_NM: Floats, elsewhere_NM: Floats, taxonomy: Taxonomy, descent: Descent
) -> dict[str, list[float]]:
    """The thresholds of each root that is the likeliest of enough products, and "*" for any other.

    score_NM: the nodes' probabilities. elsewhere_NM: those that stand for departments without labelled products.
    """

    def likeliest(nodes_NM: Floats) -> list[CategoryScore]:
        found = descent.promised(nodes_NM, lambda root, level: 0.0)
        return [one for one in found if one]  # all: nothing is asked of it

    at_root: dict[str, list[int]] = {}
    found = likeliest(score_NM)
    for n, one in enumerate(found):
        at_root.setdefault(one.path_ids[0], []).append(n)
    levels = {
        root: promise_thresholds([rows[n] for n in mine], [found[n] for n in mine], taxonomy)
        for root, mine in at_root.items()
        if len(mine) >= FEWEST
    }
    return {"*": promise_thresholds(rows, likeliest(elsewhere_NM), taxonomy), **levels}


def promise_thresholds(
    rows: Sequence[LabelledProduct], likeliest: Sequence[CategoryScore], taxonomy: Taxonomy
) -> list[float]:
    """For each level of the tree, the score at which nodes have an accuracy of PROMISE_ACCURACY, measured on products
    whose label is deep enough. A node is right if it is on the label's path.
    """
    paths = [taxonomy.ancestors(str(row.node)) for row in rows]
    deepest = max(len(taxonomy.ancestors(leaf.id)) for leaf in taxonomy.leaves)
    thresholds: list[float] = []
    for level in range(deepest):
        known = [
            (found.path_scores[level], found.path_ids[level] == path[level])
            for found, path in zip(likeliest, paths, strict=True)
            if len(found.path_ids) > level and len(path) > level
        ]
        if known:
            score_N, right_N = (np.array(column) for column in zip(*known, strict=True))
            measured = least_score_at_the_margin(score_N, right_N, PROMISE_ACCURACY)
            thresholds.append(max(measured, PROMISE_ACCURACY))  # where nothing went wrong a score still says how sure
    return thresholds


def auto_threshold(
    rows: Sequence[LabelledProduct], promised: Sequence[CategoryScore | None], taxonomy: Taxonomy
) -> float:
    """The least score above which leaves have an accuracy of AUTO_ACCURACY, with confidence."""
    leaves = {leaf.id for leaf in taxonomy.leaves}
    # A label that is no leaf cannot tell whether the leaf is right, but if it lies elsewhere it is not.
    known = [
        (found.score, str(row.node) in found.path_ids)
        for row, found in zip(rows, promised, strict=True)
        if found and found.id in leaves
    ]
    if not known:
        return 1.0
    score_N, right_N = (np.array(column) for column in zip(*known, strict=True))
    least = certain_score(score_N, right_N, AUTO_ACCURACY)
    return 1.0 if least is None else least


def measured_roots(promised: Sequence[CategoryScore | None]) -> list[str]:
    """The roots that are promised often enough for the threshold of `auto` to hold there."""
    counts = Counter(found.path_ids[0] for found in promised if found)
    return sorted(root for root, count in counts.items() if count >= AUTO_SHARE * len(promised))


def auto_familiarity(odds_B: Floats, sure_B: Flags, limit: float) -> float:
    """The maximum log odds of being unfamiliar for `auto`: the least bound that excludes at most AUTO_LOST of all
    products from `auto` and has at most AUTO_UNFAMILIAR of them above it. sure_B: whether the leaf's score suffices for
    `auto`. limit: the log odds above which no category is promised.
    """
    accepted = np.sort(odds_B[sure_B & (odds_B <= limit)])[::-1]
    lost = int(AUTO_LOST * len(odds_B))
    least = accepted[lost] if len(accepted) > lost else -np.inf
    bound = max(float(least), float(np.quantile(odds_B, 1 - AUTO_UNFAMILIAR)))
    return min(float(np.ceil(bound * 1000)) / 1000, limit)  # rounded up, so that the product at the bound stays


def unfamiliar_log_odds(
    val: Sequence[LabelledProduct], readings: Readings, familiarity: Familiarity
) -> dict[Modalities, Floats]:
    """Log odds of being unfamiliar by modality choice, of the products that have the modalities, in order."""
    odds: dict[Modalities, Floats] = {}
    for choice in MODALITIES:
        mine = [n for n, row in enumerate(val) if has_modalities(row, choice)]
        if mine and (choice == "image" or familiarity.knows_text):
            image_BD = None if choice == "text" else readings.image_ND[mine]
            text_BD = None if choice == "image" else readings.text_ND[mine]
            odds[choice] = familiarity.log_odds(image_BD, text_BD)
    return odds


def best_temperature(loss: Callable[[float], float]) -> float:
    """The temperature of minimum loss, from a geometric grid from 0.25 to 4: first of every eighth, as there is one
    minimum.
    """
    grid = np.geomspace(0.25, 4, 81)
    near = 8 * int(np.argmin([loss(float(t)) for t in grid[::8]]))
    grid = grid[max(near - 7, 0) : near + 8]
    return round(float(grid[np.argmin([loss(float(t)) for t in grid])]), 4)


def category_temperatures(
    rows: Sequence[LabelledProduct],
    leaf_NC: Floats,
    names_NC: Floats,
    choice: Modalities,
    taxonomy: Taxonomy,
) -> dict[str, float]:
    """Temperatures by the root of the likeliest leaf, fitted by the likelihood of the labels among all leaves."""
    chosen = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
    if not chosen:
        return {}
    roots, leaf_NC = np.array(leaf_roots(taxonomy)), leaf_NC[chosen]
    under = [list(taxonomy.leaves_under(str(rows[n].node))) for n in chosen]

    def fitted(logits_NC: Floats, mine: Sequence[int]) -> float:
        def loss(temperature: float) -> float:
            probability_NC = softmax(logits_NC[mine] / temperature)
            gold_N = [row_C[under[n]].sum() for n, row_C in zip(mine, probability_NC, strict=True)]
            return float(-np.log(np.maximum(gold_N, 1e-9)).mean())

        return best_temperature(loss)

    temperatures = {"*": fitted(names_NC[chosen], range(len(chosen)))}
    best_root_N = roots[leaf_NC.argmax(1)]
    for root in dict.fromkeys(roots.tolist()):
        mine = np.flatnonzero(best_root_N == root).tolist()
        if len(mine) >= FEWEST:
            temperatures[root] = fitted(leaf_NC, mine)
    return temperatures


def least_score_at_the_margin(score_N: Floats, right_N: Flags, accuracy: float) -> float:
    """The least score down to which the hundred products of nearest score have this accuracy."""
    order = np.argsort(-score_N, kind="stable")
    width = min(FEWEST, len(order))
    near = np.convolve(right_N[order].astype(np.float64), np.ones(width) / width, "valid")
    bad = np.flatnonzero(near < accuracy)
    last = bad[0] - 1 if len(bad) else len(near) - 1
    if last < 0:
        return 1.0
    # A score stands for the middle of those near it; where all are good enough, for the least of them.
    place = last + (width // 2 if len(bad) else width - 1)
    return round(float(score_N[order[place]]), 4)


def certain_score(score_N: Floats, right_N: Flags, accuracy: float) -> float | None:
    """The least score above which the accuracy is certain, or None."""
    order = np.argsort(-score_N, kind="stable")
    count_N = np.arange(1, len(order) + 1)
    good = np.flatnonzero(lower_bound(right_N[order].cumsum(), count_N) >= accuracy)
    return round(float(score_N[order[good[-1]]]), 4) if len(good) else None


def lower_bound(right_N: Ints, count_N: Ints) -> Floats:
    """The lower bound of a share at 95 % confidence (Wilson 1927)."""
    share_N, square = right_N / count_N, SURE**2
    spread_N = SURE * np.sqrt(share_N * (1 - share_N) / count_N + square / (4 * count_N**2))
    return np.asarray((share_N + square / (2 * count_N) - spread_N) / (1 + square / count_N))


def kinds(promised: Sequence[CategoryScore | None]) -> dict[str, list[int]]:
    """Rows by promised category: by root, and by the level below where it has at least FEWEST rows."""
    by_node: dict[str, list[int]] = {}
    for n, found in enumerate(promised):
        for node in found.path_ids[:2] if found else ():
            by_node.setdefault(node, []).append(n)
    roots = {found.path_ids[0] for found in promised if found}
    return {node: rows for node, rows in by_node.items() if node in roots or len(rows) >= FEWEST}


def proven_tags(
    rows: Sequence[LabelledProduct], answers: Reading, promised: Sequence[CategoryScore | None], taxonomy: Taxonomy
) -> dict[str, dict[str, float]]:
    """The proven tags of each category. A tag that the title does not name counts as wrong, even if the image shows it,
    so the measured accuracy is a lower bound.
    """
    score_NG = sigmoid(answers.tags_NG)
    proven: dict[str, dict[str, float]] = {}
    for node, members in kinds(promised).items():
        told = [n for n in members if rows[n].title]
        proven[node] = {}
        for g, tag in enumerate(taxonomy.tags):
            right_N = np.array([tag.name in rows[n].tags for n in told], bool)
            if (least := certain_score(score_NG[told, g], right_N, PROOF)) is not None:
                proven[node][tag.name] = least
    return proven


def proven_values(
    rows: Sequence[LabelledProduct],
    answers: Reading,
    promised: Sequence[CategoryScore | None],
    taxonomy: Taxonomy,
    temperatures: dict[str, float],
) -> dict[str, dict[str, dict[str, float]]]:
    """The proven values by category and attribute, measured on products with a known value."""
    proven: dict[str, dict[str, dict[str, float]]] = {}
    by_kind = kinds(promised)
    for attribute in taxonomy.attributes:
        known, gold_N = attribute_labels(rows, attribute)
        if not known:
            continue
        logits_NV = answers.attributes[attribute.name][known] / temperatures.get(attribute.name, 1.0)
        probability_NV = softmax(logits_NV)
        best_N, score_N = probability_NV.argmax(1), probability_NV.max(1)
        place = {n: position for position, n in enumerate(known)}
        for node, members in by_kind.items():
            mine = np.array([place[n] for n in members if n in place], int)
            for v, value in enumerate(attribute.values):
                said = mine[best_N[mine] == v]
                if len(said) and (least := certain_score(score_N[said], gold_N[said] == v, PROOF)) is not None:
                    proven.setdefault(node, {}).setdefault(attribute.name, {})[value] = least
        for node in by_kind:
            proven.setdefault(node, {})
    return proven


def attribute_temperatures(rows: Sequence[LabelledProduct], answers: Reading, taxonomy: Taxonomy) -> dict[str, float]:
    temperatures = {}
    for attribute in taxonomy.attributes:
        known, gold_N = attribute_labels(rows, attribute)
        if known:
            logits_NV = answers.attributes[attribute.name][known]

            def loss(t: float, logits_NV: Floats = logits_NV, gold_N: Ints = gold_N) -> float:
                return float(-np.log(np.maximum(softmax(logits_NV / t)[np.arange(len(gold_N)), gold_N], 1e-9)).mean())

            temperatures[attribute.name] = best_temperature(loss)
    return temperatures
