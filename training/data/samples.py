"""Manifests -> labelled products -> batches.

A manifest is JSON lines: {id, title, description, category (path, top to leaf), attributes, image (relative path or
null), split, group}. The split is the manifest's own, drawn by group; nothing here moves a row.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from catalog.errors import CatalogError, FileNotReadable, ManifestInvalid
from catalog.images.decode import decode
from catalog.model.encoders import Encoded
from catalog.model.network import Inputs
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.tokenizer import Tokenizer
from catalog.product import Product
from catalog.taxonomy.tree import Taxonomy
from training.data.titles import made_title, padded

Draw = tuple[int, Hashable]
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class LabelledProduct:
    """A product with its labels. node: the tree's id of its label; parent: of the level above; None: unknown."""

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
            raise FileNotReadable(f"The picture {self.image.name!r} of {self.source} cannot be read.") from None


def read_manifest(path: Path, taxonomy: Taxonomy, split: str | None = None) -> list[LabelledProduct]:
    """All rows of one split (or of all). Raises FileNotReadable, or ManifestInvalid naming the line."""
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
    """What to say of products whose category the tree lacks, "" if there are none: their share and commonest labels.

    allowed: their largest share of the labelled products. Raises ManifestInvalid beyond it.
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
        raise ManifestInvalid(f"Line {number} of {path.name!r} has neither a picture nor any text.")
    node = taxonomy.resolve(category)
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


def stem(word: str) -> str:
    """A word without case, punctuation and plural ending: "T-Shirts" -> "tshirt"."""
    letters = re.sub(r"[\W_]+", "", word.casefold())
    singular = re.sub(r"(?<=[a-z]{3})(?<!s)s$", "", re.sub(r"(?<=(?:sh|ch|ss|.x))es$", "", letters))
    # Berry and berries meet at "berri", tomato and tomatoes at "tomato".
    return re.sub(r"(?<=[a-z]{3})(?:ie|y)$", "i", re.sub(r"(?<=[a-z]{2}o)e$", "", singular))


def without_words(text: str, words: Sequence[str]) -> str:
    """`text` without the words (and joined word pairs: "track pants", "t shirt") whose stems occur in `words`."""
    banned = {stem(part) for word in words for part in (word, *word.split())} - {""}
    kept: list[str] = []
    parts = text.split()
    position = 0
    while position < len(parts):
        if position + 1 < len(parts) and stem(parts[position]) + stem(parts[position + 1]) in banned:
            position += 2
        elif stem(parts[position]) in banned:
            position += 1
        else:
            kept.append(parts[position])
            position += 1
    return " ".join(kept)


def label_words(row: LabelledProduct, taxonomy: Taxonomy) -> tuple[str, ...]:
    """Every name of the product's label: the data set's, the tree's, and its synonyms."""
    if row.node is None:
        return (row.label,)
    node = taxonomy.node(row.node)
    return (row.label, node.label, *(name for name in node.synonyms if " > " not in name))


def mask_labels(row: LabelledProduct, taxonomy: Taxonomy) -> LabelledProduct:
    """The product with its label's own words taken out of title and description, as in a messy feed."""
    words = label_words(row, taxonomy)
    return replace(row, title=without_words(row.title, words), description=without_words(row.description, words))


@dataclass(frozen=True)
class Targets:
    """Labels of B products. under_BLC: see `losses.tree_cross_entropy`; text_B: equal numbers stand for equal texts;
    given_B: see `Sample.given`.
    """

    under_BLC: Tensor
    attributes: dict[str, Tensor]
    tags_BG: Tensor
    tags_known_B: Tensor
    text_B: Tensor
    given_B: Tensor

    def to(self, device: torch.device) -> "Targets":
        moved = {name: value.to(device) for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **moved, attributes={name: value.to(device) for name, value in self.attributes.items()})

    def only(self, known_B: Tensor) -> "Targets":
        """The same, but unlabelled wherever `known_B` is False."""
        return replace(
            self,
            under_BLC=self.under_BLC & known_B[:, None, None],
            attributes={name: value.masked_fill(~known_B, -1) for name, value in self.attributes.items()},
            tags_known_B=self.tags_known_B & known_B,
        )


