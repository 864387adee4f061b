"""Attributes from words: each with the words that say it, the value in the SI, and what else the words can mean.

`find_attributes` reads a title and a description in English or Chinese; `for_expected` sorts what was found by the
attributes that a category expects.
"""

from catalog.language.attributes.expected import for_expected
from catalog.language.attributes.extract import find_attributes
from catalog.language.attributes.found import FoundAttribute, Reading

__all__ = ["FoundAttribute", "Reading", "find_attributes", "for_expected"]
