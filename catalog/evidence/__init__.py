"""Why the model says what it says of a product: the words, the part of the image and the labelled products that speak
for its answer. `explain.explain` makes an explanation; what it consists of needs no model.
"""

from catalog.evidence.found import Explanation, HeatMap, Neighbour, Place, Why, Word
from catalog.evidence.nearest import labelled_query, neighbours

__all__ = ["Explanation", "HeatMap", "Neighbour", "Place", "Why", "Word", "labelled_query", "neighbours"]
