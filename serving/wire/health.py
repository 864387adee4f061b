"""Whether the service answers."""

from typing import Literal

from pydantic import BaseModel


class Health(BaseModel):
    status: Literal["ok"]


class Ready(BaseModel):
    """products: how many are stored. indexed: the share of them, 0 to 1, that searches need not compare one by one."""

    status: Literal["ready"]
    model: str
    taxonomy_version: str
    products: int
    indexed: float
