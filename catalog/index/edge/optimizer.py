"""Keeps an embedded index fast and small in the background: flushes it, and rebuilds its shard when that is worth it.

A rebuild works on a copy, in a process of its own (catalog/index/edge/builder.py says why), while searches and writes
go on. What was written meanwhile is carried over, and the rebuilt shard takes the place of the old one in one step.
"""

import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Literal

from catalog.errors import CatalogError, DiskFull, IndexFailed, translating
from catalog.index.edge.builder import __file__ as shard_file
from catalog.index.edge.folder import IndexFolder, folder_error, used_bytes
from catalog.index.edge.parts import put_back, set_aside
from catalog.index.edge.shard import OpenShard

logger = logging.getLogger(__name__)

BUILDER = Path(shard_file)  # a program too

QUIET_SECONDS = 1.0
# When writing never pauses. A build takes the cores from a load that is over in a minute, and has to be done again.
BUSY_BUILD_FROM = 5  # times `build_from`
BUSY_BUILD_SECONDS = 300.0
BUSY_FLUSH_SECONDS = 30.0
RETRY_SECONDS = 60.0
POLL_SECONDS = 0.05

Verb = Literal["optimize", "rewrite"]


class Optimizer:
    """A thread, and the rebuilds that it or `purge` runs, one at a time."""

    def __init__(self, folder: IndexFolder, live: OpenShard) -> None:
        self._folder = folder
        self._live = live
        self._rebuilding = threading.Lock()
        self._purges = 0  # how many wait or run; an optimization makes way for them
        self._closing = threading.Event()
        self._woken = threading.Event()
        self._idle = False  # whether the thread waits until it is woken, not merely for a while
        self._urgent = False  # whether somebody waits for the build
        self._retry_at = 0.0
        self._failures = 0
        self._last_flush = self._last_build = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="shelflens-optimizer", daemon=True)
        self._thread.start()

    def notice(self) -> None:
        """Something was written."""
        if self._idle:
            self._woken.set()

    def purge(self) -> None:
        """Rewrite the shard from its live points alone. Raises DiskFull or IndexFailed; then nothing has changed."""
        self._purges += 1
        try:
            if not self._rebuild("rewrite"):
                raise IndexFailed("The index was closed before it was rewritten.")
        finally:
            self._purges -= 1
            self._woken.set()

    def wait_until_built(self, timeout: float) -> bool:
        """False if time ran out or the build failed."""
        end, failures = time.monotonic() + timeout, self._failures
        self._urgent, self._retry_at = True, 0.0
        self._woken.set()
        while self._worth_building() or self._rebuilding.locked():
            if time.monotonic() >= end or self._closing.is_set() or self._failures != failures:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def close(self) -> None:
        """Stops a rebuild; the shard is as it was before it."""
        self._closing.set()
        self._woken.set()
        self._thread.join()
        with self._rebuilding:  # a purge by another thread
            pass

    def _run(self) -> None:
        while not self._closing.is_set():
            self._idle = True  # from before looking, so that no write slips in between
            pause = self._pause()
            self._idle = pause is None
            if pause is None or pause > 0:
                self._woken.wait(pause)
                self._woken.clear()
                continue
            try:
                self._attend()
            except Exception as error:
                code = error.code if isinstance(error, CatalogError) else type(error).__name__
                logger.warning("Optimizing the index failed (%s). The next attempt is in a minute.", code)
                self._failures += 1
                self._urgent = False
                self._retry_at = time.monotonic() + RETRY_SECONDS

    def _pause(self) -> float | None:
        """Seconds until there is something to do, 0 for now, None for nothing."""
        now, live = time.monotonic(), self._live
        if self._purges or not (live.dirty or self._worth_building()):
            return None
        if now < self._retry_at:
            return self._retry_at - now
        if self._due(now) or (live.dirty and now - self._last_flush > BUSY_FLUSH_SECONDS):
            return 0.0
        return max(live.last_write + QUIET_SECONDS - now, 0.0)

    def _attend(self) -> None:
        if self._live.dirty:
            self._live.flush()
        self._last_flush = now = time.monotonic()
        if self._due(now) or (self._worth_building() and now - self._live.last_write >= QUIET_SECONDS):
            self._rebuild("optimize")
            self._last_build = time.monotonic()
        self._urgent = self._urgent and self._worth_building()

    def _worth_building(self) -> bool:
        return self._live.unbuilt >= self._live.sizes.build_from

    def _due(self, now: float) -> bool:
        """Whether to build although writing goes on."""
        sizes = self._live.sizes
        many = self._live.unbuilt >= BUSY_BUILD_FROM * sizes.build_from
        urgent = self._live.unbuilt >= sizes.segment or (self._urgent and self._worth_building())
        return urgent or (many and now - self._last_build > BUSY_BUILD_SECONDS)

    def _rebuild(self, verb: Verb) -> bool:
        """False if it was interrupted."""
        with self._rebuilding:
            if self._closing.is_set():
                return False
            leftovers: list[Path] = []
            whole = verb == "optimize"
            try:
                with translating(folder_error):
                    self._folder.check_room(2 * used_bytes(self._folder.shard))
                    leftovers.append(self._folder.new_shard())
                    self._live.copy_to(leftovers[0])
                    if whole:
                        set_aside(leftovers[0], self._live.sizes.width, self._live.sizes.segment, self._live.is_large)
                    else:
                        leftovers.append(self._folder.new_shard())
                if not self._built(verb, leftovers):
                    return False
                if whole:
                    with translating(folder_error):
                        put_back(leftovers[0])
                leftovers[-1] = self._live.replace(leftovers[-1], whole)
                return True
            finally:
                self._live.forget_copy()
                for path in leftovers:
                    shutil.rmtree(path, ignore_errors=True)

    def _built(self, verb: Verb, paths: list[Path]) -> bool:
        """Run the builder. False if it was interrupted."""
        memory = "Cold" if self._live.is_large else "Cached"
        command = [sys.executable, "-P", str(BUILDER), verb, *map(str, (*self._live.sizes, memory, *paths))]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet) as builder:
            while builder.poll() is None:
                if self._closing.wait(POLL_SECONDS) or (verb == "optimize" and self._purges):
                    builder.kill()
                    return False
            said = builder.stdout.read() if builder.stdout else b""
        if builder.returncode == -signal.SIGBUS:  # how a full disk shows in a memory map
            raise DiskFull
        if builder.returncode:
            raise IndexFailed("The index could not be rebuilt. It is unchanged.")
        if lost := int(said or 0):
            logger.error("The index was rewritten without %d damaged products, which cannot be read any more.", lost)
        return True
