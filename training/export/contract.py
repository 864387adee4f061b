"""A model's contract: fitted on its answers for labelled products that it was not taught, written and shown."""

import shutil
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from catalog.arrays import MODALITIES, Modalities
from catalog.errors import ConfigInvalid, FileNotReadable
from catalog.filing import Categories
from catalog.model.contract import LEAST_OF_A_POOL, Claim, Contract, HeldOut, Promise, Targets
from catalog.model.folder import NANO, SHIPPED, ModelFolder, write_checksums
from catalog.model.runtime import Runtime
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from training.data.manifests import LabelledProduct
from training.evaluation.predict import has_modalities
from training.export.calibrate import unfamiliar_log_odds
from training.export.readings import read


def held_out(runtime: Runtime, model: ModelFolder, rows: Sequence[LabelledProduct]) -> dict[Modalities, list[HeldOut]]:
    """The answers for the products that have a modality choice, in order. rows: each with a category of the tree."""
    categories = Categories(model.taxonomy, model.calibration)
    readings = read(runtime, model, rows)
    odds = unfamiliar_log_odds(rows, readings, model.familiarity) if model.familiarity else {}
    found: dict[Modalities, list[HeldOut]] = {}
    for choice in MODALITIES:
        mine = [n for n, row in enumerate(rows) if has_modalities(row, choice)]
        if not mine:
            continue
        leaf_NC = readings.by_choice[choice].only(mine).leaf_NC
        odds_N = odds.get(choice, np.full(len(mine), -np.inf, np.float32))
        found[choice] = [
            categories.held_out(leaf_C, log_odds, choice, model.taxonomy.ancestors(str(rows[n].node)))
            for n, leaf_C, log_odds in zip(mine, leaf_NC, odds_N.tolist(), strict=True)
        ]
    return found


def read_targets(path: Path | None, default: float, taxonomy: Taxonomy) -> Targets:
    """Targets from a TOML file: [modalities] with image, text and both, [branches] with ids or paths of categories.

    Each is a share from 0.5 to below 1. Raises FileNotReadable or ConfigInvalid.
    """
    if path is None:
        return Targets(default)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise FileNotReadable(f"The file of targets {str(path)!r} does not exist or cannot be read.") from None
    except ValueError:
        raise ConfigInvalid(f"{path.name!r} is not valid TOML.") from None
    if unknown := set(given) - {"modalities", "branches"}:
        raise ConfigInvalid(f"{path.name!r} has unknown keys: {', '.join(sorted(unknown))}.")
    modalities, branches = (_shares(path, given.get(name, {})) for name in ("modalities", "branches"))
    if unknown := set(modalities) - set(MODALITIES):
        raise ConfigInvalid(f"{path.name!r} names other modalities than image, text and both.")
    by_choice = {choice: modalities[choice] for choice in MODALITIES if choice in modalities}
    return Targets(default, by_choice, {_node_of(name, path, taxonomy): share for name, share in branches.items()})


def _shares(path: Path, given: object) -> dict[str, float]:
    shares = (
        {name: share for name, share in given.items() if isinstance(share, float)} if isinstance(given, dict) else {}
    )
    if given != shares or not all(0.5 <= share < 1 for share in shares.values()):
        raise ConfigInvalid(f"{path.name!r} has a target that is not a number from 0.5 to below 1.")
    return shares


def _node_of(name: str, path: Path, taxonomy: Taxonomy) -> str:
    """The id of the node that has this id, or whose labels make this path."""
    found = [node.id for node in taxonomy.nodes if name in (node.id, SEPARATOR.join(taxonomy.path(node.id)))]
    if not found:
        raise ConfigInvalid(f"{path.name!r} names a category that the tree lacks: {name!r}.")
    return found[0]


def write_contract(model: ModelFolder, contract: Contract, output: Path) -> None:
    """Write a copy of the model with this contract, or put it into the model's own folder. Raises ConfigInvalid."""
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
    """One line for each claim, but for branches that have too few products to be promised even with others, and one for
    each modality choice.
    """
    shown = [one for one in contract.claims if _is_shown(one)]
    lines = [
        f"| {one.modalities} | {one.about} | {', '.join(taxonomy.node(node).label for node in one.nodes)} "
        f"| {one.outcome.target} | {one.outcome} |"
        for one in shown
    ]
    rest = Counter(one.modalities for one in contract.claims if not _is_shown(one))
    lines += [
        f"| {choice} | leaves | {count} others | | cannot be promised: fewer than {LEAST_OF_A_POOL} products each |"
        for choice, count in rest.items()
    ]
    whole = [
        f"{choice}: {share:.0%} of {len(found[choice]):,} products are accepted unseen"
        for choice, share in coverage(contract, found).items()
    ]
    return "\n".join(["| read | promised | categories | target | |", "|---|---|---|---|---|", *lines, "", *whole])


def _is_shown(claim: Claim) -> bool:
    return isinstance(claim.outcome, Promise) or claim.outcome.products >= LEAST_OF_A_POOL
