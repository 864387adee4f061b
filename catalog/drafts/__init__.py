"""Titles, descriptions, bullet points and short advertisements from what is verified of a product, and nothing else."""

from catalog.drafts.facts import Fact, Verified, verified
from catalog.drafts.templates import Channel, Language, channels
from catalog.drafts.text import Span, Text
from catalog.drafts.write import Draft, draft

__all__ = ["Channel", "Draft", "Fact", "Language", "Span", "Text", "Verified", "channels", "draft", "verified"]
