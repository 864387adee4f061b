"""What is accepted unseen, as a promise: see `catalog.model.contract.threshold`."""

from catalog.model.contract.groups import LEAST_OF_A_POOL, HeldOut, Targets, fit, is_right
from catalog.model.contract.terms import FILE, Claim, Contract, Kept
from catalog.model.contract.threshold import Outcome, Promise, Unpromised, promise

__all__ = [
    "FILE",
    "LEAST_OF_A_POOL",
    "Claim",
    "Contract",
    "HeldOut",
    "Kept",
    "Outcome",
    "Promise",
    "Targets",
    "Unpromised",
    "fit",
    "is_right",
    "promise",
]