class TargetMaker:
    """Turns labels into tensors for one taxonomy."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.taxonomy = taxonomy
        leaves = len(taxonomy.leaves)
        self.under: dict[str, Tensor] = {}
        for node in taxonomy.nodes:
            self.under[node.id] = torch.zeros(leaves, dtype=torch.bool)
            self.under[node.id][list(taxonomy.leaves_under(node.id))] = True
        self.levels = max(len(taxonomy.ancestors(node.id)) for node in taxonomy.nodes)
        self.values = {a.name: {value: i for i, value in enumerate(a.values)} for a in taxonomy.attributes}
        self.tags = {tag.name: i for i, tag in enumerate(taxonomy.tags)}

    def __call__(self, rows: Sequence[LabelledProduct], texts: Sequence[str], given: Sequence[bool]) -> Targets:
        under_BLC = torch.zeros(len(rows), self.levels, len(self.taxonomy.leaves), dtype=torch.bool)
        tags_BG = torch.zeros(len(rows), len(self.tags))
        for b, row in enumerate(rows):
            path = self.taxonomy.ancestors(row.node) if row.node else ()
            for level, node in enumerate(reversed(path), 1):
                under_BLC[b, -level] = self.under[node]
            for tag in row.tags:
                tags_BG[b, self.tags[tag]] = 1
        numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        return Targets(
            under_BLC=under_BLC,
            attributes={
                name: torch.tensor([values.get(row.attributes.get(name, ""), -1) for row in rows])
                for name, values in self.values.items()
            },
            tags_BG=tags_BG,
            tags_known_B=torch.tensor([bool(row.title) for row in rows]),
            text_B=torch.tensor([numbers[text] for text in texts]),
            given_B=torch.tensor(given),
        )


def augmentation(size: int) -> v2.Transform:
    """Random crop, flip, turn, light and erasing; hue stays, colour is a label."""
    return v2.Compose(
        [
            v2.RandomApply([v2.RandomRotation(20, v2.InterpolationMode.BILINEAR, fill=255)], p=0.3),
            v2.RandomResizedCrop(size, scale=(0.35, 1), ratio=(0.67, 1.5), interpolation=v2.InterpolationMode.BICUBIC),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.3, 0.3, 0.2),
            v2.RandomErasing(p=0.25, scale=(0.02, 0.2), value=127),
        ]
    )


class Sample(NamedTuple):
    """An augmented product. `given`: its words may be read as the product's; else they only caption its image."""

    prepared: Prepared
    given: bool


class Sampler:
    """One training sample at a time: a row, drawn and augmented by (seed, index, key) alone, so runs can resume.

    made_titles: how often the model may read the title that was made up for a product without words.
    """

    def __init__(
        self, rows: Sequence[LabelledProduct], taxonomy: Taxonomy, size: int, seed: int, made_titles: float = 0.0
    ) -> None:
        self.rows, self.taxonomy, self.size, self.seed, self.made_titles = rows, taxonomy, size, seed, made_titles
        self.transform = augmentation(size)

    def at_size(self, size: int) -> "Sampler":
        """The same samples, with images of another size."""
        return Sampler(self.rows, self.taxonomy, size, self.seed, self.made_titles)

    def __call__(self, index: int, key: Hashable) -> Sample:
        row = self.rows[index]
        text, given = self.texts(index, key)
        return Sample(Prepared(row.product_id, self.read_image(row, f"{self.seed}/{index}/{key}/picture"), text), given)

    def read_image(self, row: LabelledProduct, seed: str) -> NDArray[np.uint8]:
        """-> (1, 3, size, size), or (0, 3, size, size) without an image."""
        if row.image is None:
            return np.empty((0, 3, self.size, self.size), np.uint8)
        pixels_CHW = v2.functional.pil_to_tensor(decode(row.read_image(), size_hint=self.size))
        with torch.random.fork_rng():
            torch.manual_seed(random.Random(seed).getrandbits(62))
            return np.asarray(self.transform(pixels_CHW).numpy()[None], np.uint8)

    def texts(self, index: int, key: Hashable) -> tuple[str, bool]:
        """The product's words, at times without its label's or some others, or with filling; a wordless product gets a
        made title. -> the text, and whether the model may read it as the product's.
        """
        row, draw = self.rows[index], random.Random(f"{self.seed}/{index}/{key}/words")
        text = f"{row.title}. {row.description}" if row.description and draw.random() < 0.5 else row.title
        if not text:
            title = made_title(self.taxonomy.node(row.node), self.taxonomy, draw) if row.node else row.label
            return title, draw.random() < self.made_titles
        if draw.random() < 0.3:
            text = without_words(text, label_words(row, self.taxonomy)) or text
        if draw.random() < 0.3:
            text = " ".join(word for word in text.split() if draw.random() > 0.2) or text
        if draw.random() < 0.2:
            text = padded(text, draw)
        return text, True


