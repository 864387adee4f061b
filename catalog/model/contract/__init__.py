"""What is accepted unseen, as a promise: see `catalog.model.contract.promise`."""

from catalog.model.contract.fit import LEAST_OF_A_POOL, HeldOut, Targets, fit
from catalog.model.contract.promise import Outcome, Promise, Unpromised, promise
from catalog.model.contract.terms import FILE, Claim, Contract, Kept

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
    "promise",
]
