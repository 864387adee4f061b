"""What people said, as training data: the entries of a zip that `shelflens train` reads once it is unpacked."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from catalog.product import Product, StoredProduct

# Of a hundred groups so many are drawn for validation, and so many for the test.
VALIDATION, TEST = 10, 10
SPLITS = ("train", "val", "test")
MANIFEST, PROPOSED, README = "manifest.jsonl", "proposed.jsonl", "README.txt"


class LabelledProduct(NamedTuple):
    """A product as a row of a manifest, but for its split. image: as WebP, by the name that the row has; or empty."""

    row: Mapping[str, Any]
    image: bytes


class LabelledPart(NamedTuple):
    """Some judged products. left_out: how many others there were, by the reason; after: where to go on, None: at the
    end.
    """

    products: Sequence[LabelledProduct]
    left_out: Mapping[str, int]
    after: int | None


def labelled(stored: StoredProduct, images: Sequence[bytes]) -> LabelledProduct | None:
    """None for a product without any category, the tree's or a proposed one."""
    product, understanding, said = stored.product, stored.understanding, stored.judgement
    proposed = said.proposed_category if said else ""
    path = proposed.split(" > ") if proposed else understanding.category and list(understanding.category.path)
    if not path:
        return None
    row = {
        "id": product.id,
        "title": product.title,
        "description": product.description,
        "category": path,
        "proposed_category": proposed or None,
        "attributes": {name: value.name for name, value in stored.attributes.items()},
        "tags": [tag.name for tag in understanding.tags],
        "image": f"images/{sha256(stored.id.encode()).hexdigest()[:24]}.webp" if images else None,
        "group": group_of(product),
    }
    return LabelledProduct(row, images[0] if images else b"")


def group_of(product: Product) -> str:
    """What near-equal products share: the words of the title, without numbers, sizes and order."""
    words = re.findall(r"[^\W\d_]+", product.title.casefold())
    return " ".join(sorted({word for word in words if len(word) > 2 or not word.isascii()})) or product.id


def drawn(groups: Collection[str]) -> dict[str, str]:
    """The split of each group, by a hash of it, so that a group stays where it is as others are added. Where there are
    so few that none falls to validation or to training, one is taken from elsewhere.
    """
    draw = {group: int.from_bytes(sha256(group.encode("utf-8", "replace")).digest()[:4]) % 100 for group in groups}
    order = sorted(draw, key=lambda group: (draw[group], group))
    bounds = (VALIDATION, VALIDATION + TEST)
    split = {group: SPLITS[(1, 2, 0)[sum(draw[group] >= bound for bound in bounds)]] for group in order}
    if len(order) > 1:
        split |= {order[0]: "val"} if "val" not in split.values() else {}
        split |= {order[-1]: "train"} if "train" not in split.values() else {}
    return split


class TrainingSet:
    """Entries of the zip, as (name, content). First `add` every part, then take what `end` gives."""

    def __init__(self) -> None:
        self._rows: list[Mapping[str, Any]] = []
        self._left_out: Counter[str] = Counter()

    def add(self, part: LabelledPart) -> Iterator[tuple[str, bytes]]:
        self._left_out.update(part.left_out)
        for row, image in part.products:
            self._rows.append(row)
            if image:
                yield row["image"], image

    def end(self) -> Iterator[tuple[str, bytes]]:
        known = [row for row in self._rows if not row["proposed_category"]]
        proposed = [row for row in self._rows if row["proposed_category"]]
        split = drawn({row["group"] for row in self._rows})
        for name, rows in ((MANIFEST, known), (PROPOSED, proposed)):
            lines = [json.dumps({**row, "split": split[row["group"]]}, ensure_ascii=False) + "\n" for row in rows]
            yield name, "".join(lines).encode("utf-8", "replace")
        splits = Counter(split[row["group"]] for row in known)
        yield README, self._readme(splits, len(proposed)).encode()

    def _readme(self, splits: Mapping[str, int], proposed: int) -> str:
        counts = "".join(f"  {name:<6}{splits.get(name, 0):>8,}\n" for name in SPLITS)
        left_out = "".join(f"  {count:,} {reason}\n" for reason, count in sorted(self._left_out.items()))
        few = "" if splits.get("train") and splits.get("val") else TOO_FEW
        return README_TEXT.format(counts=counts, few=few, proposed=proposed, left_out=left_out or "  none\n")


README_TEXT = """Products that people judged, for training.

manifest.jsonl has those whose category is in the category tree, a product a line:
{counts}{few}
The split is drawn by the group. Products whose titles have the same words, numbers and sizes
aside, are one group, so that near-equal products are never in two splits.

proposed.jsonl has {proposed:,} whose category the tree lacks. Add it to the tree to train on them.

Left out:
{left_out}
To train on manifest.jsonl, unpack this folder below the data root and add to the configuration:

[[sets]]
manifest = "feedback/manifest.jsonl"
"""
TOO_FEW = """
These are too few to train on: `shelflens train` needs products in both train and val. Judge more, of
different titles, or train together with another set.
"""
