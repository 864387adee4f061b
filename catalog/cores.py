"""How many cores this process may use."""

import math
import os
from pathlib import Path

# Of cgroup v2: microseconds of processor time in each period, or "max", and the period.
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = QUOTA) -> int:
    """The machine's, or fewer where this process is kept to some of them or, as in a container, to a share of their
    time: more threads than that only wait for each other.
    """
    kept = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    try:
        time, period = map(int, quota.read_text(encoding="ascii").split())
    except (OSError, ValueError):  # another system, or no quota
        return len(kept)
    return min(len(kept), max(1, math.ceil(time / period)))
