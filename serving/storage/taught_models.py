"""The models that were taught in this service, each a folder of the state.

In a database they are the files that tell each from its base; every node links these with the base's own.
"""

import json
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.errors import CatalogError
from catalog.filing import Filer
from catalog.model.folder import CHECKSUMS, TAUGHT, TAUGHT_FILES, TaughtFiles, read_taxonomy, taught_files
from catalog.storage.database import SharedDatabase, StorePlace
from catalog.teaching.examples import Filing
from catalog.teaching.extend import extend
from catalog.teaching.learned import verdicts_in
from catalog.teaching.teach import link
from serving.errors import ModelUnknown
from serving.storage.shared_files import SharedFiles
from serving.storage.store_api import TaughtModel

FOLDER = Path("jobs") / "models"  # in the state folder; a job that teaches writes there
KIND = "models"

logger = logging.getLogger(__name__)


class TaughtModels:
    """Safe to share between threads."""

    def __init__(self, state: Path, database: SharedDatabase | None = None, bases: Sequence[Path] = ()) -> None:
        """bases: the folders of the models that some may have been taught from."""
        self._folder, self._bases = state / FOLDER, bases
        self._shared = SharedFiles(database, KIND, self._folder) if database else None
        self._known: dict[Path, TaughtModel | None] = {}  # None: damaged
        self._started: dict[Path, TaughtModel | None] = {}

    def all(self) -> tuple[TaughtModel, ...]:
        """The oldest first. One that is damaged is left out, and told of by `damage`."""
        folders = self._copied(self._shared) if self._shared else self._own()
        known = self._known
        self._known = {folder: known[folder] if folder in known else described(folder) for folder in folders}
        return tuple(sorted(filter(None, self._known.values()), key=lambda model: model.created))

    def _own(self) -> list[Path]:
        return [path.parent for path in self._folder.glob(f"*/{CHECKSUMS}") if not path.parent.suffix]

    def _copied(self, shared: SharedFiles) -> list[Path]:
        """The folders of those in the database, made where they are missing."""
        files = shared.names()
        folders = [self._folder / name.partition("/")[0] for name in files if name.endswith(f"/{CHECKSUMS}")]
        for folder in folders:
            if not folder.exists():
                with suppress(OSError), replaced_by_copy(folder) as copy:
                    for name in (name for name in files if name.startswith(f"{folder.name}/")):
                        (copy / Path(name).name).write_bytes(b"".join(shared.parts(name)))
                    link_base(copy, self._bases)
                    made = files[f"{folder.name}/{CHECKSUMS}"]
                    os.utime(copy / CHECKSUMS, (made, made))
        return folders

    @property
    def damage(self) -> str:
        """ "" where all are whole."""
        names = [folder.name for folder, model in self._known.items() if model is None]
        if not names:
            return ""
        return f"Taught models are damaged and left out: {', '.join(names)}. To repair, teach them again."

    def get(self, version: str) -> TaughtModel | None:
        if self._shared:
            for model in filter(None, self._known.values()):
                if model.version == version:
                    return model
        return next((model for model in self.all() if model.version == version), None)

    def started(self, folder: Path) -> TaughtModel | None:
        """The model that the service was started with, if that was taught."""
        if folder not in self._started:
            self._started[folder] = described(folder) if (folder / TAUGHT).is_file() else None
        return self._started[folder]

    def files(self, version: str) -> TaughtFiles:
        """Raises ModelUnknown, CheckpointDamaged or CheckpointInvalid."""
        return taught_files(self._path(version))

    def filer(self, version: str) -> Filer:
        """As `files`."""
        return Filer.open(self._path(version))

    def extend(
        self, learner: TaughtModel, path: tuple[str, ...], names: Mapping[str, Floats], filings: Sequence[Filing]
    ) -> str:
        """-> the version of a model that knows a category more; see `catalog.teaching.extend`."""

        def embed(texts: Sequence[str]) -> Floats:
            return np.stack([names[text] for text in texts])

        self._folder.mkdir(parents=True, exist_ok=True)
        folder = self._folder / uuid.uuid4().hex
        version = extend(Path(learner.folder), folder, path, filings, embed)
        if self._shared:
            write_shared(self._shared, folder)
        return version

    def forget(self, version: str) -> None:
        """Raises ModelUnknown."""
        folder = self._path(version)
        if self._shared:
            for name in sorted(self._shared.names(f"{folder.name}/"), key=lambda name: not name.endswith(CHECKSUMS)):
                self._shared.remove(name)
        shutil.rmtree(folder, ignore_errors=self._shared is not None)

    def _path(self, version: str) -> Path:
        model = self.get(version)
        if model is None:
            raise ModelUnknown
        return Path(model.folder)


def publish(place: StorePlace, folder: Path) -> None:
    """Have all nodes know a model that was taught on this one. place: of the jobs."""
    if not isinstance(place, Path):
        write_shared(SharedFiles(place, KIND, folder.parent), folder)


def write_shared(shared: SharedFiles, folder: Path) -> None:
    for name in (*TAUGHT_FILES, CHECKSUMS):  # the last one tells that the others are there
        if (folder / name).is_file():
            shared.write(f"{folder.name}/{name}", (folder / name).read_bytes())


@contextmanager
def replaced_by_copy(folder: Path) -> Iterator[Path]:
    """An empty folder, which becomes `folder`, unless another process has made that meanwhile."""
    copy = folder.with_name(f"{folder.name}.{os.getpid()}-{threading.get_ident()}")
    copy.mkdir(parents=True)
    try:
        yield copy
        copy.rename(folder)
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def link_base(folder: Path, bases: Sequence[Path]) -> None:
    """Link what the model has of its base from the first folder that has it."""
    sums = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    for base in bases:
        theirs = json.loads((base / CHECKSUMS).read_text(encoding="utf-8"))
        for name, checksum in sums.items():
            if theirs.get(name) == checksum and not (folder / name).exists():
                link(base / name, folder / name)


def described(folder: Path) -> TaughtModel | None:
    """None for one that is damaged."""
    try:
        found, tree = taught_files(folder), read_taxonomy(folder)
    except CatalogError as error:
        logger.warning("a taught model is damaged", extra={"fields": {"folder": folder.name, "code": error.code}})
        return None
    created = (folder / CHECKSUMS).stat().st_mtime
    return TaughtModel(
        found.version, found.space, str(folder.absolute()), tree.version, len(tree.leaves), created, verdicts_in(folder)
    )
