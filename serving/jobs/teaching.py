"""A job that teaches a model the categories of a feed, instead of storing its products, or what people said of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from catalog.arrays import Floats
from catalog.ingest.load import ImageSource
from catalog.model.contract import Targets
from catalog.model.folder import shipped_model
from catalog.teaching.candidate import learn
from catalog.teaching.examples import Filing
from catalog.teaching.gather import gather
from catalog.teaching.report import to_dict
from catalog.teaching.teach import teach_gathered, write_taught
from catalog.teaching.vectors import VectorCache
from catalog.understand import Understander
from serving.jobs.steps import WatchedFeed
from serving.settings.schema import Settings
from serving.storage.job_table import Record

THREADS = 1  # requests have the other cores


class Lesson:
    """What one job teaches. What it has read is kept beside the models until it has ended, for when it goes on."""

    def __init__(self, record: Record, folder: Path, settings: Settings) -> None:
        """folder: of the models that are taught, each in a folder that is called as the job."""
        self._record, self._settings = record, settings
        self._output, self._vectors = folder / record.id, folder / f"{record.id}.vectors"

    def teach(
        self,
        feed: WatchedFeed,
        images: ImageSource,
        check: Callable[[], None],
        progress: Callable[[int], object],
    ) -> dict[str, Any]:
        """-> what came of it, as JSON holds it. check: raises Stopped. progress: is told of rows as they are done.

        Raises TooFewProducts, and what is wrong with the feed, or DiskFull.
        """
        base = self._settings.model or shipped_model()
        reader = Understander.load(base, self._settings.device)
        self._output.parent.mkdir(parents=True, exist_ok=True)
        with VectorCache(self._vectors) as cache:
            gathered = gather(feed, reader, images, cache, progress, THREADS, self._record.asked)
        outcome = teach_gathered(
            gathered,
            reader,
            base,
            self._output,
            targets=Targets(self._record.target),
            attributes=self._record.asked,
            progress=lambda step: check(),
        )
        outcome.page.unlink()  # it names products, which must be possible to erase
        told = outcome.to_dict()
        del told["output"], told["page"]
        return {"folder": str(outcome.output), **told}

    def learn(self, active: Path, filings: Sequence[Filing], check: Callable[[], None]) -> dict[str, Any]:
        """Teach the model in the folder `active` what people filed. -> as `teach`, with how it compares with that one.

        Raises TooFewProducts, CheckpointInvalid or DiskFull.
        """
        base = self._settings.model or shipped_model()
        taught, comparison = learn(active, filings, self._embed, progress=lambda step: check())
        version = write_taught(taught, base, self._output)
        told = {"folder": str(self._output), "version": version, "failed": {}, "comparison": comparison.to_dict()}
        found = to_dict(taught.report)
        found["doubts"] = []  # what the model was taught with is kept without names
        found["confusions"] = [pair | {"rows": []} for pair in found["confusions"]]
        return told | found

    def _embed(self, texts: Sequence[str]) -> Floats:
        return Understander.load(self._settings.model or shipped_model(), self._settings.device).embed(texts)

    def end(self) -> None:
        """Forget what was read."""
        for path in self._vectors.parent.glob(f"{self._vectors.name}*"):
            path.unlink(missing_ok=True)
