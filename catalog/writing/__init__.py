"""Facts in, a text out: by a sequence-to-sequence or causal model that `shelflens train-drafts` has tuned."""

from catalog.writing.encoding import MAX_TOKENS, Example, encode
from catalog.writing.writer import Writer, open_writer

__all__ = ["MAX_TOKENS", "Example", "Writer", "encode", "open_writer"]
