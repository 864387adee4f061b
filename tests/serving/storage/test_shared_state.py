"""What only a state in PostgreSQL can do: be shared by nodes, be cut off from its server, lose a node."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid, StateDamaged, StateUnavailable
from catalog.storage.postgres import StateDatabase
from catalog.storage.sqlite import Column
from serving.errors import UploadOffsetWrong
from serving.jobs.uploads import Uploads
from serving.middleware import api_keys
from serving.middleware.api_keys import KeyNameTaken, Keys, add_key, key_place, remove_key
from serving.settings.schema import Settings
from serving.storage import job_table
from serving.storage.job_table import JobTable, Record, auditing
from serving.storage.outbox import Event, Outbox
from serving.storage.shared_files import SharedFiles
from tests.support import postgres

KILL = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE application_name = 'shelflens' AND pid <> pg_backend_pid()"
)


@pytest.fixture
def place() -> str:
    return postgres.location()


@pytest.fixture
def two(place: str) -> Iterator[list[StateDatabase]]:
    """Two nodes' connections to one state."""
    with ExitStack() as stack:
        yield [stack.enter_context(postgres.state(place)) for _ in range(2)]


def job(name: str) -> Record:
    return Record(name, None, "", "feed.csv", None, "{}", 0, time.time())


def test_each_worker_has_a_job_of_its_own_until_it_ends_or_is_silent(
    two: list[StateDatabase], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = map(JobTable, two)
    for name in "abc":
        one.add(job(name))
    first, second = taken(one, "one"), taken(other, "other")
    assert (first.id, second.id) == ("a", "b")
    assert taken(one, "one").id == "a", "a worker that begins anew has its own job first"
    assert one.finish(first, "complete")
    assert taken(one, "one").id == "c"
    assert one.take("third") is None, "both others are alive"
    other.release("other")
    assert taken(one, "third").id == "b"
    assert not other.renew(second)
    assert not other.finish(second, "failed"), "it is another's by now"
    monkeypatch.setattr(job_table, "LEASE_SECONDS", -1.0)
    assert taken(other, "late").id == "b", "nothing was heard of its worker for so long"


def taken(table: JobTable, worker: str) -> Record:
    record = table.take(worker)
    assert record is not None
    return record


def test_many_take_at_once_and_none_takes_what_another_has(two: list[StateDatabase]) -> None:
    tables = [JobTable(database) for database in two]
    for number in range(12):
        tables[0].add(job(str(number)))
    taken: list[str] = []

    def work(number: int) -> None:
        while record := tables[number % 2].take(str(number)):
            taken.append(record.id)
            assert tables[number % 2].finish(record, "complete")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(int, taken)) == list(range(12))
    assert len({auditing(table) for table in tables * 3}) == 1


def test_nothing_acknowledged_is_lost_when_connections_are_killed(two: list[StateDatabase], tmp_path: Path) -> None:
    """What is cut off is told of, and may be asked again; a single reading is begun anew."""
    ended, kept = threading.Event(), set[str]()
    table, outbox = JobTable(two[0]), Outbox(two[1])
    files, uploads = (SharedFiles(one, "uploads", tmp_path / one.address.schema) for one in two)

    def kill() -> None:
        while not ended.wait(0.1):
            postgres.administer(f"{KILL} ORDER BY random() LIMIT 1")

    def persistently(work: Callable[..., object], *arguments: object) -> None:
        while True:
            try:
                work(*arguments)
                return
            except StateUnavailable:
                continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for name in map(str, range(15)):
            persistently(table.add, job(name))
            persistently(outbox.add, Event("job.ended", name, {}))
            persistently(files.write, name, b"x" * 1_000)
            kept.add(name)
    finally:
        ended.set()
        killer.join()
    assert {record.id for record in table.unfinished()} == kept
    assert set(uploads.names()) == kept


def test_a_part_of_an_upload_is_read_by_every_node(two: list[StateDatabase], tmp_path: Path) -> None:
    kept = [SharedFiles(one, "uploads", tmp_path / str(place)) for place, one in enumerate(two)]
    here, there = (Uploads(one, files, 10_000, 100) for one, files in zip(two, kept, strict=True))
    begun = here.begin("a.csv", lambda id: f"{id}.csv", 6)
    assert there.append(begun.id, 0, b"abc").received == 3
    with pytest.raises(UploadOffsetWrong, match="starts at byte 3"):
        here.append(begun.id, 0, b"abc")
    assert here.append(begun.id, 3, b"def").received == 6
    for files in kept:
        assert files.path(begun.name).read_bytes() == b"abcdef"
    there.remove(begun.id)
    assert not kept[0].names()
    assert not SharedFiles(two[0], "uploads", tmp_path / "new").path(begun.name).exists()


