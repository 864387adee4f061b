"""The products of an index, filed anew in the categories that a model was taught: from their vectors, without reading
them again.
"""

from collections.abc import Callable

from catalog.filing import Filer
from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex


def refile(index: ProductIndex, filer: Filer, progress: Callable[[int], object] = lambda products: None) -> int:
    """-> how many products were filed anew: those that this model has not filed. Interrupted, it goes on when called
    again. progress: is told of products as they are done.

    What a person said of a product stays, also the category that was accepted; taken back, it leaves the category by
    this model. The index takes the model for its own. Raises IndexOfOtherModel for a model of another space than the
    index.
    """
    index.claim(IndexModel(filer.version, filer.folder, filer.space))
    count = 0
    for products in index.scan():
        old = [stored for stored in products if stored.model != filer.version]
        index.upsert([filer.filed(stored) for stored in old])
        count += len(old)
        progress(len(products))
    index.flush()
    return count
