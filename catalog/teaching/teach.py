"""Teach a model a merchant's own categories.

    feed -> examples -> lesson -> head, with held-out scores -> calibration, contract -> attributes
         -> model folder, report

Nothing of the model itself is trained: a head is fitted on its embeddings, in closed form.
"""

import hashlib
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from catalog.arrays import Floats, unit
from catalog.errors import CategoryNotFound, FeedColumnsInvalid, FileNotWritable, RowCategoryMissing, TooFewProducts
from catalog.filing import Categories
from catalog.model.calibration import Calibration
from catalog.model.contract import Contract, Targets
from catalog.model.folder import (
    CONFIG,
    TAUGHT_CALIBRATION,
    TAUGHT_FILES,
    TAUGHT_TAXONOMY,
    find_model,
    model_version,
    replaced,
    write_json,
)
from catalog.model.taught import TaughtHead
from catalog.model.taught_attributes import TaughtAttribute, save_attributes
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from catalog.teaching.attributes.learn import FiledExamples, learn_all
from catalog.teaching.doubts import doubts
from catalog.teaching.examples import Example, Ints, Views, groups_of
from catalog.teaching.gather import Gathered, examples_of
from catalog.teaching.head.calibrate import calibrate, measured
from catalog.teaching.head.fit import Lesson, fit, leaf_shares
from catalog.teaching.head.unfamiliar import learn_unfamiliar
from catalog.teaching.learned import Learned, Names, save_learned
from catalog.teaching.page import write_page
from catalog.teaching.report import Answer, Report, own_answers, report_of, to_dict
from catalog.teaching.tree import nodes_of, placed_targets, tree_of
from catalog.understand import Understander

TARGET = 0.98  # precision of what is accepted unseen
LEAST_EXAMPLES = 4


@dataclass(frozen=True)
class Taught:
    """What a lesson came to, before it is written. unseen: the answer for each example that is judged, by a model that
    had not seen it; learned: see `catalog.teaching.learned`.
    """

    head: TaughtHead
    tree: Taxonomy
    calibration: Calibration
    contract: Contract
    attributes: tuple[TaughtAttribute, ...]
    report: Report
    unseen: Sequence[Answer]
    learned: Learned


def teach(
    examples: Sequence[Example],
    names: Names,
    base: Calibration,
    tree: Taxonomy | None = None,
    targets: Targets | None = None,
    progress: Callable[[str], object] = lambda step: None,
    attributes: Collection[str] = (),
    groups_N: Ints | None = None,
) -> Taught:
    """Fit the head, its thresholds and its contract, and heads of attributes, which the examples have.

    names: reads the categories' names; base: the calibration of the model that is taught. tree: the merchant's whole
    tree; by default one of the examples' paths. An example that it has no node for is left out. groups_N: as from
    `groups_of`, if known. Raises TooFewProducts for fewer than two categories or LEAST_EXAMPLES examples, ConfigInvalid
    for targets of categories that are none.
    """
    tree, examples, nodes = placed(examples, tree)
    targets = placed_targets(targets or Targets(TARGET), tree)
    progress("names")
    names_CE = name_vectors(tree, names)
    progress("groups")
    groups_N = groups_of(examples) if groups_N is None else groups_N
    lesson = Lesson(Views.of(examples), leaf_shares(tree, nodes), groups_N, names_CE)
    progress("fit")
    learnt = fit(lesson)
    progress("kinds")
    judged = learn_unfamiliar(lesson, learnt, kinds(tree, nodes))
    found = measured(lesson, learnt, judged, tree, nodes)
    progress("thresholds")
    calibration, contract = calibrate(found, judged, tree, base, targets)
    categories = Categories(tree, calibration, contract)
    filed = FiledExamples(lesson, nodes, found, categories)
    own, told = learn_all(attributes, examples, filed, targets, names, progress)
    progress("report")
    unseen = own_answers(lesson, found, categories)
    doubted = doubts(examples, lesson, found, tree, calibration)
    report = report_of(examples, lesson, learnt, unseen, tree, doubted, told)
    learned = Learned(examples, groups_N, names.known)
    return Taught(judged.head, tree, calibration, contract, own, report, unseen, learned)


def placed(examples: Sequence[Example], tree: Taxonomy | None) -> tuple[Taxonomy, list[Example], list[str]]:
    """The tree, the examples that it has nodes for, and the node of each. Raises TooFewProducts."""
    check_enough(examples)
    paths = [example.path for example in examples]
    tree = tree or tree_of(paths, version_of_paths(paths))
    node_of = nodes_of(tree, paths)
    kept = [example for example in examples if example.path in node_of]
    check_enough(kept)
    return tree, kept, [node_of[example.path] for example in kept]


def check_enough(examples: Sequence[Example]) -> None:
    categories = len({example.path for example in examples})
    if categories < 2 or len(examples) < LEAST_EXAMPLES:
        raise TooFewProducts(
            f"{len(examples):,} products in {categories:,} categories teach nothing. It takes {LEAST_EXAMPLES} products"
            " at least, in two categories."
        )


def version_of_paths(paths: Iterable[tuple[str, ...]]) -> str:
    distinct = sorted({SEPARATOR.join(path) for path in paths})
    return hashlib.sha256("\n".join(distinct).encode()).hexdigest()[:12]


