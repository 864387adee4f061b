"""The models that were taught in this service, each a folder of the state."""

import logging
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.errors import CatalogError
from catalog.filing import Filer
from catalog.model.folder import CHECKSUMS, TAUGHT, TaughtFiles, read_taxonomy, taught_files
from catalog.teaching.examples import Filing
from catalog.teaching.extend import extend
from catalog.teaching.learned import verdicts_in
from serving.errors import ModelUnknown
from serving.storage.store_api import TaughtModel

FOLDER = Path("jobs") / "models"  # in the state folder; a job that teaches writes there

logger = logging.getLogger(__name__)


class TaughtModels:
    """Safe to share between threads."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER
        self._known: dict[Path, TaughtModel | None] = {}  # None: damaged
        self._started: dict[Path, TaughtModel | None] = {}

    def all(self) -> tuple[TaughtModel, ...]:
        """The oldest first. One that is damaged is left out, and told of by `damage`."""
        folders = [path.parent for path in self._folder.glob(f"*/{CHECKSUMS}") if not path.parent.suffix]
        known = self._known
        self._known = {folder: known[folder] if folder in known else described(folder) for folder in folders}
        return tuple(sorted(filter(None, self._known.values()), key=lambda model: model.created))

    @property
    def damage(self) -> str:
        """ "" where all are whole."""
        names = [folder.name for folder, model in self._known.items() if model is None]
        if not names:
            return ""
        return f"Taught models are damaged and left out: {', '.join(names)}. To repair, teach them again."

    def get(self, version: str) -> TaughtModel | None:
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
        return extend(Path(learner.folder), self._folder / uuid.uuid4().hex, path, filings, embed)

    def forget(self, version: str) -> None:
        """Raises ModelUnknown."""
        shutil.rmtree(self._path(version))

    def _path(self, version: str) -> Path:
        model = self.get(version)
        if model is None:
            raise ModelUnknown
        return Path(model.folder)


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
