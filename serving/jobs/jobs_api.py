"""The jobs as the service asks them, wherever they run."""

from collections.abc import Sequence

from catalog.feeds import Preview
from catalog.feeds.rewriting import Changes, Rewritten
from serving.calls import Call
from serving.jobs.files import Source
from serving.jobs.job import Job, RowLines, Submission
from serving.jobs.uploads import Upload


class JobsApi:
    """Each method of `Jobs`. It raises what the jobs raise, and JobsNotReady where they are in another process that
    does not answer.
    """

    # Not repeated when their process is lost: the first call may have had its effect.
    ONCE = frozenset({"submit", "cancel", "begin_upload", "append"})

    def __init__(self, call: Call) -> None:
        """call: reaches a `Jobs`, by `serving.calls.in_loop` or in another process."""
        self._call = call

    async def damage(self) -> list[str]:
        return await self._call("damage")

    async def submit(self, asked: Submission) -> Job:
        return await self._call("submit", asked)

    async def learn(self) -> Job:
        return await self._call("learn")

    async def audit(self) -> Job:
        return await self._call("audit")

    async def preview(self, asked: Submission, cut: bool = False) -> Preview:
        return await self._call("preview", asked, cut)

    async def corrected(self, asked: Submission, changes: Changes) -> tuple[bytes, Rewritten]:
        return await self._call("corrected", asked, changes)

    async def sources(self) -> Sequence[Source] | None:
        return await self._call("sources")

    async def get(self, id: str) -> Job:
        return await self._call("get", id)

    async def list(self, limit: int) -> Sequence[Job]:
        return await self._call("list", limit)

    async def counts(self) -> dict[str, int]:
        return await self._call("counts")

    async def cancel(self, id: str) -> Job:
        return await self._call("cancel", id)

    async def errors(self, id: str, after: int = 0) -> RowLines:
        return await self._call("errors", id, after)

    async def warnings(self, id: str, after: int = 0) -> RowLines:
        return await self._call("warnings", id, after)

    async def begin_upload(self, filename: str, size: int) -> Upload:
        return await self._call("begin_upload", filename, size)

    async def append(self, id: str, offset: int, data: bytes) -> Upload:
        return await self._call("append", id, offset, data)

    async def upload(self, id: str) -> Upload:
        return await self._call("upload", id)

    async def remove_upload(self, id: str) -> None:
        await self._call("remove_upload", id)
