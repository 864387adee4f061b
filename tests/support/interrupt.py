"""A run of training that somebody stops."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def ctrl_c_in(monkeypatch: pytest.MonkeyPatch, run: type[Any], step: int = 0) -> Iterator[None]:
    """Ctrl-C is pressed when runs of this kind come to a step, for as long as the block lasts."""
    update = run.update

    def with_ctrl_c(self: Any) -> dict[str, float]:
        if self.step == step:
            signal.raise_signal(signal.SIGINT)
        found: dict[str, float] = update(self)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(run, "update", with_ctrl_c)
        yield
