"""The deployment that owns the index. It needs no torch, so a lost one is back soon."""

import time

from catalog.errors import IndexLocked
from catalog.index import ProductIndex, open_index
from serving.settings import Settings
from serving.shelf import Shelf
from serving.telemetry.logs import start_logs

# One that is being replaced may still be closing the index.
LOCKED_SECONDS = 20.0


class IndexOwner(Shelf):
    """The one replica that may open the embedded index."""

    def __init__(self, settings: Settings, width: int) -> None:
        """width: of the embeddings, should the index have to be made."""
        start_logs(settings)
        super().__init__(opened(settings.index, width), settings.state_folder)

    def __del__(self) -> None:
        """Called by Serve when it stops the replica."""
        self._close()


def opened(index: str, width: int) -> ProductIndex:
    """Raises IndexLocked if another process keeps it, and what else `open_index` does."""
    deadline = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            return open_index(index, width)
        except IndexLocked:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
