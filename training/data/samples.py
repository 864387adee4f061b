"""Labelled products -> augmented samples -> batches."""

import random
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from catalog.errors import CatalogError
from catalog.images.decode import decode
from catalog.model.encoders import Encoded
from catalog.model.network import Inputs
from catalog.model.preprocess import Batch, Prepared, collate
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.data.manifests import LabelledProduct
from training.data.masking import label_words, without_words
from training.data.targets import TargetMaker, Targets
from training.data.titles import synthetic_title, with_filler
from training.losses import TreePaths

# A row's index, and what tells one sample of that row from the next. Equal keys give equal samples.
SampleKey = tuple[int, Hashable]


def augmentation(size: int) -> v2.Transform:
    """Random rotation, crop, flip, brightness and erasing. Hue is kept, because colour is a label."""
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
    """An augmented product. given: the text is the product's own; False: it only captions the image."""

    prepared: Prepared
    given: bool


class MapReader(Protocol):
    """See `training.features.stem_maps.StemMaps`."""

    def read(self, row: int, draw: random.Random) -> NDArray[Any]: ...


class Sampler:
    """One augmented training sample at a time, determined by (seed, row index, key) alone, so that runs can resume.

    synthetic_title_rate: how often the model may read the synthetic title of a product without text.
    """

    def __init__(
        self,
        rows: Sequence[LabelledProduct],
        taxonomy: Taxonomy,
        size: int,
        seed: int,
        synthetic_title_rate: float = 0.0,
        maps: "MapReader | None" = None,
    ) -> None:
        self.rows, self.taxonomy, self.size, self.seed = rows, taxonomy, size, seed
        self.synthetic_title_rate, self.maps = synthetic_title_rate, maps
        self.transform = augmentation(size)

    def at_size(self, size: int) -> "Sampler":
        """The same samples, with images of another size."""
        return Sampler(self.rows, self.taxonomy, size, self.seed, self.synthetic_title_rate, self.maps)

    def of_maps(self, maps: "MapReader") -> "Sampler":
        """The same samples, with cached maps of the image encoder's stem in the place of pixels."""
        return Sampler(self.rows, self.taxonomy, self.size, self.seed, self.synthetic_title_rate, maps)

    def __call__(self, index: int, key: Hashable) -> Sample:
        row = self.rows[index]
        text, given = self.text(index, key)
        # The strings that seed the random draws stay as they are: another one would give another run.
        seed = f"{self.seed}/{index}/{key}/picture"
        if self.maps is not None and row.image is not None:
            return Sample(Prepared(row.product_id, self.maps.read(index, random.Random(seed)), text), given)
        return Sample(Prepared(row.product_id, self.augmented(row, seed), text), given)

    def augmented(self, row: LabelledProduct, seed: str) -> NDArray[np.uint8]:
        """-> (1, 3, size, size), or (0, 3, size, size) without an image."""
        if row.image is None:
            return np.empty((0, 3, self.size, self.size), np.uint8)
        pixels_CHW = v2.functional.pil_to_tensor(decode(row.read_image(), size_hint=self.size))
        with torch.random.fork_rng():
            torch.manual_seed(random.Random(seed).getrandbits(62))
            return np.asarray(self.transform(pixels_CHW).numpy()[None], np.uint8)

    def text(self, index: int, key: Hashable) -> tuple[str, bool]:
        """Augmented text, and whether it is the product's own (`Sample.given`).

        At random: with the description, without the label's words, with a fifth of the words dropped, with filler
        sentences. A product without text gets a synthetic title.
        """
        row, draw = self.rows[index], random.Random(f"{self.seed}/{index}/{key}/words")
        text = f"{row.title}. {row.description}" if row.description and draw.random() < 0.5 else row.title
        if not text:
            title = synthetic_title(self.taxonomy.node(row.node), self.taxonomy, draw) if row.node else row.label
            return title, draw.random() < self.synthetic_title_rate
        if draw.random() < 0.3:
            text = without_words(text, label_words(row, self.taxonomy)) or text
        if draw.random() < 0.3:
            text = " ".join(word for word in text.split() if draw.random() > 0.2) or text
        if draw.random() < 0.2:
            text = with_filler(text, draw)
        return text, True


