"""One question to the products that are most like it, and to documents about them."""

from collections.abc import Sequence

from catalog.arrays import Floats
from catalog.product import Match
from catalog.questions.passages import Passage, passages_of
from catalog.questions.ranker import MAX_ANSWERS, Answer, Ask, Ranker, Reply

MAX_ASKED = 4  # products


class CatalogueAsk:
    """As `Ask`: texts are those that the model must embed, and their vectors make the reply.

    An answer counts the less, the less its product is like the question beside the product that is most like it.
    """

    def __init__(self, question: str, matches: Sequence[Match], told: Sequence[Passage], ranker: Ranker) -> None:
        """matches: what a search for the question found; told: passages of documents."""
        best = max((match.score for match in matches), default=1.0) or 1.0
        self._asks = [
            (Ask(question, passages_of(match.stored), match.stored.product.title, ranker), max(0.0, match.score / best))
            for match in matches
        ]
        self._asks.append((Ask(question, told, "", ranker), 1.0))
        self.texts = [text for ask, _ in self._asks for text in ask.texts]

    def reply(self, vector_TE: Floats) -> Reply:
        """See `Ask.reply`."""
        answers: list[Answer] = []
        for ask, weight in self._asks:
            own_TE, vector_TE = vector_TE[: len(ask.texts)], vector_TE[len(ask.texts) :]
            answers += [answer._replace(score=answer.score * weight) for answer in ask.reply(own_TE).answers]
        return Reply(tuple(sorted(answers, key=lambda answer: -answer.score)[:MAX_ANSWERS]))
