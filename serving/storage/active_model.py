"""Which model was made active, also over a restart, and how far the stored products are filed by it.

active-model    its version
refiled-by      the version by which all stored products are filed
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from catalog.errors import CatalogError
from catalog.filing import AnyFiler, BaseFiler, Filer
from catalog.index.backend import IndexModel
from catalog.model.folder import named_folder
from catalog.storage.notes import Notes
from catalog.storage.seal import Unsealed
from serving.storage.taught_models import TaughtModels

CHOICE, REFILED = "active-model", "refiled-by"

logger = logging.getLogger(__name__)


class ActiveModel:
    """filer: by the model that was chosen, if one was. damage: what is wrong with the note that tells it, or "".
    done: how many products were filed anew by it so far. Choosing is not for several threads at once.
    """

    def __init__(self, notes: Notes, taught: TaughtModels, loaded: Mapping[str, IndexModel]) -> None:
        """loaded: the models that the service was started with, by version."""
        self._notes, self._taught, self._loaded = notes, taught, loaded
        self.damage, self.done = "", 0
        self.filer = self._chosen_filer()

    @property
    def version(self) -> str:
        """ "" where none was made active."""
        try:
            chosen, self.damage = self._notes.read(CHOICE), ""
        except Unsealed:
            if not self.damage:
                logger.error("a file of the state is damaged", extra={"fields": {"file": CHOICE}})
            self.damage = (
                f"{CHOICE} is damaged: which model was activated is not known, so the first one answers. To repair,"
                " activate one again."
            )
            return ""
        return chosen or ""

    def choose(self, version: str) -> None:
        """Raises CheckpointDamaged or CheckpointInvalid for a taught one that cannot be read, or DiskFull."""
        filer = self._filer_of(version)
        before = self.version
        if version != before:
            self._notes.write(REFILED, None)
        self._notes.write(CHOICE, version)
        if version != (self.filer.version if self.filer else ""):
            self.filer, self.done = filer, 0

    def follow(self) -> bool:
        """Whether another one was chosen, elsewhere, than was known here."""
        if self.version == (self.filer.version if self.filer else ""):
            return False
        before, self.filer, self.done = self.filer, self._chosen_filer(), 0
        return self.filer is not before

    @property
    def refiling(self) -> AnyFiler | None:
        """By what products are still to be filed anew."""
        return self.filer if self.filer and self._refiled_by() != self.filer.version else None

    def end_refiling(self, filer: AnyFiler) -> None:
        """All products are filed by it."""
        if self.filer is filer:
            self._notes.write(REFILED, filer.version)
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
        with suppress(Unsealed):
            return self._notes.read(REFILED) or ""
        return ""
