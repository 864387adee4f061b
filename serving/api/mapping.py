"""Which of Google's categories each of the active model's is likely to be: found once for two trees, in a thread.

For a tree of some hundred categories that takes a second, for one of ten thousand ten. Names that no letters connect,
as those of another language, are read by the model first, which takes longer.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from catalog.arrays import Floats
from catalog.categories import Mapped, Proposal, map_trees
from catalog.errors import CatalogError
from catalog.product import Understanding
from catalog.taxonomy.tree import Taxonomy
from serving.errors import ModelFailed, ModelNotReady
from serving.inference.backend import Answer
from serving.inference.models import Model
from serving.jobs.loop_bridge import LoopBridge, Stopped

WAIT_SECONDS, LOOK_SECONDS = 1.0, 0.02
PATIENCE_SECONDS = 600.0
NAMES_AT_ONCE = 32

logger = logging.getLogger(__name__)

Read = Callable[[Sequence[str], Model], Coroutine[Any, Any, list[Answer]]]


@dataclass
class ProposedMap:
    """first: the model's tree, second: Google's. done: how many categories have been compared. ranked: all, the least
    sure first, once they have been; those whose category of Google's the tree itself names are last. unread: names that
    the model has to read before. error: why they will not be.
    """

    first: Taxonomy
    second: Taxonomy
    done: int = 0
    unread: int = 0
    ranked: Sequence[Mapped] = ()
    error: CatalogError | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    async def ready(self, seconds: float) -> bool:
        """Whether it is by then. Raises why it will not be."""
        deadline = time.monotonic() + seconds
        while not self.ended.is_set() and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        if self.error:
            raise self.error
        return self.ended.is_set()


class ProposedMaps:
    """The last map that was asked for, and how the model reads names. Not for several threads."""

    def __init__(self, read: Read) -> None:
        """read: names -> what the model makes of each."""
        self._read = read
        self._key = ("", "")
        self._map: ProposedMap | None = None
        self._space, self._vectors = "", dict[str, Floats]()

    def of(self, model: Model, digest: str, second: Taxonomy | None = None) -> ProposedMap | None:
        """The map from the model's tree to one of this digest; None where it needs the tree to begin."""
        key = (model.info.version, digest)
        if self._map and self._key == key:
            if self._map.error:
                self._key = ("", "")  # who asks next begins anew
            return self._map
        if second is None:
            return None
        self._key, self._map = key, ProposedMap(model.taxonomy, second)
        if self._space != model.info.space:
            self._space, self._vectors = model.info.space, {}
        embed = NameReader(self._read, model, self._vectors, self._map)
        threading.Thread(target=propose, args=(self._map, embed), name="category map", daemon=True).start()
        return self._map


class NameReader:
    """Embeds names for a thread, each once, by the service's own loop, whose requests go first."""

    def __init__(self, read: Read, model: Model, known: dict[str, Floats], found: ProposedMap) -> None:
        self._read, self._model, self._known, self._found = read, model, known, found
        loop, closing = asyncio.get_running_loop(), threading.Event()
        self._ask = LoopBridge(loop, closing, check=lambda: None, patience=PATIENCE_SECONDS)

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Unit vectors; of a text that the model cannot read, zeros."""
        missing = sorted(set(texts) - self._known.keys(), key=len)
        for start in range(0, len(missing), NAMES_AT_ONCE):
            some, self._found.unread = missing[start : start + NAMES_AT_ONCE], len(missing) - start
            answers = self._ask(partial(self._read, some, self._model))
            nothing_E = np.zeros(max(self._model.info.embedding_cuts), np.float32)
            for text, answer in zip(some, answers, strict=True):
                self._known[text] = answer.embedding if isinstance(answer, Understanding) else nothing_E
        self._found.unread = 0
        return np.stack([self._known[text] for text in texts])


def propose(found: ProposedMap, embed: NameReader) -> None:
    try:
        mapped = []
        for one in map_trees(found.first, found.second, embed):
            mapped.append(named_first(one, found.second))
            found.done += 1
        found.ranked = sorted(mapped, key=sureness)
    except CatalogError as error:
        found.error = error
    except Stopped:
        found.error = ModelNotReady()
    except Exception:
        logger.exception("the categories cannot be compared")
        found.error = ModelFailed()
    finally:
        found.ended.set()


def named_first(one: Mapped, second: Taxonomy) -> Mapped:
    """With the category of Google's that the tree itself names as the first proposal."""
    try:
        node = second.node(one.node.google)
    except KeyError:
        return one
    others = tuple(proposal for proposal in one.proposals if proposal.node is not node)
    return replace(one, proposals=(Proposal(node, 1.0, False), *others[:4]))


def sureness(one: Mapped) -> tuple[bool, float]:
    return bool(one.node.google), one.proposals[0].score if one.proposals else 0.0
