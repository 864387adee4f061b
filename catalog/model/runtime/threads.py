"""How many cores a forward pass may take: a number of the thread that asks for it."""

import threading


class _Mine(threading.local):
    cores = 0


_mine = _Mine()


def set_thread_budget(number: int) -> None:
    """From now on passes of this thread take so many cores; 0: as many as there are."""
    _mine.cores = number


def cores() -> int:
    return _mine.cores