class Reader(NamedTuple):
    """How a model reads products: its images' size, and the tokens of its words."""

    size: int
    tokenizer: Tokenizer

    def __call__(self, products: Sequence[Prepared]) -> Batch:
        batch = collate(products, self.tokenizer)
        if batch.pixels_NCHW.shape[-1] == self.size:
            return batch
        size, pixels_NCHW = [self.size, self.size], torch.from_numpy(batch.pixels_NCHW)
        smaller_NCHW = v2.functional.resize(pixels_NCHW, size, v2.InterpolationMode.BICUBIC, antialias=True)
        return replace(batch, pixels_NCHW=np.asarray(smaller_NCHW, np.uint8))


class TrainingBatch(NamedTuple):
    """A batch of samples: their inputs or, from a cache, what the encoders made of them.

    shown: the batch as the teacher reads it, if there is one.
    """

    targets: Targets
    inputs: Inputs | None = None
    encoded: tuple[Encoded, Encoded] | None = None
    shown: Batch | None = None

    def to(self, device: torch.device) -> "TrainingBatch":
        return TrainingBatch(
            self.targets.to(device),
            self.inputs.to(device) if self.inputs else None,
            (self.encoded[0].to(device), self.encoded[1].to(device)) if self.encoded else None,
            self.shown,
        )


class Collator:
    """Samples -> batches, for a model and, maybe, its teacher; picklable, so that worker processes can use it."""

    def __init__(self, sampler: Sampler, reader: Reader, teacher: Reader | None = None) -> None:
        self.sampler = sampler.at_size(max(each.size for each in (reader, teacher) if each))
        self.reader, self.teacher = reader, teacher
        self.targets = TargetMaker(sampler.taxonomy)

    def at_size(self, size: int) -> "Collator":
        """The same collator, for images of another size."""
        return Collator(self.sampler, self.reader._replace(size=size), self.teacher)

    def __call__(self, draws: Sequence[Draw]) -> TrainingBatch:
        """`draws` are (row index, key); equal draws give equal samples."""
        samples = [self.sampler(index, key) for index, key in draws]
        products = [sample.prepared for sample in samples]
        rows = [self.sampler.rows[index] for index, _ in draws]
        targets = self.targets(rows, [product.text for product in products], [sample.given for sample in samples])
        inputs = Inputs.of(self.reader(products))
        return TrainingBatch(targets, inputs, shown=self.teacher(products) if self.teacher else None)


class DrawnBatches(Dataset[TrainingBatch | CatalogError]):
    """A map-style dataset of whole batches, made in the loader's worker processes.

    An error of ours is an item, too: were it raised, the loader would put a traceback in place of its words.
    """

    def __init__(self, draws: Sequence[Sequence[Draw]], collator: Collator) -> None:
        self.draws, self.collator = draws, collator

    def __len__(self) -> int:
        return len(self.draws)

    def __getitem__(self, number: int) -> TrainingBatch | CatalogError:
        try:
            return self.collator(self.draws[number])
        except CatalogError as error:
            return error


def load(draws: Sequence[Sequence[Draw]], collator: Collator, workers: int) -> Iterator[TrainingBatch]:
    """The batches in order, made ahead by `workers` processes of one thread each (0: in this process)."""
    loader: DataLoader[Any] = DataLoader(
        DrawnBatches(draws, collator),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_one_thread,
        generator=torch.Generator(),  # the loader draws a number on starting; not from the random state of a step
        prefetch_factor=3 if workers else None,
    )
    for item in loader:
        if isinstance(item, CatalogError):
            raise item
        yield item


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
