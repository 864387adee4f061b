"""A category more for a taught model, at once: from its name, and from products of it, if there are any.

What the model says of the others stays as it is (`catalog.filing.GrownCategories`): no threshold was measured with the
new category, so its products wait for a person until the model is taught with them.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.categories.edits import add
from catalog.errors import CategoryMisplaced
from catalog.filing import Filer
from catalog.model.folder import CHECKSUMS, LEARNED, TAUGHT_TAXONOMY, replaced, written_version
from catalog.model.taught import FILE, TaughtHead, kernel
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from catalog.teaching.examples import Filing
from catalog.teaching.head.fit import USUAL
from catalog.teaching.learned import Names, load_learned, save_learned
from catalog.teaching.teach import link, name_vectors, version_of_paths

WRITTEN = (FILE, TAUGHT_TAXONOMY, LEARNED, CHECKSUMS)


def extend(
    active: Path,
    output: Path,
    path: tuple[str, ...],
    filings: Sequence[Filing],
    embed: Callable[[Sequence[str]], Floats],
) -> str:
    """Write a model with the category `path` more into the folder `output`. -> its version.

    active: the folder of a taught model; filings: products of the category; embed: names -> unit vectors. Raises
    CategoryMisplaced for a category that is there, or one below a category with products of its own; and
    CheckpointInvalid.
    """
    filer, learned = Filer.open(active), load_learned(active)
    tree = extended_tree(filer.categories.taxonomy, path)
    names = Names(embed, learned.names)
    name_CE = name_vectors(tree, names)
    head = extended_head(filer.head, name_CE, np.stack([one.vector_E for one in filings]) if filings else None)
    more = [filing._replace(path=path).example for filing in filings]
    groups_N = np.concatenate([learned.groups_N, learned.groups_N.max(initial=-1) + 1 + np.arange(len(more))])
    kept = learned._replace(examples=[*learned.examples, *more], groups_N=groups_N, names=names.known)
    with replaced(output) as folder:
        for file in active.iterdir():
            if file.name not in WRITTEN:
                link(file, folder / file.name)
        head.save(folder)
        (folder / TAUGHT_TAXONOMY).write_text(tree.to_json(), encoding="utf-8")
        save_learned(folder, kept)
    return written_version(output)


def extended_tree(tree: Taxonomy, path: tuple[str, ...]) -> Taxonomy:
    grown, _ = add(tree, SEPARATOR.join(path), parents=True)
    kept = {leaf.id for leaf in tree.leaves} & {leaf.id for leaf in grown.leaves}
    if len(kept) < len(tree.leaves):
        raise CategoryMisplaced(
            f"{SEPARATOR.join(path)!r} lies below a category that has products of its own. Teach the model with"
            " products of both."
        )
    return replace(grown, version=version_of_paths(grown.path(leaf.id) for leaf in grown.leaves))


def names_of(tree: Taxonomy, path: tuple[str, ...]) -> tuple[str, str]:
    """The texts by which a category that is added is known. Raises CategoryMisplaced."""
    grown = extended_tree(tree, path)
    leaf = grown.leaves[-1]
    return leaf.label, ", ".join(grown.path(leaf.id))


def extended_head(head: TaughtHead, name_CE: Floats, example_BE: Floats | None) -> TaughtHead:
    """name_CE: of all leaves, the new one last. example_BE: its products.

    The new column is a ridge regression of its own, in which all that voted so far is of other categories.
    """
    before_CE = name_CE[:-1]
    centred_CE = before_CE - before_CE.mean(0)
    weight = float((head.names_EC.T * centred_CE).sum() / max(float(np.square(centred_CE).sum()), 1e-9))
    name_E = (weight or USUAL.names) * (name_CE[-1] - before_CE.mean(0))
    examples_SE, column_S = head.examples_SE, np.zeros(len(head.examples_SE), np.float32)
    if example_BE is not None:
        examples_SE = np.concatenate([examples_SE, example_BE])
        target_S = np.full(len(examples_SE), -1 / len(name_CE))
        target_S[-len(example_BE) :] += 1
        kernel_SS = kernel(examples_SE, examples_SE).astype(np.float64) + USUAL.penalty * np.eye(len(examples_SE))
        column_S = np.linalg.solve(kernel_SS, target_S - examples_SE @ name_E).astype(np.float32)
    votes_SC = np.zeros((len(examples_SE), len(name_CE)), np.float32)
    votes_SC[: len(head.votes_SC), :-1] = head.votes_SC
    votes_SC[:, -1] = column_S
    names_EC = np.concatenate([head.names_EC, name_E[:, None]], axis=1)
    return replace(head, examples_SE=examples_SE, votes_SC=votes_SC, names_EC=names_EC, added_1=head.added_1 + 1)
