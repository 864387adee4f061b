"""The products of an index, filed anew in the categories that a model was taught: from their vectors, without reading
them again.
"""

from collections.abc import Callable
from dataclasses import replace

from catalog.errors import CheckpointInvalid
from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex
from catalog.product import StoredProduct
from catalog.understand import Understander


def refile(index: ProductIndex, reader: Understander, progress: Callable[[int], object] = lambda products: None) -> int:
    """-> how many products were filed anew: those that this model has not filed. Interrupted, it goes on when called
    again. progress: is told of products as they are done.

    What a person said of a product stays, also the category that was accepted; taken back, it leaves the category by
    this model. The index takes the model for its own. Raises CheckpointInvalid for a model that was not taught, or
    IndexOfOtherModel for one of another space than the index.
    """
    if not reader.taught:
        raise CheckpointInvalid(
            f"The model {reader.version} was not taught, so it files products only by reading them. Ingest their feed."
        )
    index.claim(IndexModel(reader.version, reader.folder, reader.space))
    count = 0
    for products in index.scan():
        old = [stored for stored in products if stored.model != reader.version]
        index.upsert([filed(stored, reader) for stored in old])
        count += len(old)
        progress(len(products))
    index.flush()
    return count


def filed(stored: StoredProduct, reader: Understander) -> StoredProduct:
    """The product as the model files it; one with a verdict as the person left it."""
    if stored.judgement is None:
        return replace(stored, understanding=reader.refile(stored.understanding), model=reader.version)
    judgement = replace(stored.judgement, answer=reader.refile(stored.judgement.answer))
    said = judgement.answer.to_review() if judgement.conflicting else stored.understanding
    return replace(stored, understanding=said, judgement=judgement, model=reader.version)
