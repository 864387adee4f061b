"""An explanation as lines of text, for a terminal."""

from collections.abc import Iterator

from catalog.evidence.found import HeatMap, Neighbour, Why, Word
from catalog.product import MatchReasons

SHADES = " ░▒▓█"
WIDTH = 20
CLEAR = 1.0  # of a score: what adds less is faint, also where nothing adds more
LABELLED_BY = {"person": "a person said so", "model": "the model is sure"}


def why_lines(why: Why) -> Iterator[str]:
    explanation = why.explanation
    path = " > ".join(explanation.category.path)
    yield f"What speaks for {path} (log-odds {explanation.log_odds:+.2f}; 0 is even, +3 is 95 %):"
    if explanation.words:
        yield "  words, by what the log-odds lose without each; - where they gain:"
        yield from _words(explanation.words)
    if explanation.untried:
        yield f"    not tried: {', '.join(explanation.untried)}"
    if explanation.heat_map:
        yield "  first image, by what they lose without a part: the darker the more; - where they gain:"
        yield from _heat(explanation.heat_map)
    if why.nearest is not None:
        yield "  nearest products of a known category:" if why.nearest else "  no product of a known category is stored"
        yield from map(_neighbour, why.nearest)


def reason_lines(reasons: MatchReasons) -> Iterator[str]:
    """Why a search has found a product."""
    if reasons.by_number:
        yield "has the number that was asked for"
    for name, listed in (("vectors", reasons.vectors), ("words", reasons.words)):
        if listed:
            place = f"place {listed.rank:,}" if listed.rank else "not among the first 1,000"
            yield f"{name}: {place}, score {listed.score:.3f}, adds {listed.adds:.3f}"
    if reasons.matched:
        yield f"matched: {', '.join(reasons.matched)}"


def _words(words: tuple[Word, ...]) -> Iterator[str]:
    longest = max(len(word.text) for word in words)
    largest = max(CLEAR, *(abs(word.score) for word in words))
    for word in sorted(words, key=lambda word: -word.score):
        bar = SHADES[-1 if word.score > 0 else 2] * round(WIDTH * abs(word.score) / largest)
        yield f"    {word.text:<{longest}} {word.score:+7.2f} {bar}".rstrip()


def _heat(heat_map: HeatMap) -> Iterator[str]:
    largest = max(CLEAR, *(score for row in heat_map.rows for score in row))
    for row in heat_map.rows:
        yield "    |" + "".join(2 * _shade(score, largest) for score in row) + "|"


def _shade(score: float, largest: float) -> str:
    """largest: at least CLEAR."""
    level = round((len(SHADES) - 1) * score / largest)
    return SHADES[level] if level >= 0 else "-"


def _neighbour(one: Neighbour) -> str:
    category = " > ".join(one.category.path)
    return f"    {one.similarity:.2f} {one.title or one.id} ({one.id}): {category}, {LABELLED_BY[one.labelled_by]}"
