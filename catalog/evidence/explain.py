"""What speaks for the category of a product: each word is left out in turn, each part of the image hidden in turn."""

from collections.abc import Sequence

import numpy as np

from catalog.evidence.found import Explanation, Word
from catalog.evidence.heat import CELLS, hidden, to_heat_map
from catalog.evidence.words import MAX_WORDS, Spoken, without, words_of
from catalog.model.preprocess import Prepared
from catalog.understand import BATCH_OF_A_CORE, Understander

NOT_KEPT = b""  # the digest of an image that no cache is to keep


def explain(model: Understander, product: Prepared) -> Explanation | None:
    """Why the model answers as it does. None where it can read nothing.

    It reads the text again without each word, and the first image without each of 25 parts.
    """
    [answer] = model.understand_prepared([product], 1, evidence=False)
    category = answer.category or next(iter(answer.alternatives), None)
    if category is None:
        return None
    words = words_of(product.text, model.tokenizer, model.taxonomy) if "text" in answer.modalities_used else []
    tried = words[:MAX_WORDS]
    shorter = [_shorter(product, word) for word in tried]
    masked = _masked(model, product) if "image" in answer.modalities_used else []
    log_odds, *others = _log_odds(model, [product, *shorter, *masked], category.id)
    added = [log_odds - other for other in others]
    return Explanation(
        category,
        log_odds,
        words=tuple(Word(word.text, score, word.spans) for word, score in zip(tried, added, strict=False)),
        untried=tuple(word.text for word in words[MAX_WORDS:]),
        heat_map=to_heat_map(added[len(tried) :]) if masked else None,
    )


def _shorter(product: Prepared, word: Spoken) -> Prepared:
    """The product without a word. Its text begins with its title."""
    in_title = word._replace(spans=tuple(span for span in word.spans if span[1] <= len(product.title)))
    return product._replace(text=without(product.text, [word]), title=without(product.title, [in_title]))


def _masked(model: Understander, product: Prepared) -> list[Prepared]:
    """The product with each cell of its first image hidden."""
    first, others = product.pixels_NCHW[0], product.pixels_NCHW[1:]
    digests = (NOT_KEPT, *product.digests[1:]) if product.digests else ()
    crop = model.config.image.crop
    return [
        product._replace(pixels_NCHW=np.concatenate([hidden(first, [cell], crop)[None], others]), digests=digests)
        for cell in range(CELLS)
    ]


def _log_odds(model: Understander, products: Sequence[Prepared], node: str) -> list[float]:
    """Of the category; where nothing is left to read, those of a guess among all leaves."""
    under, leaves = len(model.taxonomy.leaves_under(node)), len(model.taxonomy.leaves)
    guess = float(np.log(under) - np.log(max(leaves - under, 0.5)))
    batches = (products[start : start + BATCH_OF_A_CORE] for start in range(0, len(products), BATCH_OF_A_CORE))
    found = [odds for batch in batches for odds in model.log_odds(batch, node)]
    return [guess if odds is None else odds for odds in found]
