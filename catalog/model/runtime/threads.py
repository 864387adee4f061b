"""How many cores a forward pass may use, for each calling thread."""

import threading


class _Mine(threading.local):
    cores = 0


_mine = _Mine()


def set_thread_budget(number: int) -> None:
    """Use `number` cores for forward passes on this thread (0: all)."""
    _mine.cores = number


def cores() -> int:
    return _mine.cores
