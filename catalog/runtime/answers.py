"""What every runtime gives, and what it must be able to do."""

from dataclasses import dataclass
from typing import Protocol

from catalog.calibration import Floats
from catalog.preprocess import Batch
from catalog.product import Modality


@dataclass(frozen=True)
class Answers:
    """What the model says of B products: logits as in `catalog.model.Outputs`, and unit embeddings (B, E).

    evidence: the leaf logits (B, C) that each modality would give alone; empty where it was not asked for.
    """

    leaf_BC: Floats
    tags_BG: Floats
    attributes: dict[str, Floats]
    embedding_BE: Floats
    evidence: dict[Modality, Floats]


class Runtime(Protocol):
    """Safe to share between threads."""

    def run(self, batch: Batch, evidence: bool) -> Answers:
        """evidence: whether to say what each modality would answer alone, if any product has both."""
        ...
