"""Feeds as shops write them, from products that are known, and what an ingest reads held against the truth."""

from tests.support.feed_corpus.cases import WRAPPINGS, Case, case, cases
from tests.support.feed_corpus.faults import FAULTS
from tests.support.feed_corpus.judge import Verdict, judged
from tests.support.feed_corpus.systems import SYSTEMS

__all__ = ["FAULTS", "SYSTEMS", "WRAPPINGS", "Case", "Verdict", "case", "cases", "judged"]
