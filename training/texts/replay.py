"""A corpus as a frozen text encoder reads it: cached vectors, from which each step of training draws a batch."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from catalog.arrays import Floats
from catalog.model.encoders import TextEncoder
from catalog.model.tokenizer import Tokenizer
from catalog.taxonomy.tree import Taxonomy
from training.config import CorpusConfig
from training.data.samples import CorpusBatch
from training.data.targets import TargetMaker
from training.data.text_vectors import cached_vectors
from training.texts.corpus import Text, drawn_rows, read_corpus, rows_by_kind


class Replay:
    """Draws texts, each with a translation and a query if it has one."""

    def __init__(self, texts: Sequence[Text], vectors: dict[str, Floats], taxonomy: Taxonomy) -> None:
        self.texts, self.vectors, self.of_kind = texts, vectors, rows_by_kind(texts)
        self.targets = TargetMaker(taxonomy)

    def batch(self, size: int, seed: object) -> CorpusBatch:
        draw = random.Random(f"corpus/{seed}")
        rows = drawn_rows(self.of_kind, size, draw)
        english = [self.texts[row].english for row in rows]
        asking = {name: self._asking(name, rows, draw) for name in ("same", "queries")}
        found = [self.vectors[text] for text in english]
        nodes = [self.texts[row].node for row in rows]
        of_text = list(nodes)
        pairs = {}
        for name, asked in asking.items():
            numbers = {text: number for number, text in enumerate(dict.fromkeys(text for _, text in asked))}
            start = len(found)
            found += [self.vectors[text] for _, text in asked]
            of_text += [nodes[place] for place, _ in asked]
            pairs[name] = (
                torch.arange(start, len(found)),
                torch.tensor([row for row, _ in asked], dtype=torch.long),
                torch.tensor([numbers[text] for _, text in asked], dtype=torch.long),
            )
        return CorpusBatch(torch.from_numpy(np.stack(found).astype(np.float32)), pairs, self.targets.paths(of_text))

    def _asking(self, name: str, rows: Sequence[int], draw: random.Random) -> list[tuple[int, str]]:
        """Place of each text, and the translation or query that is to find it: in half of all cases the first."""
        found = []
        for place, row in enumerate(rows):
            given = getattr(self.texts[row], name)
            if given:
                found.append((place, given[0] if draw.random() < 0.5 else draw.choice(given)))
        return found


def open_replay(
    config: CorpusConfig, data: Path, taxonomy: Taxonomy, encoder: TextEncoder, tokenizer: Tokenizer, path: Path
) -> Replay:
    """path: of the cached vectors. Raises FileNotReadable."""
    texts = read_corpus(config, data, taxonomy)
    every = list(dict.fromkeys(text for each in texts for text in (each.english, *each.same, *each.queries)))
    rows = cached_vectors(every, encoder, tokenizer, path)
    return Replay(texts, dict(zip(every, rows, strict=True)), taxonomy)
