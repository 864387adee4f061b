"""A model's contract: fitted on its answers for labelled products that it was not taught, written and shown."""

import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from catalog.arrays import MODALITIES, Modalities
from catalog.errors import ConfigInvalid
from catalog.filing import Categories
from catalog.model.contract import (
    LEAST_OF_A_POOL,
    Contract,
    GivenValue,
    HeldOut,
    Outcome,
    Promise,
    Targets,
    fit,
    read_targets,
    value_claims,
)
from catalog.model.folder import NANO, SHIPPED, ModelFolder, write_checksums
from catalog.model.preprocess import joined_text
from catalog.model.runtime import open_runtime
from catalog.model.scripts import plain_letters
from catalog.product import Product
from catalog.synonyms import attribute_name
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.tree import check_attributes_of, placed_targets
from training.data.manifests import LabelledProduct
from training.evaluation.predict import has_modalities
from training.export.calibrate import unfamiliar_log_odds
from training.export.folder import CACHE_BYTES
from training.export.readings import Readings, read


def held_out(
    readings: Readings, model: ModelFolder, rows: Sequence[LabelledProduct]
) -> dict[Modalities, list[HeldOut]]:
    """The answers for the products that have a modality choice, in order. rows: each with a category of the tree."""
    categories = Categories(model.taxonomy, model.calibration)
    found: dict[Modalities, list[HeldOut]] = {}
    for choice, n, log_odds in _asked(readings, model, rows):
        truth = model.taxonomy.ancestors(str(rows[n].node))
        leaf_1C = readings.by_choice[choice].leaf_NC[n][None]
        found.setdefault(choice, []).extend(categories.held_out(leaf_1C, [log_odds], choice, [truth]))
    return found


def held_out_values(
    readings: Readings, model: ModelFolder, rows: Sequence[LabelledProduct], attributes: Collection[str]
) -> dict[Modalities, dict[str, list[GivenValue]]]:
    """By what is read and by attribute, the values that the model gives products whose own value is known."""
    categories = Categories(model.taxonomy, model.calibration)
    found: dict[Modalities, dict[str, list[GivenValue]]] = {}
    for choice, n, log_odds in _asked(readings, model, rows):
        by_name = found.setdefault(choice, {name: [] for name in attributes})
        reading, text = readings.by_choice[choice], "" if choice == "image" else text_of(rows[n])
        category = categories.category(reading.leaf_NC[n], log_odds, choice)
        logits = {name: logits_NV[n] for name, logits_NV in reading.attributes.items()}
        for name, given in categories.values(logits, category, choice, text).items():
            if name in by_name and (truth := rows[n].attributes.get(name)):
                by_name[name].append(GivenValue(given.name, given.score, given.name == truth))
    return found


def _asked(
    readings: Readings, model: ModelFolder, rows: Sequence[LabelledProduct]
) -> Iterator[tuple[Modalities, int, float]]:
    """Each choice with each row that has its modalities, and how unfamiliar that is, in log odds."""
    odds = unfamiliar_log_odds(rows, readings, model.familiarity) if model.familiarity else {}
    for choice in MODALITIES:
        mine = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
        odds_N = odds.get(choice, np.full(len(mine), -np.inf, np.float32))
        yield from ((choice, n, log_odds) for n, log_odds in zip(mine, odds_N.tolist(), strict=True))


def text_of(row: LabelledProduct) -> str:
    """As the model is given it."""
    return plain_letters(joined_text(Product(title=row.title, description=row.description)))


def asked_of(model: ModelFolder, path: Path | None, default: float) -> Targets:
    """The targets in a file, with ids of nodes. Raises FileNotReadable, or ConfigInvalid, also for names that the model
    lacks.
    """
    targets = placed_targets(read_targets(path, default), model.taxonomy)
    check_attributes_of(targets, [attribute.name for attribute in model.taxonomy.attributes])
    return targets


def fitted(
    model: ModelFolder, rows: Sequence[LabelledProduct], targets: Targets
) -> tuple[Contract, dict[Modalities, list[HeldOut]]]:
    """The contract for targets from `asked_of`, and what was held out. rows: each with a category of the tree."""
    readings = read(open_runtime(model, "cpu", CACHE_BYTES), model, rows)
    found = held_out(readings, model, rows)
    meanings = {attribute_name(name) for name in targets.attributes}
    asked = {one.name: one.values for one in model.taxonomy.attributes if attribute_name(one.name) in meanings}
    values = [
        claim
        for choice, given in held_out_values(readings, model, rows, asked.keys()).items()
        for name in asked
        for claim in value_claims(choice, name, asked[name], given[name], targets.of_attribute(name, choice))
    ]
    return replace(fit(found, targets), values=tuple(values)), found


def write_contract(model: ModelFolder, contract: Contract, output: Path) -> None:
    """Write a copy of the model with this contract, or put it into the model's own folder. Raises ConfigInvalid."""
    if model.taught:
        raise ConfigInvalid("The model was taught, and promises what its own products prove. Teach it with --targets.")
    if not output.exists():
        shutil.copytree(model.path, output)
    elif not output.samefile(model.path):
        raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder, or --model's own.")
    elif model.name in (SHIPPED, NANO):
        raise ConfigInvalid("The model that comes with Shelflens stays as it is. Give the name of a new folder.")
    contract.save(output)
    write_checksums(output)


def coverage(contract: Contract, found: Mapping[Modalities, Sequence[HeldOut]]) -> dict[Modalities, float]:
    """The share of all products that is accepted."""
    return {
        choice: sum(
            1
            for one in products
            if one.category and one.familiar and contract.keep(one.category, one.leaf, choice) is not None
        )
        / len(products)
        for choice, products in found.items()
    }


def table(contract: Contract, found: Mapping[Modalities, Sequence[HeldOut]], taxonomy: Taxonomy) -> str:
    """One line for each claim, but for branches and values that have too few products to be promised even with others,
    and one for each modality choice.
    """
    shown = [one for one in contract.claims if _is_shown(one.outcome)]
    lines = [
        f"| {one.modalities} | {one.about} | {', '.join(taxonomy.node(node).label for node in one.nodes)} "
        f"| {one.outcome.target} | {one.outcome} |"
        for one in shown
    ]
    rest = Counter(one.modalities for one in contract.claims if not _is_shown(one.outcome))
    lines += [
        f"| {choice} | leaves | {count} others | | cannot be promised: fewer than {LEAST_OF_A_POOL} products each |"
        for choice, count in rest.items()
    ]
    lines += [
        f"| {one.modalities} | {one.attribute} | {one.value} | {one.outcome.target} | {one.outcome} |"
        for one in contract.values
        if _is_shown(one.outcome)
    ]
    few = Counter((one.modalities, one.attribute) for one in contract.values if not _is_shown(one.outcome))
    lines += [
        f"| {choice} | {name} | {count} others | | cannot be promised: fewer than {LEAST_OF_A_POOL} products each |"
        for (choice, name), count in few.items()
    ]
    whole = [
        f"{choice}: {share:.0%} of {len(found[choice]):,} products are accepted unseen"
        for choice, share in coverage(contract, found).items()
    ]
    return "\n".join(["| read | promised | categories | target | |", "|---|---|---|---|---|", *lines, "", *whole])


def _is_shown(outcome: Outcome) -> bool:
    return isinstance(outcome, Promise) or outcome.products >= LEAST_OF_A_POOL
