"""The deployment that owns the index. It needs no torch, so a lost one is back soon."""

import time
from functools import partial

from catalog.errors import IndexLocked, IndexNotFound
from catalog.index.backend import IndexModel
from catalog.index.product_index import ProductIndex, open_index
from catalog.ingest.ledger import ledger_path
from catalog.model.folder import find_model, folder_name, identify, shipped_model
from catalog.origin import model_folder
from catalog.storage.database import SharedDatabase, open_database
from serving.calls import in_threads
from serving.settings.schema import Settings
from serving.storage.outbox import NAME as OUTBOX
from serving.storage.outbox import Outbox
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from serving.telemetry.logs import start_logs

# One that is being replaced may still be closing the index.
LOCKED_SECONDS = 20.0


class IndexOwner(StoreApi):
    """The one replica that may open the embedded index."""

    def __init__(self, settings: Settings, width: int) -> None:
        """width: of the embeddings, should the index have to be made."""
        start_logs(settings)
        self._database = open_database(settings.state_database)
        self._store = stored(settings, width, self._database)
        super().__init__(in_threads(self._store))

    def __del__(self) -> None:
        """Called by Serve when it stops the replica."""
        self._store.close()
        if self._database:
            self._database.close()


def stored(settings: Settings, width: int | None, database: SharedDatabase | None) -> CatalogStore:
    """The index of the settings with all that is kept beside it, for this process alone. database: of the settings'
    state. Raises what `opened` does.
    """
    index = opened(settings.index, width)
    store = partial(CatalogStore, index, settings.state_folder, models(settings), ledger_path(settings.index))
    if settings.webhook_url:
        store = partial(store, tell=Outbox(database or settings.state_folder / OUTBOX).add)
    return store(database=database)


def with_model_of_index(settings: Settings) -> Settings:
    """The settings with the model that made the index, unless they name one.

    Raises IndexOfOtherModel if it is not found again, or what `open_index` does.
    """
    if settings.model:
        return settings
    try:
        with opened(settings.index, None) as index:
            made_by = index.model
    except IndexNotFound:
        return settings
    folder = model_folder(made_by) if made_by else shipped_model()
    return settings if folder == shipped_model() else settings.model_copy(update={"model": folder})


def models(settings: Settings) -> list[IndexModel]:
    """The models that the service loads, as an index remembers them."""
    folders = [find_model(settings.model) if settings.model else shipped_model()]
    folders += [find_model(settings.shadow)] if settings.shadow else []
    return [
        IndexModel(version, folder_name(folder), space)
        for folder, (version, space) in zip(folders, map(identify, folders), strict=True)
    ]


def opened(index: str, width: int | None) -> ProductIndex:
    """Raises IndexLocked if another process keeps it, and what else `open_index` does."""
    deadline = time.monotonic() + LOCKED_SECONDS
    while True:
        try:
            return open_index(index, width)
        except IndexLocked:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