def test_a_select_is_begun_anew_and_a_write_is_told_of(two: list[StateDatabase]) -> None:
    table = JobTable(two[0])
    table.add(job("a"))
    with table.file.use() as db:
        postgres.administer(KILL)
        assert db.execute("SELECT id FROM jobs").fetchall() == [("a",)]
        postgres.administer(KILL)
        with pytest.raises(StateUnavailable, match="does not respond"):
            table.forget("a")
    assert table.get("a").id == "a"
    with pytest.raises(StateUnavailable):
        cut_off(table)
    assert table.get("a").id == "a"


def cut_off(table: JobTable) -> None:
    """In the middle of a transaction."""
    with table.file.transaction() as db:
        db.execute("DELETE FROM jobs")
        postgres.administer(KILL)
        db.execute("SELECT 1")


def test_a_restarted_server_is_found_again(two: list[StateDatabase]) -> None:
    table = JobTable(two[0])
    table.add(job("a"))
    postgres.restart()
    table.add(job("b"))
    assert [record.id for record in table.unfinished()] == ["a", "b"]


def test_a_block_that_one_is_in_at_a_time(two: list[StateDatabase]) -> None:
    inside, highest = 0, 0

    def enter(number: int) -> None:
        nonlocal inside, highest
        with two[number % 2].alone("writing"), two[number % 2].alone("writing"):
            inside += 1
            highest = max(highest, inside)
            time.sleep(0.005)
            inside -= 1

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert highest == 1


def test_a_release_that_knows_more_adds_its_columns(place: str) -> None:
    schema = "CREATE TABLE IF NOT EXISTS things (id TEXT PRIMARY KEY);"
    with postgres.state(place) as database:
        database.store(schema, "things").close()
        later = database.store(schema, "things", added=[Column("things", "colour", "TEXT NOT NULL DEFAULT 'red'")])
        with later.use() as db:
            db.execute("INSERT INTO things (id) VALUES (?)", ("a\0",))
            assert db.execute("SELECT * FROM things").fetchall() == [("a\ufffd", "red")]
        postgres.administer(f"DROP TABLE {postgres.state_schema_of(place)}.things")
        with pytest.raises(StateDamaged, match=r"missing or damaged \(things\)"), later.use() as db:
            db.execute("SELECT * FROM things")
        assert "things may be missing" in later.damage


def test_what_cannot_be_opened_says_why_without_the_password() -> None:
    for address in (
        "postgresql://",
        "postgresql://shop:s3cr3t@host",
        "postgresql://host/shop?schema=A-B",
        "mysql://h/x",
    ):
        with pytest.raises(ConfigInvalid, match="The address must read") as refused:
            StateDatabase(address)
        assert "s3cr3t" not in str(refused.value)
    with pytest.raises(StateUnavailable, match="does not respond"):
        StateDatabase("postgresql://shop:s3cr3t@127.0.0.1:9/shop")
    with pytest.raises(ConfigInvalid, match="may have 57 letters"):
        StateDatabase(postgres.location("x" * 60))
    with pytest.raises(StateUnavailable, match="no database of the name"):
        StateDatabase(postgres.location(database="no_such_shop"))
    with pytest.raises(StateUnavailable, match="refuses the user or the password"):
        StateDatabase(postgres.location(user="nobody:s3cr3t"))


def test_keys_are_the_same_on_all_nodes(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "LOOK_SECONDS", 0.02)
    here, there = (key_place(Settings(state=place)) for _ in range(2))
    known = Keys(there)
    key = add_key(here, "shop")
    wait_until(lambda: known.find(key) is not None)
    with pytest.raises(KeyNameTaken):
        add_key(there, "shop")
    postgres.administer(KILL)
    other = add_key(here, "other")
    remove_key(there, "shop")
    wait_until(lambda: known.find(key) is None)
    assert known.find(other) is not None
    postgres.administer(f"DELETE FROM {postgres.state_schema_of(place)}.notes")
    time.sleep(0.1)
    assert known.find(other) is not None, "no accident opens the service"


def wait_until(true: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
