"""Manifests -> labelled products.

A manifest is JSON lines: {id, title, description, category (path, root first), attributes, image (relative path or
null), split, group}. The split is the manifest's own, assigned by group; nothing here moves a row.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog.errors import FileNotReadable, ManifestInvalid
from catalog.product import Product
from catalog.taxonomy.tree import SEPARATOR, Taxonomy
from training.config import TrainConfig

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class LabelledProduct:
    """A product with its labels.

    source: the data set's name. label: the category as the data set names it. node: the id of the tree's node for it,
    parent: for the level above; None if the tree lacks it.
    """

    source: str
    product_id: str
    split: str
    image: Path | None
    title: str
    description: str
    label: str
    node: str | None
    parent: str | None
    attributes: dict[str, str]
    tags: frozenset[str]

    def product(self) -> Product:
        images = (self.read_image(),) if self.image else ()
        return Product(self.product_id, self.title, self.description, images)

    def read_image(self) -> bytes:
        """The image's file. Raises FileNotReadable."""
        assert self.image is not None
        try:
            return self.image.read_bytes()
        except OSError:
            raise FileNotReadable(f"The image {self.image.name!r} of {self.source} cannot be read.") from None


def read_manifest(path: Path, taxonomy: Taxonomy, split: str | None = None) -> list[LabelledProduct]:
    """All rows of one split (None: of all). Raises FileNotReadable, or ManifestInvalid naming the line."""
    try:
        # Not splitlines: a title may hold the other characters that it takes for line ends.
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError):
        raise FileNotReadable(f"The manifest {str(path)!r} does not exist or is not UTF-8 text.") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _read_row(line, number, path, taxonomy)
            if split in (None, row.split):
                rows.append(row)
    return rows


def unmapped(rows: Sequence[LabelledProduct], allowed: float) -> str:
    """A warning that counts the products whose category the tree lacks, with their commonest labels; "" for none.

    allowed: the largest share of labelled products that may lack it. Raises ManifestInvalid above that.
    """
    labelled = [row for row in rows if row.label]
    missing = Counter(row.label for row in labelled if row.node is None)
    if not missing:
        return ""
    names = ", ".join(f"{label} ({count:,})" for label, count in missing.most_common(5))
    more = ", …" if len(missing) > 5 else ""
    said = (
        f"The tree lacks the category of {missing.total():,} of {len(labelled):,} products of {labelled[0].source!r}: "
        f"{names}{more}."
    )
    if missing.total() > allowed * len(labelled):
        raise ManifestInvalid(f"{said} At most {allowed:.0%} may be left out: add them to the tree, or as synonyms.")
    return said


def _read_row(line: str, number: int, path: Path, taxonomy: Taxonomy) -> LabelledProduct:
    try:
        row: dict[str, Any] = json.loads(line)
        category = [str(name) for name in row.get("category") or ()]
        title, description = (row.get("title") or "").strip(), (row.get("description") or "").strip()
        attributes = {str(name): str(value) for name, value in (row.get("attributes") or {}).items()}
        split, product_id = row["split"], str(row["id"])
        image = path.parent / row["image"] if row.get("image") else None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ManifestInvalid(f"Line {number} of {path.name!r} is not a product with an id and a split.") from None
    if split not in SPLITS:
        raise ManifestInvalid(
            f"Line {number} of {path.name!r} has the split {split!r}, not one of {', '.join(SPLITS)}."
        )
    if isinstance(row.get("category"), str):
        raise ManifestInvalid(f"Line {number} of {path.name!r} has a category that is not a list, from the top down.")
    if not (image or title or description):
        raise ManifestInvalid(f"Line {number} of {path.name!r} has no image and no text.")
    # A tree may part a category by gender, where a data set has it as an attribute.
    parted = taxonomy.named(SEPARATOR.join([*category, attributes.get("gender", "")]))
    node = parted or taxonomy.resolve(category)
    parent = taxonomy.resolve(category[:-1]) if len(category) > 1 else None
    return LabelledProduct(
        source=path.parent.name,
        product_id=product_id,
        split=split,
        image=image,
        title=title,
        description=description,
        label=category[-1] if category else "",
        node=node.id if node else None,
        parent=parent.id if parent else None,
        attributes=attributes,
        tags=taxonomy.tags_in(title),
    )


def read_sets(config: TrainConfig, data: Path, taxonomy: Taxonomy, split: str) -> list[LabelledProduct]:
    """The products of one split of all data sets. Prints a warning about products whose category the tree lacks.

    data: the folder that the manifests' paths are relative to. Raises FileNotReadable, or ManifestInvalid when no
    product has a category of the tree, or more than `config.max_unmapped` lack one.
    """
    rows: list[LabelledProduct] = []
    for item in config.sets:
        if not (data / item.manifest).is_file():
            raise FileNotReadable(f"The manifest {item.manifest!r} does not exist below the data root {str(data)!r}.")
        found = read_manifest(data / item.manifest, taxonomy, split)
        if said := unmapped(found, config.max_unmapped):
            print(f"{split}: {said}", file=sys.stderr)
        rows += found
    if not any(row.node for row in rows):
        raise ManifestInvalid(f"The data sets have no product with a category of the tree in the split {split!r}.")
    return rows
