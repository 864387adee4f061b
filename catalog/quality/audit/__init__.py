"""The audit of a catalogue: every check over all products, what was found kept with what people said of it, and the
report, the trends and the corrections that come of it.
"""

from catalog.quality.audit.history import History, Run, State, Told, Verdict
from catalog.quality.audit.run import Check, audit

__all__ = ["Check", "History", "Run", "State", "Told", "Verdict", "audit"]