def kinds(tree: Taxonomy, nodes: Sequence[str]) -> Ints:
    """What is taken out together to see how unknown kinds are answered: departments, or of few of these categories."""
    roots = [tree.ancestors(node)[0] for node in nodes]
    chosen = roots if len(set(roots)) > 2 else list(nodes)
    return np.unique(chosen, return_inverse=True)[1].astype(np.int64)


def name_vectors(tree: Taxonomy, names: Names) -> Floats:
    """(C, E): of each leaf what the model reads in its own name and in its whole path."""
    labels = [leaf.label for leaf in tree.leaves]
    paths = [", ".join(tree.path(leaf.id)) for leaf in tree.leaves]
    return unit(names.embed(labels) + names.embed(paths))


def write_taught(taught: Taught, base: Path, output: Path) -> str:
    """Write the model folder. -> its version. Files of the base model are linked where the disk can, else copied."""
    check_output(output)
    base = find_model(base)
    with replaced(output) as folder:
        for path in base.iterdir():
            if path.name not in (*TAUGHT_FILES, "sha256.json", "README.md"):
                link(path, folder / path.name)
        taught.head.save(folder)
        (folder / TAUGHT_TAXONOMY).write_text(taught.tree.to_json(), encoding="utf-8")
        write_json(folder / TAUGHT_CALIBRATION, asdict(taught.calibration))
        of_base = Contract.load(base)
        replace(taught.contract, values=of_base.values if of_base else ()).save(folder)
        if taught.attributes:
            save_attributes(taught.attributes, folder)
        save_learned(folder, taught.learned)
    return model_version(output)


def check_output(output: Path) -> None:
    """Raises FileNotWritable where a model cannot be written, or would take the place of what is none."""
    empty = output.is_dir() and not any(output.iterdir())
    if output.exists() and not empty and not (output / CONFIG).is_file():
        raise FileNotWritable(f"{str(output)!r} is there already and is no model folder. Choose another name.")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output.parent):
            pass
    except OSError:
        raise FileNotWritable(f"Nothing can be written into the folder {str(output.parent)!r}.") from None


def link(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(path, target)


class Outcome(NamedTuple):
    """version: of the model in `output`; page: the report as HTML; failed: how many rows were left out, by code."""

    output: Path
    version: str
    page: Path
    report: Report
    failed: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        names = {"output": str(self.output), "version": self.version, "page": str(self.page), "failed": self.failed}
        return names | to_dict(self.report)


def teach_gathered(
    gathered: Gathered,
    reader: Understander,
    base: Path,
    output: Path,
    *,
    separator: str | None = None,
    tree: Taxonomy | None = None,
    targets: Targets | None = None,
    attributes: Collection[str] = (),
    names: Names | None = None,
    progress: Callable[[str], object] = lambda step: None,
) -> Outcome:
    """Teach `reader`, the model in the folder `base`, and write the taught one. See `teach`; separator: see
    `examples_of`; the precision to promise is TARGET by default, and the reader reads the names. Raises
    FeedColumnsInvalid for an attribute of which the feed has no value.
    """
    examples, left_out = filed_examples(gathered, attributes, separator, tree)
    with telling(left_out):
        names = names or Names(reader.embed)
        taught = teach(examples, names, reader.calibration, tree, targets, progress, attributes)
    return write_outcome(taught, base, output, left_out)


def filed_examples(
    gathered: Gathered, attributes: Collection[str], separator: str | None, tree: Taxonomy | None
) -> tuple[list[Example], dict[str, int]]:
    """-> the examples, and how many rows are left out, by code. See `teach_gathered`."""
    check_attributes(gathered, attributes)
    examples, failed = examples_of(gathered.filed, separator), Counter(gathered.failed)
    failed[RowCategoryMissing.code] += len(gathered.filed) - len(examples)
    if tree:
        known = nodes_of(tree, (example.path for example in examples))
        failed[CategoryNotFound.code] += sum(example.path not in known for example in examples)
    return examples, {code: count for code, count in failed.items() if count}


@contextmanager
def telling(left_out: Mapping[str, int]) -> Iterator[None]:
    """Where too few products are left, tell which rows were left out."""
    try:
        yield
    except TooFewProducts as error:
        raise TooFewProducts(error.message + told(left_out)) from None


def write_outcome(taught: Taught, base: Path, output: Path, left_out: dict[str, int]) -> Outcome:
    """Write the model folder and the report."""
    version = write_taught(taught, base, output)
    page = output.with_name(f"{output.name}.html")
    write_page(page, taught.report, taught.contract, taught.tree)
    return Outcome(output, version, page, taught.report, left_out)


def check_attributes(gathered: Gathered, attributes: Collection[str]) -> None:
    for name in attributes:
        if gathered.filed and not any(one.attributes[name] for one in gathered.filed):
            raise FeedColumnsInvalid(f'No product with a category has a value of the attribute "{name[:64]}".')


def told(left_out: Mapping[str, int]) -> str:
    """A sentence that goes behind the error, "" where nothing was left out."""
    counted = ", ".join(f"{count:,} {code}" for code, count in sorted(left_out.items()))
    return f" Rows left out: {counted}." if counted else ""
