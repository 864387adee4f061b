"""Whether a contract's promises hold: random halves of held-out products, one to fit it on and one to measure on.

    python benchmarks/contract.py --data-root DATA [--model FOLDER] [--splits 200] [--answers FILE] [--json FILE]

For each data set's `val`, modality choice and target: the share of splits in which the precision of what is accepted
falls below the target on the other half, and the mean coverage, also of leaves alone: a contract may accept the node
above a leaf, the other rules accept leaves only. Near-duplicates (`group`) stay in one half. Beside the
contract: the rule for `auto` of a model without a contract (the loosest threshold of a whole model whose Wilson bound
meets the target), and the loosest threshold that was precise enough on the first half. Nothing accepted is no failure.

--answers keeps the model's answers, which take minutes to compute, for another run.
"""

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.other_shops import Row, print_table
from catalog.arrays import Modalities
from catalog.model.contract import HeldOut, Targets, fit
from catalog.model.folder import ModelFolder, open_model, shipped_model
from catalog.model.runtime.onnx import OnnxRuntime
from catalog.product import CategoryScore
from training.data.manifests import read_manifest
from training.export.calibrate import certain_score, measured_roots
from training.export.contract import held_out
from training.export.folder import CACHE_BYTES
from training.export.readings import read

SETS = ("fashion", "grocery", "clothing", "eshop")
TARGETS = (0.90, 0.95, 0.98)
Halves = tuple[Sequence[HeldOut], Sequence[HeldOut]]
Answers = dict[str, dict[Modalities, list[tuple[str, HeldOut]]]]


class Accepted(NamedTuple):
    """What a rule accepts of a half. leaves: how many as a leaf; the others as a node above one."""

    products: int
    right: int
    leaves: int


Rule = Callable[[Sequence[HeldOut], Sequence[HeldOut], Modalities, float], Accepted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--splits", type=int, default=200)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if given.answers and given.answers.exists():
        answers = parsed(json.loads(given.answers.read_text(encoding="utf-8")))
    else:
        answers = answered(open_model(given.model), given.data_root)
        if given.answers:
            given.answers.write_text(json.dumps(answers, default=asdict), encoding="utf-8")
    rows = [
        measured(name, modalities, target, found, given.splits)
        for name, by_choice in answers.items()
        for modalities, found in by_choice.items()
        for target in TARGETS
    ]
    print_table(rows)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def answered(model: ModelFolder, data: Path) -> Answers:
    """The answers for each set's `val`, each with the product's group."""
    runtime, found = OnnxRuntime(model, CACHE_BYTES), {}
    for name in SETS:
        manifest = data / name / "products.jsonl"
        lines = [json.loads(line) for line in manifest.read_text(encoding="utf-8").split("\n") if line.strip()]
        group_of = {str(line["id"]): str(line.get("group") or line["id"]) for line in lines}
        rows = [row for row in read_manifest(manifest, model.taxonomy, "val") if row.node]
        by_choice = held_out(read(runtime, model, rows), model, rows)
        with_text = [row for row in rows if row.title or row.description]
        found[name] = {
            choice: [
                (group_of[row.product_id], one)
                for row, one in zip(rows if choice == "image" else with_text, products, strict=True)
            ]
            for choice, products in by_choice.items()
        }
    return found


def parsed(kept: dict[str, Any]) -> Answers:
    def product(values: Sequence[Any]) -> HeldOut:
        kept, leaf, truth, familiar = values
        category = None
        if kept:
            path, scores, ids = (tuple(kept[part]) for part in ("path", "path_scores", "path_ids"))
            category = CategoryScore(kept["id"], path, scores, ids)
        return HeldOut(category, leaf, tuple(truth), familiar)

    return {
        name: {choice: [(group, product(one)) for group, one in found] for choice, found in by_choice.items()}
        for name, by_choice in kept.items()
    }


def measured(
    name: str, modalities: Modalities, target: float, found: Sequence[tuple[str, HeldOut]], splits: int
) -> Row:
    row: Row = {"set": name, "read": modalities, "products": str(len(found)), "target": f"{target:.2f}"}
    halves = [split(found, seed) for seed in range(splits)]
    for rule_name, rule in RULES.items():
        accepted = [rule(first, second, modalities, target) for first, second in halves]
        broken = [one.right < target * one.products for one in accepted]
        sizes = [len(second) for _, second in halves]
        coverage = [one.products / size for one, size in zip(accepted, sizes, strict=True)]
        row |= {f"{rule_name}: broken": float(np.mean(broken)), f"{rule_name}: coverage": float(np.mean(coverage))}
        if rule is by_contract:
            leaves = [one.leaves / size for one, size in zip(accepted, sizes, strict=True)]
            row["of leaves"] = float(np.mean(leaves))
    return row


def split(found: Sequence[tuple[str, HeldOut]], seed: int) -> Halves:
    groups = sorted({group for group, _ in found})
    first = set(random.Random(seed).sample(groups, len(groups) // 2))
    return [one for group, one in found if group in first], [one for group, one in found if group not in first]


# Rules


def by_contract(first: Sequence[HeldOut], second: Sequence[HeldOut], modalities: Modalities, target: float) -> Accepted:
    contract = fit({modalities: first}, Targets(target))
    kept = [
        (found.category, one)
        for one in second
        if one.category and one.familiar and (found := contract.keep(one.category, one.leaf, modalities))
    ]
    leaves = sum(one.leaf and category == one.category for category, one in kept)
    return Accepted(len(kept), sum(right(category, one) for category, one in kept), leaves)


def by_bound(first: Sequence[HeldOut], second: Sequence[HeldOut], modalities: Modalities, target: float) -> Accepted:
    """As `training.export.calibrate.auto_threshold`."""
    least = certain_score(*scored(first), target)
    return by_threshold(first, second, np.inf if least is None else least)


def by_estimate(first: Sequence[HeldOut], second: Sequence[HeldOut], modalities: Modalities, target: float) -> Accepted:
    score_N, right_N = scored(first)
    order = np.argsort(-score_N, kind="stable")
    good = np.flatnonzero(np.cumsum(right_N[order]) >= target * np.arange(1, len(order) + 1))
    return by_threshold(first, second, float(score_N[order[good[-1]]]) if len(good) else np.inf)


RULES: dict[str, Rule] = {"contract": by_contract, "no contract": by_bound, "point estimate": by_estimate}


def scored(products: Sequence[HeldOut]) -> tuple[np.ndarray, np.ndarray]:
    found = [(one.category.score, right(one.category, one)) for one in products if one.category and one.leaf]
    return np.array([score for score, _ in found], np.float32), np.array([good for _, good in found], bool)


def by_threshold(first: Sequence[HeldOut], second: Sequence[HeldOut], least: float) -> Accepted:
    roots = measured_roots([one.category for one in first])
    kept = [
        right(one.category, one)
        for one in second
        if one.category
        and one.leaf
        and one.familiar
        and one.category.score >= least
        and one.category.path_ids[0] in roots
    ]
    return Accepted(len(kept), sum(kept), len(kept))


def right(category: CategoryScore, one: HeldOut) -> bool:
    return category.id in one.truth or one.truth[-1] in category.path_ids


if __name__ == "__main__":
    main()
