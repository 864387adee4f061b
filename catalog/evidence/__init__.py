"""Why the model says what it says of a product: the words, the part of the image and the labelled products that speak
for its answer.
"""

from catalog.evidence.explain import explain
from catalog.evidence.found import Explanation, HeatMap, Neighbour, Place, Why, Word
from catalog.evidence.nearest import labelled_query, neighbours

__all__ = ["Explanation", "HeatMap", "Neighbour", "Place", "Why", "Word", "explain", "labelled_query", "neighbours"]
