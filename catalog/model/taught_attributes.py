"""What a model was taught of a merchant's own attributes: for each a head like that of his categories."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from catalog.arrays import MODALITIES, Floats, Modalities, softmax
from catalog.errors import CheckpointInvalid
from catalog.model.taught import PRECISION, TaughtHead
from catalog.product import CategoryScore, Scored
from catalog.synonyms import attribute_name

FILE = "taught_attributes.safetensors"


@dataclass(frozen=True)
class ValueRule:
    """How the scores of an attribute's values are read.

    values: of the head's columns; "" stands for all that too few products had, and is never given. nodes: of the taught
    tree, whose products have the attribute. temperature: divides the scores. least: the least probability of a value
    that is given; one without is not proven.
    """

    name: str
    values: tuple[str, ...]
    nodes: frozenset[str]
    temperature: Mapping[Modalities, float]
    least: Mapping[Modalities, Mapping[str, float]]

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ValueRule":
        """Raises TypeError, KeyError or ValueError."""
        found = cls(**values | {"values": tuple(values["values"]), "nodes": frozenset(values["nodes"])})
        if set(found.temperature) | set(found.least) > set(MODALITIES):
            raise ValueError
        return found

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"nodes": sorted(self.nodes)}

    def probabilities(self, score_BV: Floats, modalities: Modalities) -> Floats:
        return softmax(score_BV / self.temperature.get(modalities, 1.0))

    def value(self, score_V: Floats, category: CategoryScore | None, modalities: Modalities) -> Scored | None:
        """The likeliest value, if it may be given for a product of this category."""
        if category is None or category.id not in self.nodes:
            return None
        probability_V = self.probabilities(score_V, modalities)
        best = int(probability_V.argmax())
        name, score = self.values[best], float(probability_V[best])
        return Scored(name, score) if score >= self.least.get(modalities, {}).get(name, np.inf) else None


@dataclass(frozen=True)
class TaughtAttribute:
    head: TaughtHead
    rule: ValueRule


def read_attributes(folder: Path) -> tuple[TaughtAttribute, ...]:
    """Those in the model folder; none where it has no file of them. Raises CheckpointInvalid."""
    if not (folder / FILE).is_file():
        return ()
    try:
        with safe_open(folder / FILE, "numpy") as opened:
            rules = [ValueRule.from_dict(one) for one in json.loads(opened.metadata()["attributes"])]
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  (no dictionary)
        found = []
        for number, rule in enumerate(rules):
            head = TaughtHead.of({one.name: arrays[f"{number}.{one.name}"] for one in fields(TaughtHead)})
            if head.votes_SC.shape[1] != len(rule.values):
                raise ValueError
            found.append(TaughtAttribute(head, rule))
    except (OSError, SafetensorError, TypeError, KeyError, ValueError):
        raise CheckpointInvalid(f"The model's {FILE} is not valid.") from None
    return tuple(found)


def save_attributes(attributes: Sequence[TaughtAttribute], folder: Path) -> None:
    arrays = {
        f"{number}.{one.name}": np.ascontiguousarray(getattr(attribute.head, one.name)).astype(
            PRECISION.get(one.name, np.float16)
        )
        for number, attribute in enumerate(attributes)
        for one in fields(TaughtHead)
    }
    rules = json.dumps([attribute.rule.to_dict() for attribute in attributes], ensure_ascii=False)
    (folder / FILE).write_bytes(save(arrays, {"attributes": rules}))


def with_taught(
    found: Mapping[str, Scored],
    attributes: Sequence[TaughtAttribute],
    category: CategoryScore | None,
    embedding_E: Floats,
    modalities: Modalities,
) -> dict[str, Scored]:
    """found: what the model that was taught says. Of an attribute of which it was taught that is left out, however its
    name is spelt. category: in the taught tree.
    """
    names = {attribute_name(one.rule.name) for one in attributes}
    values = {name: value for name, value in found.items() if attribute_name(name) not in names}
    for one in attributes if category else ():
        [score_V] = one.head.logits(embedding_E[None])
        if value := one.rule.value(score_V, category, modalities):
            values[one.rule.name] = value
    return values
