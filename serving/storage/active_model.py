"""Which model was made active, also over a restart, and how far the stored products are filed by it."""

import logging
from collections.abc import Mapping
from pathlib import Path

from catalog.errors import CatalogError
from catalog.filing import AnyFiler, BaseFiler, Filer
from catalog.index.backend import IndexModel
from catalog.model.folder import named_folder
from catalog.storage.files import written_whole
from catalog.storage.seal import sealed, unsealed
from serving.storage.taught_models import TaughtModels

logger = logging.getLogger(__name__)


class ActiveModel:
    """filer: by the model that was chosen, if one was. damage: what is wrong with the file that tells it, or "".
    done: how many products were filed anew by it so far. Choosing is not for several threads at once.
    """

    def __init__(self, state: Path, taught: TaughtModels, loaded: Mapping[str, IndexModel]) -> None:
        """loaded: the models that the service was started with, by version."""
        self._choice, self._refiled = state / "active-model", state / "refiled-by"
        self._taught, self._loaded = taught, loaded
        self.damage, self.done = "", 0
        self.filer = self._chosen_filer()

    @property
    def version(self) -> str:
        """ "" where none was made active."""
        try:
            chosen, self.damage = unsealed(self._choice.read_text(encoding="utf-8")), ""
        except FileNotFoundError:
            return ""
        except (OSError, ValueError):
            if not self.damage:
                logger.error("a file of the state is damaged", extra={"fields": {"file": self._choice.name}})
            self.damage = (
                f"{self._choice.name} is damaged: which model was activated is not known, so the first one answers. To"
                " repair, activate one again."
            )
            return ""
        return chosen

    def choose(self, version: str) -> None:
        """Raises CheckpointDamaged or CheckpointInvalid for a taught one that cannot be read, or DiskFull."""
        filer = self._filer_of(version)
        write(self._choice, version)
        if version != (self.filer.version if self.filer else ""):
            self.filer, self.done = filer, 0
            self._refiled.unlink(missing_ok=True)

    @property
    def refiling(self) -> AnyFiler | None:
        """By what products are still to be filed anew."""
        return self.filer if self.filer and self._refiled_by() != self.filer.version else None

    def end_refiling(self, filer: AnyFiler) -> None:
        """All products are filed by it."""
        if self.filer is filer:
            write(self._refiled, filer.version)
            logger.info("all products are filed anew", extra={"fields": {"model": filer.version}})

    def _filer_of(self, version: str) -> AnyFiler:
        """Raises CheckpointDamaged or CheckpointInvalid."""
        if self._taught.get(version):
            return self._taught.filer(version)
        known = self._loaded.get(version, IndexModel(version))
        started = self._taught.started(named_folder(known.folder)) if known.folder else None
        return Filer.open(Path(started.folder)) if started else BaseFiler(version, known.vectors, known.folder)

    def _chosen_filer(self) -> AnyFiler | None:
        chosen = self.version
        try:
            return self._filer_of(chosen) if chosen in self._loaded or self._taught.get(chosen) else None
        except CatalogError as error:
            logger.error("the active model cannot be read", extra={"fields": {"model": chosen, "code": error.code}})
            return None

    def _refiled_by(self) -> str:
        try:
            return unsealed(self._refiled.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""


def write(path: Path, text: str) -> None:
    with written_whole(path) as temporary:
        temporary.write_text(sealed(text), encoding="utf-8")
