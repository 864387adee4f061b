"""Whether the service answers."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    status: Literal["ok"]


class Ready(BaseModel):
    """products: how many are stored. indexed: the share of them, 0 to 1, that searches need not compare one by one.
    status: degraded where files are damaged. damaged: which, what is not served for it, and how to repair them.
    """

    status: Literal["ready", "degraded"]
    model: str
    taxonomy_version: str
    products: int
    indexed: float
    damaged: list[str] = []
