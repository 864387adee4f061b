"""What is promised of an attribute: each of its values by itself, and by what is read of a product."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from catalog.arrays import MODALITIES, Modalities
from catalog.model.contract.threshold import Outcome, Promise, Unpromised, promise


class GivenValue(NamedTuple):
    """The value that the model gives a product which it was not taught, whose true value is known."""

    value: str
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class ValueClaim:
    """That a value of an attribute is right where it is given."""

    modalities: Modalities
    attribute: str
    value: str
    outcome: Outcome

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Raises ValueError, KeyError or TypeError."""
        if values["modalities"] not in MODALITIES:
            raise ValueError
        outcome = Promise(**values["promise"]) if "promise" in values else Unpromised(**values["unpromised"])
        return cls(values["modalities"], values["attribute"], values["value"], outcome)

    def to_dict(self) -> dict[str, Any]:
        name = "promise" if isinstance(self.outcome, Promise) else "unpromised"
        named = {"modalities": self.modalities, "attribute": self.attribute, "value": self.value}
        return named | {name: asdict(self.outcome)}


def value_claims(
    modalities: Modalities, attribute: str, values: Sequence[str], given: Sequence[GivenValue], target: float
) -> list[ValueClaim]:
    """values: all that the attribute has."""
    claims = []
    for value in values:
        mine = [one for one in given if one.value == value]
        score_N = np.array([one.score for one in mine], np.float32)
        right_N = np.array([one.right for one in mine], bool)
        claims.append(ValueClaim(modalities, attribute, value, promise(score_N, right_N, target)))
    return claims
