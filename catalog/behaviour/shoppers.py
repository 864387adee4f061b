"""The vector of a shopper: the decayed mean of the vectors of the products that he came to last.

It is made when it is needed, of a few vectors that the index has, so that there is nothing of a shopper to keep, to
update or to forget, and a product that is stored anew speaks as it now is.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from catalog.arrays import Floats, unit


def decayed(products: Sequence[str], step: float) -> dict[str, float]:
    """Weights of products, the last one first, that are 1 in all."""
    raw = [step**place for place in range(len(products))]
    return {product: one / sum(raw) for product, one in zip(products, raw, strict=True)}


def shopper_vector(vectors: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats | None:
    """(E,), of unit length; None where none of the products has a vector."""
    known = [(weights[product], vectors[product]) for product in weights if product in vectors]
    if not known:
        return None
    mean_E = np.sum([weight * vector_E for weight, vector_E in known], axis=0)
    return unit(np.asarray(mean_E, np.float32))
