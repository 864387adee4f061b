"""What a job outlives: restarts, kill -9, a busy or lost model, another model, a lost index, a full disk."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest

from catalog.index.product_index import open_index
from catalog.ingest.ledger import Ledger
from catalog.model.preprocess import Prepared
from catalog.product import StoredProduct, Understanding
from catalog.understand import Understander
from serving.calls import in_threads
from serving.errors import IndexNotReady, ModelFailed
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.jobs.job import Submission
from serving.jobs.jobs import Jobs
from serving.settings.schema import Settings
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi
from tests.support.answers import assert_error
from tests.support.job_service import Watched, as_csv, as_json_lines, counts, office, rows
from tests.support.services import WIDTH
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

SETTINGS = Settings(batch_wait_seconds=0.001, job_patience_seconds=60)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("jobs") / "model"))


def test_a_job_goes_on_after_a_restart_and_reads_nothing_twice(tmp_path: Path, model: Understander) -> None:
    go_on = Event()
    lines = rows(300)
    lines[3]["title"] = lines[250]["title"] = ""
    with office(tmp_path, model, SETTINGS) as service:
        service.analyzer.hold(go_on, after=64)
        id, waiting = service.submit(as_csv(lines)), service.submit(as_csv(rows(5)), dry_run="true")
        service.wait(id, lambda job: job["done"] >= 64)
        read = [product for part in service.analyzer.asked for product in part]
    with office(tmp_path, model, SETTINGS, start=False) as service:
        assert service.job(id)["state"] == "running"
        assert counts(service.job(id))["done"] == 64
        assert service.job(waiting)["state"] == "queued"
        assert len(list(service.uploads.iterdir())) == 2
    with office(tmp_path, model, SETTINGS) as service:
        job = service.ended(id)
        read += [product for part in service.analyzer.asked for product in part]
        assert job["state"] == "complete"
        assert counts(job) == {"total": 300, "done": 300, "added": 298, "failed": 2}
        assert [error["line"] for error in service.errors(id)] == [5, 252]
        assert len(service.stored()) == len(set(read)) == 298
        assert len(read) <= 298 + 32
        assert counts(service.ended(waiting)) == {"total": 5, "done": 5, "skipped": 4, "added": 1}
        assert list(service.uploads.iterdir()) == []


def test_a_job_that_was_killed_at_its_very_end_is_complete_after_a_restart(tmp_path: Path, model: Understander) -> None:
    """All its rows were stored, but that it has ended was not recorded."""
    with office(tmp_path, model, SETTINGS) as service:
        job = service.ingested(as_csv(rows(40)))
        feed = service.uploads / f"{job['id']}.csv"
    feed.write_text(as_csv(rows(40)))
    with sqlite3.connect(tmp_path / "jobs" / "jobs.sqlite") as db:
        db.execute("UPDATE jobs SET state = 'running', finished = NULL")
    db.close()
    with office(tmp_path, model, SETTINGS) as service:
        assert counts(service.ended(job["id"])) == {"total": 40, "done": 40, "added": 40}
        assert service.job(job["id"])["state"] == "complete"
        assert service.analyzer.asked == []
        assert not feed.exists()


def test_a_cancelled_job_stays_so_after_a_restart(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS) as service:
        service.analyzer.hold(Event(), after=32)
        id = service.submit(as_csv(rows(100)))
        service.wait(id, lambda job: job["done"] == 32)
        service.jobs._runner.close()
        assert service.client.post(f"/v1/jobs/{id}/cancel").json()["state"] == "running"
    with office(tmp_path, model, SETTINGS) as service:
        assert (service.ended(id)["state"], service.job(id)["done"]) == ("cancelled", 32)


def test_a_source_that_was_exchanged_meanwhile_is_read_from_its_beginning(tmp_path: Path, model: Understander) -> None:
    settings = SETTINGS.model_copy(update={"feeds": tmp_path})
    (tmp_path / "feed.csv").write_text(as_csv(rows(100)))
    with office(tmp_path, model, settings) as service:
        service.analyzer.hold(Event(), after=32)
        id = service.client.post("/v1/jobs", json={"source": "feed.csv"}).json()["id"]
        service.wait(id, lambda job: job["done"] == 32)
    (tmp_path / "feed.csv").write_text(as_csv([{"id": "new", "title": "a shoe", "brand": ""}, *rows(100)]))
    with office(tmp_path, model, settings) as service:
        assert counts(service.ended(id)) == {"total": 101, "done": 101, "skipped": 32, "added": 69}


def test_one_process_works_at_a_time_and_the_next_takes_over(tmp_path: Path, model: Understander) -> None:
    """As when one release of the service replaces another."""

    async def scenario() -> None:
        store = CatalogStore(open_index(tmp_path / "index", WIDTH), tmp_path)
        analyzers = [Watched(lambda: model, SETTINGS) for _ in range(2)]
        former, latter = (
            Jobs(tmp_path / "jobs", Models(one), StoreApi(in_threads(store)), SETTINGS) for one in analyzers
        )
        analyzers[0].hold(Event(), after=32)
        await former.start()
        running = await former.submit(Submission(filename="feed.csv", data=as_csv(rows(200)).encode()))
        while (await former.get(running.id)).done < 32:
            await asyncio.sleep(0.01)
        await latter.start()
        late = await latter.submit(Submission(filename="feed.csv", data=as_csv(rows(3)).encode(), dry_run=True))
        await asyncio.sleep(0.5)
        assert analyzers[1].asked == []
        assert ((await latter.get(late.id)).state, (await latter.get(running.id)).done) == ("queued", 32)
        await former.close()
        while (job := await latter.get(late.id)).state != "complete":
            await asyncio.sleep(0.01)
        assert job.skipped == 3
        job = await latter.get(running.id)
        assert (job.state, job.done, job.added + job.skipped) == ("complete", 200, 200)
        await latter.close()
        store.close()

    asyncio.run(asyncio.wait_for(scenario(), 60))


def test_a_job_waits_while_the_model_is_busy(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS) as service:
        free = Event()
        service.analyzer.hold(free)
        id = service.submit(as_csv(rows(40)))
        time.sleep(0.5)
        assert service.job(id)["state"] == "running"
        free.set()
        assert counts(service.ended(id)) == {"total": 40, "done": 40, "added": 40}


def test_a_job_fails_once_its_patience_ends(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS.model_copy(update={"job_patience_seconds": 0.3})) as service:
        service.analyzer.hold(Event(), after=32)
        job = service.ingested(as_csv(rows(100)))
        assert (job["state"], job["done"]) == ("failed", 32)
        assert (job["error"]["code"], job["error"]["type"]) == ("overloaded", "overloaded_error")


def test_a_product_that_the_model_fails_on_fails_alone(tmp_path: Path, model: Understander) -> None:
    """Whether the model says so of the one, or fails on the few it was asked about together."""

    class Poisoned(Understander):
        def understand_prepared(
            self, products: Sequence[Prepared], top_k: int = 5, evidence: bool = True
        ) -> list[Understanding]:
            if any(product.id == "p3" for product in products):
                raise RuntimeError("poison")
            return super().understand_prepared(products, top_k, evidence)

    lost: list[str] = []

    def broken(products: Sequence[Prepared]) -> None:
        if any(product.id == "p20" for product in products):
            lost.extend(product.id for product in products)
            raise ModelFailed

    with office(tmp_path, Poisoned.load(tiny_onnx_folder(tmp_path / "model")), SETTINGS) as service:
        service.analyzer.before = broken
        job = service.ingested(as_csv(rows(40)))
        errors = service.errors(job["id"])
        assert [error["id"] for error in errors] == ["p3", *lost]
        assert counts(job) == {"total": 40, "done": 40, "added": 40 - len(errors), "failed": len(errors)}
        assert {error["code"] for error in errors} == {"model_failed"}


def test_a_model_that_is_exchanged_meanwhile_is_asked_from_there_on(tmp_path: Path, model: Understander) -> None:
    """No product is stored as one model's that another has read."""
    other = Understander.load(tiny_onnx_folder(tmp_path / "other", seed=1))
    with office(tmp_path, model, SETTINGS) as service:
        hold = Event()
        service.analyzer.hold(hold, after=8)
        id = service.submit(as_csv(rows(40)))
        while sum(map(len, service.analyzer.asked)) < 8:
            time.sleep(0.01)
        service.analyzer.exchange(other)
        hold.set()
        assert counts(service.ended(id)) == {"total": 40, "done": 40, "added": 40}
        stored = [product for batch in service.store._index.scan() for product in batch]
        assert {product.model for product in stored} == {other.version}
        alone = {u.id: u for u in other.understand([product.product for product in stored]) if hasattr(u, "id")}
        for product in stored:
            assert product.understanding.embedding @ alone[product.id].embedding > 0.999


