"""Products in, understandings out: the one inference path of the command line, the service and bulk ingest."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from catalog.arrays import Floats, Modalities, choice, sigmoid
from catalog.errors import CatalogError
from catalog.filing import Alone, Categories, Filer
from catalog.model.calibration import Calibration
from catalog.model.contract import Contract
from catalog.model.folder import ModelFolder, open_model, shipped_model
from catalog.model.preprocess import Prepared, collate, prepare
from catalog.model.runtime import Answer, ModelOutputs, Runtime, open_runtime
from catalog.model.scripts import plain_letters, readable, readable_names
from catalog.model.tokenizer import Extent
from catalog.product import CategoryScore, Modality, Note, Product, Scored, Sides, Understanding
from catalog.taxonomy.tree import Taxonomy

BATCH_SIZE = 32
BATCH_OF_A_CORE = 8  # larger batches do not fit the cache of one core
CACHE_MEGABYTES = 32
MODALITIES: tuple[Modality, ...] = ("image", "text")
NOTHING = Extent(tokens=0, cut=False, known=False)


def batch_size(device: str) -> int:
    """The batch size for a thread that uses one core, or for a GPU."""
    return BATCH_OF_A_CORE if device == "cpu" else BATCH_SIZE


# What is read of a product, and its embeddings (E,): by all of that, and where it has both by each modality alone.
Vectors = tuple[tuple[Modality, ...], dict[Modalities, Floats]]


class Reading(NamedTuple):
    """A product with the text that the model can read. used: its modalities; text: the whole text; extent: of what is
    read; named: the leaves that the title names, if that counts, as of `Taxonomy.leaves_named`.
    """

    product: Prepared
    used: tuple[Modality, ...]
    notes: tuple[Note, ...]
    text: str
    extent: Extent
    named: Mapping[int, float]


class Understander:
    """A loaded model. Safe to share between threads; takes a few seconds to load."""

    def __init__(self, model: ModelFolder, runtime: Runtime) -> None:
        self._base = Categories(model.taxonomy, model.calibration, None if model.taught else model.contract)
        self._contract = model.contract
        self.filer = Filer.of(model) if model.taught else None  # of what it was taught
        self._version, self._folder = model.version, model.name
        self._base_version = model.space if model.taught else model.version
        self.space, self.config = model.space, model.config
        self.tokenizer = model.tokenizer
        self._familiarity = model.familiarity
        self._runtime = runtime

    @classmethod
    def load(
        cls,
        folder: str | Path | None = None,
        device: str = "cpu",
        cache_megabytes: int = CACHE_MEGABYTES,
        compiled: bool = False,
    ) -> Self:
        """Load a model folder; by default the model that ships with Shelflens; "nano" is the small one.

        cache_megabytes: size of the LRU cache of encoded images and texts. compiled: whether PyTorch compiles the image
        encoder, which takes minutes and pays on CUDA; the model may then be used in one thread only. Raises
        CheckpointInvalid, CheckpointDamaged, or ConfigInvalid if the device is missing.
        """
        model = open_model(Path(folder) if folder else shipped_model())
        return cls(model, open_runtime(model, device, cache_megabytes * 1_000_000, compiled))

    def filing_by(self, filer: Filer) -> Self:
        """The same model with other categories, those of one that was taught from it. All else is shared, so this takes
        no time.
        """
        assert filer.space == self.space, "its embeddings are those of another model"
        other = copy(self)
        other.filer = filer
        return other

    @property
    def _own(self) -> Categories:
        return self.filer.categories if self.filer else self._base

    @property
    def version(self) -> str:
        return self.filer.version if self.filer else self._version

    @property
    def folder(self) -> str:
        """See `catalog.model.folder.ModelFolder.name`."""
        return self.filer.folder if self.filer else self._folder

    @property
    def taxonomy(self) -> Taxonomy:
        return self._own.taxonomy

    @property
    def calibration(self) -> Calibration:
        return self._own.calibration

    @property
    def contract(self) -> Contract | None:
        return self._own.contract

    def understand(
        self, products: Sequence[Product], top_k: int = 5, evidence: bool = True
    ) -> list[Understanding | CatalogError]:
        """One result for each product, in order: an Understanding, or the error of a product that is not valid.

        top_k: number of alternative categories; evidence: whether to also predict from each modality alone.
        """
        checked = [self._prepared_or_error(product) for product in products]
        good = [item for item in checked if isinstance(item, Prepared)]
        chunks = [good[start : start + BATCH_SIZE] for start in range(0, len(good), BATCH_SIZE)]
        understood = iter([u for chunk in chunks for u in self.understand_prepared(chunk, top_k, evidence)])
        return [next(understood) if isinstance(item, Prepared) else item for item in checked]

    def prepare(self, product: Product) -> Prepared:
        """The CPU work for one product. Raises ProductInvalid or ImageInvalid."""
        return prepare(product, self.config.image.size)

    def _prepared_or_error(self, product: Product) -> Prepared | CatalogError:
        try:
            return self.prepare(product)
        except CatalogError as error:
            return error

    def understand_prepared(
        self, products: Sequence[Prepared], top_k: int = 5, evidence: bool = True
    ) -> list[Understanding]:
        """The model's work for one batch of products from `prepare`."""
        readings = [self.reading(product) for product in products]
        good = [reading.product for reading in readings if reading.used]
        outputs = self._runtime.run(collate(good, self.tokenizer), evidence=True) if good else None
        row = count()
        return [
            self._to_understanding(outputs, next(row), reading, top_k, evidence)
            if outputs and reading.used
            else self._unread(reading)
            for reading in readings
        ]

    def vectors(self, products: Sequence[Prepared]) -> list[Vectors]:
        """For each product from `prepare` what is read of it, and its embeddings. None where nothing can be read."""
        readings = [self.reading(product) for product in products]
        good = [reading.product for reading in readings if reading.used]
        outputs = self._runtime.run(collate(good, self.tokenizer), evidence=True) if good else None
        row = count()
        return [
            (reading.used, _embeddings(outputs, next(row), reading.used) if outputs and reading.used else {})
            for reading in readings
        ]

    def log_odds(self, products: Sequence[Prepared], node: str) -> list[float | None]:
        """For each product from `prepare` the log-odds of this category, by the model's own tree. None where nothing
        can be read.
        """
        readings = [self.reading(product) for product in products]
        good = [reading.product for reading in readings if reading.used]
        outputs = self._runtime.run(collate(good, self.tokenizer), evidence=False) if good else None
        row = count()
        answers = [self._answer(outputs, next(row), one) if outputs and one.used else None for one in readings]
        return [
            self._own.log_odds(self._judged(answer, 0.0)[0], choice(reading.used), node) if answer else None
            for reading, answer in zip(readings, answers, strict=True)
        ]

    def embed(self, texts: Sequence[str], progress: Callable[[int], object] = lambda texts: None) -> Floats:
        """(N, E): a unit vector of each text, such as a category's name; zeros for one that cannot be read.

        progress: is told of texts as they are done.
        """
        vector_NE = np.zeros((len(texts), self.config.embedding_width), np.float32)
        for start in range(0, len(texts), BATCH_SIZE):
            batch = texts[start : start + BATCH_SIZE]
            for row, (used, found) in enumerate(
                self.vectors([self.prepare(Product(title=one)) for one in batch]), start
            ):
                if used:
                    vector_NE[row] = found["text"]
            progress(len(batch))
        return vector_NE

    def reading(self, product: Prepared) -> Reading:
        """A product from `prepare` with the part of its text that the text encoder can read."""
        scripts = self.config.text.scripts
        whole = plain_letters(product.text)
        text, left_out = readable_names(whole, self._base.taxonomy, scripts) or readable(whole, scripts)
        [extent] = self.tokenizer.extents([text]) if text else [NOTHING]
        if text and not extent.known:
            text, left_out, extent = "", True, NOTHING
        has = {"image": len(product.pixels_NCHW) > 0, "text": bool(text)}
        notes: tuple[Note, ...] = ("text_not_read",) if left_out else ()
        counts = text and self._base.calibration.named
        named = self._base.taxonomy.leaves_named(plain_letters(product.title)) if counts else {}
        used = tuple(m for m in MODALITIES if has[m])
        return Reading(product._replace(text=text), used, notes, whole, extent, named)

    def _unread(self, reading: Reading) -> Understanding:
        """The result for a product without an image whose text cannot be read: no category, similar to nothing."""
        unread = Understanding(
            id=reading.product.id,
            category=None,
            alternatives=(),
            tags=(),
            attributes={},
            embedding=far_from_all(reading.text, self.config.embedding_width),
            modalities_used=(),
            decision="abstain",
            notes=reading.notes,
            image_measures=reading.product.image_measures,
        )
        return unread.based(self._base_version) if self.filer else unread

    def _to_understanding(
        self, outputs: ModelOutputs, row: int, reading: Reading, top_k: int, evidence: bool
    ) -> Understanding:
        modalities = choice(reading.used)
        answer = self._answer(outputs, row, reading)
        filing = self._base.file(answer.leaf_C, self._log_odds(outputs, row, modalities), modalities, top_k)
        has_both = len(reading.used) == 2
        found = Understanding(
            id=reading.product.id,
            category=filing.category,
            alternatives=filing.alternatives,
            tags=self._tags(outputs.tags_BG[row], filing.category, modalities, reading.text),
            attributes=self._attributes(outputs, row, filing.category, modalities, reading.text),
            embedding=answer.embedding_E,
            modalities_used=reading.used,
            decision=filing.decision,
            notes=(*reading.notes, "unfamiliar") if filing.unfamiliar else reading.notes,
            tokens=reading.extent.tokens,
            cut=reading.extent.cut,
            sides=self._sides(outputs, row, reading) if has_both else None,
            image_measures=reading.product.image_measures,
        )
        if self.filer:  # tags and attributes that were not taught depend on the base's category
            found = self.filer.refile(found, self._base_version, top_k)
        alone = outputs.evidence if has_both and evidence else {}
        return replace(found, evidence={name: self._alone(outputs, row, reading, name) for name in alone})

    def _answer(self, outputs: ModelOutputs, row: int, reading: Reading, alone: Modality | None = None) -> Answer:
        """The outputs of a product, with what its title's names add where words are read."""
        answer = outputs.answer(row, alone)
        if alone == "image" or not reading.named:
            return answer
        leaf_C = answer.leaf_C.copy()
        leaf_C[list(reading.named)] += self._base.calibration.named * np.array(list(reading.named.values()), np.float32)
        return answer._replace(leaf_C=leaf_C)

    def _sides(self, outputs: ModelOutputs, row: int, reading: Reading) -> Sides:
        """For the base, whatever was taught since."""
        image, text = (self._side(outputs, row, reading, modality) for modality in MODALITIES)
        return self._base.sides(image, text)

    def _side(self, outputs: ModelOutputs, row: int, reading: Reading, modality: Modality) -> Alone:
        attributes = {name: logits_BV[row] for name, logits_BV in outputs.evidence[modality].attributes.items()}
        answer, log_odds = self._answer(outputs, row, reading, modality), self._log_odds(outputs, row, modality)
        return Alone(answer.leaf_C, answer.embedding_E, attributes, log_odds)

    def _judged(self, answer: Answer, log_odds: float) -> tuple[Floats, float]:
        """Leaf logits (C,), and the log odds of being unfamiliar: the model's own, or those that it was taught."""
        return self.filer.judged(answer.embedding_E) if self.filer else (answer.leaf_C, log_odds)

    def _alone(self, outputs: ModelOutputs, row: int, reading: Reading, modality: Modality) -> CategoryScore | None:
        """The category that this modality alone supports."""
        judged = self._judged(self._answer(outputs, row, reading, modality), self._log_odds(outputs, row, modality))
        return self._own.category(*judged, modality)

    def _log_odds(self, outputs: ModelOutputs, row: int, modalities: Modalities) -> float:
        """The log odds that the product is unfamiliar; -inf for a model without a familiarity estimate."""
        if self._familiarity is None:
            return -np.inf
        image_1D = None if modalities == "text" else outputs.image_BD[row : row + 1]
        text_1D = None if modalities == "image" else outputs.text_BD[row : row + 1]
        return float(self._familiarity.log_odds(image_1D, text_1D)[0])

    def _tags(
        self, logits_G: Floats, category: CategoryScore | None, modalities: Modalities, text: str
    ) -> tuple[Scored, ...]:
        """Tags with a proven score that such products can have, without an image only those that the text names. None
        without a category, on which both depend.
        """
        if category is None:
            return ()
        proven = self._base.calibration.proven_tags(modalities, category)
        if modalities == "text":
            named = self._base.taxonomy.tags_in(text)
            proven = {name: least for name, least in proven.items() if name in named}
        scores = zip(self._base.taxonomy.tags, sigmoid(logits_G), strict=True)
        kept = [
            Scored(tag.name, float(score))
            for tag, score in scores
            if score >= proven.get(tag.name, np.inf) and self._base.taxonomy.can_have(category.id, tag)
        ]
        return tuple(sorted(kept, key=lambda tag: -tag.score))

    def _attributes(
        self, outputs: ModelOutputs, row: int, category: CategoryScore | None, modalities: Modalities, text: str
    ) -> dict[str, Scored]:
        """Those of the base that may be given. None without a category."""
        logits = {name: logits_BV[row] for name, logits_BV in outputs.attributes.items()}
        found = self._base.values(logits, category, modalities, text)
        told = self._contract
        return {name: value for name, value in found.items() if told is None or told.gives(name, value, modalities)}


def _embeddings(outputs: ModelOutputs, row: int, used: Sequence[Modality]) -> dict[Modalities, Floats]:
    found: dict[Modalities, Floats] = {choice(used): outputs.embedding_BE[row]}
    alone = outputs.evidence if len(used) == 2 else {}
    return found | {name: answer.embedding_BE[row] for name, answer in alone.items()}


def far_from_all(text: str, width: int) -> Floats:
    """A pseudo-random unit vector determined by the text, (width,).

    In 256 dimensions two of them are nearly orthogonal to each other and to the model's embeddings, so products whose
    text cannot be read are not similar to anything.
    """
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8])
    drawn_E = np.random.default_rng(seed).standard_normal(width)
    return np.asarray(drawn_E / np.linalg.norm(drawn_E), np.float32)
