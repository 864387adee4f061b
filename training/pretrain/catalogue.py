"""A feed -> what pretraining reads of it: texts, cached features of the images, and which products belong together."""

import hashlib
import heapq
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from catalog.errors import TooFewProducts
from catalog.feeds import BadRow, Row
from catalog.ingest.ledger import Failure
from catalog.ingest.load import Result
from catalog.ingest.pipeline import LocalWorker, failure
from catalog.model.encoders import Encoded
from catalog.model.network import CatalogModel, Inputs
from catalog.model.preprocess import Prepared, collate
from catalog.model.scripts import readable
from catalog.model.tokenizer import Tokenizer
from training.device import best_device, mixed_precision

MAX_PRODUCTS = 10_000  # that are read of a larger feed; their images take a few minutes
MIN_PAIRS = 200  # products with an image and a title, without which no gain could be told from noise
HELD_OUT, MIN_HELD_OUT, MAX_HELD_OUT = 0.2, 60, 1_000
BATCH = 32


@dataclass(frozen=True)
class Item:
    """A product. title, text: what the model can read of the title alone and of all its text. type: the merchant's
    category, "" if unknown. group: equal for products with an equal title or an equal image.
    """

    id: str
    title: str
    text: str
    type: str
    group: int


@dataclass
class Catalogue:
    """N products with the image encoder's results: tokens (T, D) of each in half precision, pooled vectors (N, F).

    rows: how many the feed has, failed ones included. failures: the rows that were skipped.
    """

    items: list[Item]
    tokens: list[Tensor]
    pooled_NF: Tensor
    present_N: Tensor
    rows: int
    failures: list[Failure] = field(default_factory=list)

    def images(self, chosen: Sequence[int]) -> Encoded:
        """The images of these products as the encoder gave them."""
        return padded(self.tokens, self.pooled_NF, self.present_N, chosen)

    @property
    def pairs(self) -> list[int]:
        """The products with an image and a title."""
        return [row for row, item in enumerate(self.items) if item.title and self.present_N[row]]

    def save(self, path: Path) -> None:
        state = {
            "items": [asdict(item) for item in self.items],
            "tokens": self.tokens,
            "pooled": self.pooled_NF,
            "present": self.present_N,
            "rows": self.rows,
            "failures": [[one.line, one.id, one.code, one.reason] for one in self.failures],
        }
        torch.save(state, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    @classmethod
    def load(cls, path: Path) -> "Catalogue":
        state: dict[str, Any] = torch.load(path, weights_only=True)
        items = [Item(**item) for item in state["items"]]
        failures = [Failure(line, name, code, reason, {}) for line, name, code, reason in state["failures"]]
        return cls(items, state["tokens"], state["pooled"], state["present"], state["rows"], failures)


def read_catalogue(
    feed: Iterable[Row | BadRow],
    worker: LocalWorker,
    model: CatalogModel,
    tokenizer: Tokenizer,
    seed: int,
    max_products: int = MAX_PRODUCTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Catalogue:
    """Read the rows as an ingest does; of a feed with more products than `max_products`, a sample.

    progress: called with the number of rows that were read and of all that will be. Raises TooFewProducts.
    """
    rows, chosen = sampled(feed, seed, max_products)
    reader = ItemReader(model, tokenizer)
    failures: list[Failure] = []
    with closing(worker.loaded(chosen, lambda ids: [None] * len(ids))) as loaded:
        done = 0
        for chunk in loaded:
            failures += [failure(item.row, item.error) for item in chunk if item.error]
            good = [item for item in chunk if item.prepared]
            for start in range(0, len(good), BATCH):
                reader.add(good[start : start + BATCH])
                progress(done + min(start + BATCH, len(good)), len(chosen))
            done += len(chunk)
    catalogue = reader.catalogue(rows, failures)
    if len(catalogue.pairs) < MIN_PAIRS:
        raise TooFewProducts(
            f"The feed has {len(catalogue.pairs):,} products with both an image and a title that can be read. "
            f"Pretraining needs at least {MIN_PAIRS}: with fewer, a gain cannot be told from chance."
        )
    return catalogue


def sampled(feed: Iterable[Row | BadRow], seed: int, limit: int) -> tuple[int, list[Row | BadRow]]:
    """The number of rows, every bad row and at most `limit` others, in the feed's order; the same for equal seeds."""
    bad: list[BadRow] = []
    count = 0

    def good() -> Iterable[Row]:
        nonlocal count
        for row in feed:
            count += 1
            if isinstance(row, Row):
                yield row
            else:
                bad.append(row)

    def drawn(row: Row) -> bytes:
        return hashlib.sha256(f"{seed}/{row.id}".encode()).digest()

    kept = heapq.nsmallest(limit, good(), key=drawn)
    return count, sorted([*bad, *kept], key=lambda row: row.line)


class ItemReader:
    """Collects products: what can be read of their texts, features of their images, and their groups."""

    def __init__(self, model: CatalogModel, tokenizer: Tokenizer) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.items: list[Item] = []
        self.tokens: list[Tensor] = []
        self.pooled: list[Tensor] = []
        self.present: list[Tensor] = []
        self.groups = Groups()

    @torch.inference_mode()
    def add(self, results: Sequence[Result]) -> None:
        prepared = [result.prepared for result in results if result.prepared]
        batch = collate([product._replace(text="") for product in prepared], self.tokenizer)
        with mixed_precision(best_device()):
            images = self.model.encode_image(Inputs.of(batch).to(best_device()))
        tokens, pooled_BF, present_B = packed(images, self.model)
        for result, product in zip(results, prepared, strict=True):
            self.items.append(self._item(result, product))
        self.tokens += tokens
        self.pooled.append(pooled_BF)
        self.present.append(present_B)

    def _item(self, result: Result, product: Prepared) -> Item:
        assert isinstance(result.row, Row)
        offered, scripts = result.row.product, self.model.config.text.scripts
        title, text = (readable(each, scripts).text for each in (offered.title.strip(), product.text))
        keys = [f"image {digest.hex()}" for digest in product.digests]
        keys += [f"title {' '.join(title.casefold().split())}"] if title else []
        return Item(offered.id, title, text, offered.product_type.strip(), self.groups.of(len(self.items), keys))

    def catalogue(self, rows: int, failures: list[Failure]) -> Catalogue:
        items = [Item(**asdict(item) | {"group": self.groups.root(item.group)}) for item in self.items]
        width = self.model.image_encoder.widths.pooled
        pooled_NF = torch.cat([*self.pooled, torch.zeros(0, width)])
        present_N = torch.cat([*self.present, torch.zeros(0, dtype=torch.bool)])
        return Catalogue(items, self.tokens, pooled_NF, present_N, rows, failures)


def packed(encoded: Encoded, model: CatalogModel) -> tuple[list[Tensor], Tensor, Tensor]:
    """-> tokens (T, D) of each product in half precision, those that the model's fusion reads; pooled vectors, and
    which products have the modality.
    """
    encoded = Encoded(*(tensor.float().cpu() if tensor.is_floating_point() else tensor.cpu() for tensor in encoded))
    needed = 1 if model.config.fusion == "late" else encoded.tokens_BTD.shape[1]
    masks_BT = encoded.mask_BT[:, :needed]
    tokens = [part[mask].half() for part, mask in zip(encoded.tokens_BTD[:, :needed], masks_BT, strict=True)]
    return tokens, encoded.pooled_BD, encoded.present_B


def padded(tokens: Sequence[Tensor], pooled_NF: Tensor, present_N: Tensor, chosen: Sequence[int]) -> Encoded:
    """The encodings of these products, from what `packed` gave of all."""
    parts = [tokens[row] for row in chosen]
    longest = max(1, *(len(part) for part in parts))
    tokens_BTD = torch.zeros(len(parts), longest, parts[0].shape[1])
    mask_BT = torch.zeros(len(parts), longest, dtype=torch.bool)
    for place, part in enumerate(parts):
        tokens_BTD[place, : len(part)] = part.float()
        mask_BT[place, : len(part)] = True
    return Encoded(tokens_BTD, mask_BT, pooled_NF[list(chosen)], present_N[list(chosen)])


class Groups:
    """Disjoint sets of numbers that share a key (union-find)."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.of_key: dict[str, int] = {}

    def of(self, number: int, keys: Iterable[str]) -> int:
        """Add the next number with its keys. -> itself"""
        assert number == len(self.parent)
        self.parent.append(number)
        for key in keys:
            one, other = self.root(self.of_key.setdefault(key, number)), self.root(number)
            self.parent[max(one, other)] = min(one, other)
        return number

    def root(self, number: int) -> int:
        while self.parent[number] != number:
            self.parent[number] = self.parent[self.parent[number]]
            number = self.parent[number]
        return number


def split(catalogue: Catalogue, seed: int) -> tuple[list[int], list[int]]:
    """-> products to train on, and one product of each group that is held out, all of which have an image and a title.

    Groups are drawn as wholes, so none is on both sides. A group too large to fit is trained on: one image that half
    the shop shows in place of missing ones joins all of these. Raises TooFewProducts if too little can be held out.
    """
    members: dict[int, list[int]] = {}
    for row, item in enumerate(catalogue.items):
        members.setdefault(item.group, []).append(row)
    paired = set(catalogue.pairs)
    target = min(max(round(HELD_OUT * len(paired)), MIN_HELD_OUT), MAX_HELD_OUT)
    order = sorted(members)
    random.Random(f"{seed}/split").shuffle(order)
    held: list[int] = []
    away: set[int] = set()
    for group in order:
        first = next((row for row in members[group] if row in paired), None)
        if len(held) < target and first is not None and len(away) + len(members[group]) <= 2 * target:
            held.append(first)
            away.update(members[group])
    if len(held) < MIN_HELD_OUT:
        raise TooFewProducts(
            f"Only {len(held)} products with an image and a title of their own can be held out to measure on; "
            f"{MIN_HELD_OUT} are needed."
        )
    return [row for row, item in enumerate(catalogue.items) if row not in away and item.text], sorted(held)