class Unsteady(CatalogStore):
    """A real store that is lost for a while: before some writes, and after others."""

    failures = 0

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        self.failures += 1
        if self.failures % 3 == 1:
            raise IndexNotReady
        stored = super().upsert(products)
        if self.failures % 3 == 2:
            raise IndexNotReady
        return stored


def test_an_index_that_is_lost_for_a_while_loses_and_doubles_nothing(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS, Unsteady) as service:
        assert counts(service.ingested(as_csv(rows(100)))) == {"total": 100, "done": 100, "added": 100}
        assert service.store.failures > 6  # type: ignore[attr-defined]
        assert len(service.stored()) == 100


def test_an_index_that_another_model_made_fails_the_job(tmp_path: Path, model: Understander) -> None:
    other = Understander.load(tiny_onnx_folder(tmp_path / "other", seed=1))
    with office(tmp_path, other, SETTINGS) as service:
        service.ingested(as_csv(rows(1)))
    with office(tmp_path, model, SETTINGS) as service:
        job = service.ingested(as_csv(rows(2)))
        assert (job["state"], job["error"]["code"]) == ("failed", "index_of_other_model")


def test_what_crashes_have_left_is_swept(tmp_path: Path, model: Understander) -> None:
    uploads = tmp_path / "jobs" / "uploads"
    uploads.mkdir(parents=True)
    for name in ("old.csv", "old.csv.tmp", "new.csv"):
        (uploads / name).write_text("id")
    for name in ("old.csv", "old.csv.tmp"):
        os.utime(uploads / name, (0, 0))
    with office(tmp_path, model, SETTINGS) as service:
        service.ingested(as_csv(rows(1)))
        assert [path.name for path in uploads.iterdir()] == ["new.csv"]


