"""The products of an index, filed anew without reading them again: in the categories that a model was taught from their
vectors, and in those of the model itself as it had filed them.
"""

from collections.abc import Callable
from typing import NamedTuple

from catalog.filing import AnyFiler
from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex


class Refiled(NamedTuple):
    """filed: how many products were filed anew; left: how many others are not filed by this model, which would have to
    read them.
    """

    filed: int
    left: int


def refile(index: ProductIndex, filer: AnyFiler, progress: Callable[[int], object] = lambda products: None) -> Refiled:
    """File anew what this model has not filed. Interrupted, it goes on when called again. progress: is told of products
    as they are done.

    What a person said of a product stays, also the category that was accepted; taken back, it leaves the category by
    this model. The index takes the model for its own. Raises IndexOfOtherModel for a model of another space than the
    index.
    """
    index.claim(IndexModel(filer.version, filer.folder, filer.space))
    count, left = 0, 0
    for products in index.scan():
        old = [stored for stored in products if stored.model != filer.version]
        chosen = [stored for stored in old if filer.can_file(stored)]
        index.upsert([filer.filed(stored) for stored in chosen])
        count, left = count + len(chosen), left + len(old) - len(chosen)
        progress(len(products))
    index.flush()
    return Refiled(count, left)
