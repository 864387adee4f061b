"""What a taught model has learnt, and verdicts -> a candidate, and how it compares with the model as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.arrays import Floats
from catalog.categories.edits import add
from catalog.errors import CategoryMisplaced, TooFewProducts
from catalog.filing import Filer
from catalog.model.contract import Targets
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from catalog.teaching.examples import Example, Filing, own_vectors
from catalog.teaching.learned import Names, load_learned
from catalog.teaching.teach import TARGET, Taught, teach
from catalog.teaching.tree import nodes_of

SAME = 0.9995  # cosine from which a verdict is on a product that the model was taught with


@dataclass(frozen=True)
class Comparison:
    """Of two models on what people filed since the active one was taught, which neither has seen: how many products
    there are, and how many of them each files right. lost: branches that only the active one promises.
    """

    active: str
    verdicts: int
    active_right: int
    candidate_right: int
    lost: tuple[str, ...]

    @property
    def never_worse(self) -> bool:
        return self.candidate_right >= self.active_right and not self.lost

    def to_dict(self) -> dict[str, Any]:
        return {
            "active": self.active,
            "verdicts": self.verdicts,
            "active_right": self.active_right,
            "right": self.candidate_right,
            "lost": list(self.lost),
            "never_worse": self.never_worse,
        }


def learn(
    active: Path,
    filings: Sequence[Filing],
    embed: Callable[[Sequence[str]], Floats],
    targets: Targets | None = None,
    progress: Callable[[str], object] = lambda step: None,
) -> tuple[Taught, Comparison]:
    """active: the folder of a taught model; filings: those since it was taught; embed: names of categories -> vectors,
    asked for new ones alone.

    What lies in a category that the tree lacks is left out, unless that is `new`. A verdict on a product that the model
    was taught with takes the place of what it was taught. Raises CheckpointInvalid, and TooFewProducts where no verdict
    says anything.
    """
    filer, learned = Filer.open(active), load_learned(active)
    before = filer.categories.taxonomy
    tree = grown(before, [filing.path for filing in filings if filing.new])
    known = nodes_of(tree, (filing.path for filing in filings))
    said = [filing for filing in filings if filing.path in known]
    if not said:
        raise TooFewProducts("No verdict since this model was taught names a category of its tree.")
    new = [filing.example for filing in said]
    examples = [*unsaid(learned.examples, new), *new]
    names = Names(embed, learned.names)
    taught = teach(examples, names, filer.categories.calibration, tree, targets or targets_of(filer), progress)
    last = max(filing.number for filing in filings)
    taught = replace(taught, attributes=filer.taught_attributes, learned=taught.learned._replace(verdicts=last))
    candidate = [one.likeliest for one in taught.unseen[-len(new) :]]
    truth = [known[filing.path] for filing in said]
    ours = [likeliest(filer, filing) for filing in said]
    active_right, right = (
        sum(node in found for node, found in zip(truth, paths, strict=True)) for paths in (ours, candidate)
    )
    return taught, Comparison(filer.version, len(said), active_right, right, lost(filer, taught))


def targets_of(filer: Filer) -> Targets:
    """Those that the model's contract was fitted for; of a release before, the strictest of them."""
    contract = filer.categories.contract
    if contract and contract.targets:
        return contract.targets
    return Targets(max((claim.outcome.target for claim in contract.claims), default=TARGET) if contract else TARGET)


def grown(tree: Taxonomy, paths: Sequence[tuple[str, ...]]) -> Taxonomy:
    """With the categories that it lacks."""
    for path in dict.fromkeys(paths):
        try:
            tree, _ = add(tree, SEPARATOR.join(path), parents=True)
        except CategoryMisplaced:  # it is there
            continue
    return tree


def unsaid(examples: Sequence[Example], new: Sequence[Example]) -> list[Example]:
    """The examples on which there is no verdict."""
    same_N = (own_vectors(examples) @ own_vectors(new).T).max(1) >= SAME
    return [example for example, same in zip(examples, same_N, strict=True) if not same]


def likeliest(filer: Filer, filing: Filing) -> tuple[str, ...]:
    logits_C, _ = filer.judged(filing.vector_E)
    return filer.categories.likeliest(logits_C[None], filing.used)[0].path_ids


def lost(filer: Filer, taught: Taught) -> tuple[str, ...]:
    """The branches that are no longer promised, by the path of each."""
    before, now = filer.categories.contract, taught.contract.promised
    gone = [node for choice, node in before.promised if (choice, node) not in now] if before else []
    return tuple(SEPARATOR.join(filer.categories.taxonomy.path(node)) for node in dict.fromkeys(gone))