def test_a_full_disk_is_told_and_nothing_is_left_of_the_upload(small_disk: Path, tmp_path: Path) -> None:
    model = Understander.load(tiny_onnx_folder(tmp_path / "model"))
    with office(small_disk, model, SETTINGS) as service:
        service.ingested(as_csv(rows(10)))
        filling = small_disk / "filling"
        filling.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 1_000_000))
        large = as_csv(rows(100, description="x" * 40_000))
        assert_error(service.upload(large), 507, "disk_full")
        assert list(service.uploads.iterdir()) == []
        job = service.ingested(as_csv(rows(100)))
        assert (job["state"], job["error"]["code"]) == ("failed", "disk_full")
        filling.unlink()
        assert counts(service.ingested(as_csv(rows(100)))) == {"total": 100, "done": 100, "skipped": 10, "added": 90}


SERVED = """
import asyncio, sys
from pathlib import Path
from catalog.index import open_index
from catalog.understand import Understander
from serving.jobs.job import Submission
from serving.jobs.jobs import Jobs
from serving.inference.local import LocalBackend
from serving.inference.models import Models
from serving.settings import Settings
from serving.calls import in_threads
from serving.storage.store import CatalogStore
from serving.storage.store_api import StoreApi

folder, model = Path(sys.argv[1]), Path(sys.argv[2])
settings = Settings(batch_wait_seconds=0.001)

async def main():
    store = CatalogStore(open_index(folder / "index", 32), folder)
    models = Models(LocalBackend(lambda: Understander.load(model), settings))
    jobs = Jobs(folder / "jobs", models, StoreApi(in_threads(store)), settings)
    await jobs.start()
    job = await jobs.submit(Submission(key="one", filename="feed.jsonl", data=(folder / "feed.jsonl").read_bytes()))
    while job.done < (int(sys.argv[3]) or job.done + 1) and job.state in ("queued", "running"):
        await asyncio.sleep(0.005)
        job = await jobs.get(job.id)
    print(job.state, job.done, flush=True)
    await asyncio.sleep(0 if job.state == "complete" else 60)
    await jobs.close()
    store.close()

asyncio.run(main())
"""


def serve_until_killed(folder: Path, model: Path, done: int) -> str:
    """Killed with signal 9 as soon as so many rows are done; 0 waits for the end. -> the job's state and its rows."""
    command = [sys.executable, "-c", SERVED, str(folder), str(model), str(done)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        if done:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    return said.strip()


def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    model = tiny_onnx_folder(tmp_path / "model")
    lines = rows(1_000)
    for number in (5, 400, 999):
        lines[number]["title"] = ""
    (tmp_path / "feed.jsonl").write_text(as_json_lines(lines))
    for done in (1, 300, 700):
        state, reached = serve_until_killed(tmp_path, model, done).split()
        assert state == "running"
        assert done <= int(reached) < 1_000
    assert serve_until_killed(tmp_path, model, 0) == "complete 1000"
    with open_index(tmp_path / "index") as index:
        stored = [product.id for batch in index.scan() for product in batch]
    assert len(stored) == len(set(stored)) == 997
    ledger = Ledger(tmp_path / "jobs" / "jobs.sqlite")
    run = ledger.run(1)
    assert run is not None
    assert [failure.id for failure in run.failures()] == ["p5", "p400", "p999"]
    outcomes = run.tally.outcomes
    assert outcomes["added"] + outcomes["unchanged"] == 997
    assert outcomes["unchanged"] <= 3 * 32  # a chunk may have been stored, and not yet recorded, at each kill
    assert list((tmp_path / "jobs" / "uploads").iterdir()) == []
    ledger.close()


def test_an_analyzer_without_a_running_loop_ends_the_thread(tmp_path: Path, model: Understander) -> None:
    """The service's event loop may end before the jobs are closed; the process must then end, too."""
    store = CatalogStore(open_index(tmp_path / "index", WIDTH), tmp_path)
    jobs = Jobs(tmp_path / "jobs", Models(LocalBackend(lambda: model, SETTINGS)), StoreApi(in_threads(store)), SETTINGS)

    async def begin() -> str:
        await jobs.start()
        return (await jobs.submit(Submission(filename="feed.csv", data=as_csv(rows(500)).encode()))).id

    id = asyncio.run(begin())
    asyncio.run(jobs.close())
    store.close()
    with office(tmp_path, model, SETTINGS) as service:
        assert service.ended(id)["state"] == "complete"
        assert len(service.stored()) == 500