class Collation(NamedTuple):
    """Prepared products -> the batch that one model reads: images of its size, tokens of its tokenizer."""

    size: int
    tokenizer: Tokenizer

    def __call__(self, products: Sequence[Prepared]) -> Batch:
        batch = collate(products, self.tokenizer)
        if batch.pixels_NCHW.shape[-1] == self.size or batch.pixels_NCHW.dtype != np.uint8:
            return batch
        size, pixels_NCHW = [self.size, self.size], torch.from_numpy(batch.pixels_NCHW)
        smaller_NCHW = v2.functional.resize(pixels_NCHW, size, v2.InterpolationMode.BICUBIC, antialias=True)
        return replace(batch, pixels_NCHW=np.asarray(smaller_NCHW, np.uint8))


class CorpusBatch(NamedTuple):
    """Texts without products: the text encoder's vectors. pairs: name -> rows of the askers, rows of what they are to
    find, and a number for each pair; equal numbers are equal texts. paths: of their categories.
    """

    pooled_BD: Tensor
    pairs: dict[str, tuple[Tensor, Tensor, Tensor]]
    paths: TreePaths

    def to(self, device: torch.device) -> "CorpusBatch":
        pairs = {name: (a.to(device), b.to(device), c.to(device)) for name, (a, b, c) in self.pairs.items()}
        return CorpusBatch(self.pooled_BD.to(device), pairs, self.paths.to(device))


class TrainingBatch(NamedTuple):
    """Targets, with the inputs or, from a feature cache, the encoders' results.

    for_teacher: the same samples as the teacher reads them, taught: as its encoders have read them; None without a
    teacher. corpus: further texts.
    """

    targets: Targets
    inputs: Inputs | None = None
    encoded: tuple[Encoded, Encoded] | None = None
    for_teacher: Batch | None = None
    taught: tuple[Encoded, Encoded] | None = None
    corpus: CorpusBatch | None = None

    def to(self, device: torch.device) -> "TrainingBatch":
        return TrainingBatch(
            self.targets.to(device),
            self.inputs.to(device) if self.inputs else None,
            (self.encoded[0].to(device), self.encoded[1].to(device)) if self.encoded else None,
            self.for_teacher,
            (self.taught[0].to(device), self.taught[1].to(device)) if self.taught else None,
            self.corpus.to(device) if self.corpus else None,
        )


class Collator:
    """Sample keys -> training batches, for a model and optionally its teacher. Picklable, for worker processes."""

    def __init__(self, sampler: Sampler, collation: Collation, teacher: Collation | None = None) -> None:
        self.sampler = sampler.at_size(max(each.size for each in (collation, teacher) if each))
        self.collation, self.teacher = collation, teacher
        self.targets = TargetMaker(sampler.taxonomy)

    def at_size(self, size: int) -> "Collator":
        """The same collator, for images of another size."""
        return Collator(self.sampler, self.collation._replace(size=size), self.teacher)

    def __call__(self, keys: Sequence[SampleKey]) -> TrainingBatch:
        samples = [self.sampler(index, key) for index, key in keys]
        products = [sample.prepared for sample in samples]
        rows = [self.sampler.rows[index] for index, _ in keys]
        targets = self.targets(rows, [product.text for product in products], [sample.given for sample in samples])
        inputs = Inputs.of(self.collation(products))
        return TrainingBatch(targets, inputs, for_teacher=self.teacher(products) if self.teacher else None)


class BatchDataset(Dataset[TrainingBatch | CatalogError]):
    """A map-style dataset of whole batches, collated in the loader's worker processes.

    A CatalogError is returned as an item: if it were raised, the loader would replace its message by a traceback.
    """

    def __init__(self, batches: Sequence[Sequence[SampleKey]], collator: Collator) -> None:
        self.batches, self.collator = batches, collator

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, number: int) -> TrainingBatch | CatalogError:
        try:
            return self.collator(self.batches[number])
        except CatalogError as error:
            return error


def load(batches: Sequence[Sequence[SampleKey]], collator: Collator, workers: int) -> Iterator[TrainingBatch]:
    """The batches in order, prefetched by `workers` processes of one thread each (0: in this process)."""
    loader: DataLoader[Any] = DataLoader(
        BatchDataset(batches, collator),
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_one_thread,
        generator=torch.Generator(),  # the loader draws a number when it starts: not from a step's random state
        prefetch_factor=3 if workers else None,
    )
    for item in loader:
        if isinstance(item, CatalogError):
            raise item
        yield item


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
