"""Questions about products, answered by what is written of them, word for word, or not at all.

Nothing is made up: an answer is an attribute, a sentence or a line of a document, with where it stands.
"""

from catalog.questions.catalogue import MAX_ASKED, CatalogueAsk
from catalog.questions.passages import MAX_REVIEWS, Passage, passages_about, passages_of, sentences
from catalog.questions.ranker import MAX_QUESTION, Answer, Ask, Ranker, Rankers, Reply, shipped

__all__ = [
    "MAX_ASKED",
    "MAX_QUESTION",
    "MAX_REVIEWS",
    "Answer",
    "Ask",
    "CatalogueAsk",
    "Passage",
    "Ranker",
    "Rankers",
    "Reply",
    "passages_about",
    "passages_of",
    "sentences",
    "shipped",
]
