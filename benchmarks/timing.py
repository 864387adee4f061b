"""Times measured in turns: whatever else the machine does meets all that are compared. And how times grow."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

import numpy as np
from tqdm import tqdm


def in_turns(asked: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each, after one that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in tqdm(range(rounds + 1), leave=False):
        for name, ask in asked.items():
            started = time.perf_counter()
            ask()
            taken[name].append(time.perf_counter() - started)
    return {name: median(seconds[1:]) for name, seconds in taken.items()}


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """The power of the size that the time is proportional to, by least squares on logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
