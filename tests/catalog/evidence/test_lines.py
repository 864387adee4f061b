"""An explanation in a terminal."""

from catalog.evidence import Explanation, HeatMap, Neighbour, Why, Word
from catalog.evidence.lines import reason_lines, why_lines
from catalog.product import CategoryScore, Listed, MatchReasons, Product

SHIRT = CategoryScore("clothes.shirt", ("Clothes", "Shirt"), (0.9, 0.8))
ROWS = ((0.0, 0.0, 0.0, 0.0, 0.0),) * 4 + ((4.0, 2.0, 1.0, 0.0, -1.0),)


def lines(explanation: Explanation, nearest: tuple[Neighbour, ...] | None = None) -> list[str]:
    return list(why_lines(Why(Product("p", "red shirt"), explanation, nearest)))


def test_words_image_and_neighbours_have_lines() -> None:
    words = (Word("red", -1.0, ((0, 3),)), Word("shirt", 2.0, ((4, 9),)))
    near = (Neighbour("s-9", "Striped shirt", SHIRT, "person", 0.93), Neighbour("s-8", "", SHIRT, "model", 0.9))
    told = lines(Explanation(SHIRT, 1.386, words, ("cotton",), HeatMap(ROWS)), near)
    assert told[0] == "What speaks for Clothes > Shirt (log-odds +1.39; 0 is even, +3 is 95 %):"
    strongest = told.index("    shirt   +2.00 " + 20 * "█")
    assert told[strongest + 1] == "    red     -1.00 " + 10 * "▒"
    assert "    not tried: cotton" in told
    assert told[-4] == "    |██▒▒░░  --|"
    assert told[-2:] == [
        "    0.93 Striped shirt (s-9): Clothes > Shirt, a person said so",
        "    0.90 s-8 (s-8): Clothes > Shirt, the model is sure",
    ]


def test_what_is_not_there_has_no_lines() -> None:
    assert len(lines(Explanation(SHIRT, 0.0))) == 1
    assert lines(Explanation(SHIRT, 0.0), ())[1:] == ["  no product of a known category is stored"]
    dark = lines(Explanation(SHIRT, 0.0, heat_map=HeatMap(((-1.0,) * 5,) * 5)))
    assert dark[-1] == "    |" + 10 * "-" + "|"


def test_a_hit_has_a_line_for_each_list() -> None:
    reasons = MatchReasons(Listed(None, 0.4, 0.4), Listed(2, 6.25, 0.7), ("red",), True)
    assert list(reason_lines(reasons)) == [
        "has the number that was asked for",
        "vectors: not among the first 1,000, score 0.400, adds 0.400",
        "words: place 2, score 6.250, adds 0.700",
        "matched: red",
    ]
    assert list(reason_lines(MatchReasons(None, None, (), False))) == []
