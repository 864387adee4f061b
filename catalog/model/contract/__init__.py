"""What is accepted unseen, as a promise: see `catalog.model.contract.threshold`."""

from catalog.model.contract.groups import LEAST_OF_A_POOL, HeldOut, fit, is_right
from catalog.model.contract.targets import Targets, read_targets
from catalog.model.contract.terms import FILE, Claim, Contract, Kept
from catalog.model.contract.threshold import Outcome, Promise, Unpromised, promise
from catalog.model.contract.values import GivenValue, ValueClaim, value_claims

__all__ = [
    "FILE",
    "LEAST_OF_A_POOL",
    "Claim",
    "Contract",
    "GivenValue",
    "HeldOut",
    "Kept",
    "Outcome",
    "Promise",
    "Targets",
    "Unpromised",
    "ValueClaim",
    "fit",
    "is_right",
    "promise",
    "read_targets",
    "value_claims",
]
