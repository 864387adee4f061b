"""All that the rules find in a text."""

from catalog.language.attributes.found import FoundAttribute, without_overlaps
from catalog.language.attributes.grammar.codes import codes_in
from catalog.language.attributes.grammar.counts import counts_in
from catalog.language.attributes.grammar.labelled import labelled_in
from catalog.language.attributes.grammar.measures import measures_in
from catalog.language.attributes.grammar.sizes import sizes_in
from catalog.language.attributes.grammar.words import words_in


def by_grammar(text: str) -> list[FoundAttribute]:
    """In the text's order, none sharing letters with another."""
    found = [
        *measures_in(text),
        *counts_in(text),
        *labelled_in(text),
        *words_in(text),
        *sizes_in(text),
        *codes_in(text),
    ]
    return without_overlaps(found)
