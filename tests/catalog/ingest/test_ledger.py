"""The ledger: a run resumes where it was cut off, and a chunk is recorded whole or not at all."""

import json
from collections import Counter
from pathlib import Path

import pytest

from catalog.errors import DiskFull, LedgerDamaged, LedgerTaken
from catalog.ingest.ledger import Failure, Ledger, Tally, ledger_path, write_dead_letters
from catalog.storage.database import StorePlace
from catalog.storage.postgres import StateDatabase

BAD = Failure(7, "p7", "image_corrupt", "The image is damaged.", {"id": "p7", "title": "Äpfel"})


def tally(**outcomes: int) -> Tally:
    codes = Counter(image_corrupt=outcomes.get("failed", 0))
    return Tally(Counter(outcomes), codes, Counter({"Food > Apple": 2}), 2, 1)


@pytest.fixture
def place(tmp_path: Path, database: StateDatabase | None) -> StorePlace:
    return database or tmp_path / "ledger.sqlite"


def test_a_run_that_was_cut_off_goes_on_where_it_stopped(place: StorePlace) -> None:
    ledger = Ledger(place)
    run = ledger.begin("feed", "index")
    run.commit(3, tally(added=2, failed=1), [BAD])
    ledger.close()

    again = Ledger(place).begin("feed", "index")
    assert (again.number, again.position, again.tally) == (run.number, 3, tally(added=2, failed=1))
    assert list(again.failures()) == [BAD]
    assert again.tally.rows == 3


def test_a_run_is_read_beside_the_one_who_writes_it_and_forgotten_whole(place: StorePlace) -> None:
    ledger, beside = Ledger(place), Ledger(place)
    run, other = ledger.begin("feed", "index"), ledger.begin("other feed", "index")
    for line in range(1, 6):
        run.commit(line, tally(failed=line), [BAD._replace(line=line)])
    other.commit(1, tally(failed=1), [BAD])

    seen = beside.run(run.number)
    assert seen is not None
    assert (seen.position, seen.tally) == (5, tally(failed=5))
    first, place = seen.some_failures(characters=1)
    assert place is not None
    rest, end = seen.some_failures(place)
    assert [failure.line for failure in first] == [1]
    assert ([failure.line for failure in rest], end) == ([2, 3, 4, 5], None)

    ledger.forget(run.number)
    assert beside.run(run.number) is None
    assert list(seen.failures()) == []
    assert list(other.failures()) == [BAD]


@pytest.mark.parametrize(("feed", "index"), [("other feed", "index"), ("feed", "other index")])
def test_another_feed_or_index_starts_from_the_beginning(place: StorePlace, feed: str, index: str) -> None:
    ledger = Ledger(place)
    ledger.begin("feed", "index").commit(3, tally(added=3), [])
    assert ledger.begin(feed, index).position == 0


@pytest.mark.parametrize(("state", "position"), [("complete", 0), ("cancelled", 3), ("failed", 3), ("running", 3)])
def test_only_a_complete_run_starts_anew(place: StorePlace, state: str, position: int) -> None:
    ledger = Ledger(place)
    run = ledger.begin("feed", "index")
    run.commit(3, tally(added=3), [])
    run.end(state)  # type: ignore[arg-type]
    assert ledger.begin("feed", "index").position == position


def test_a_chunk_is_recorded_whole_or_not_at_all(place: StorePlace) -> None:
    ledger = Ledger(place)
    run = ledger.begin("feed", "index")
    run.commit(1, tally(failed=1), [BAD])
    with pytest.raises(TypeError, match="not JSON serializable"):
        run.commit(2, tally(failed=2), [BAD._replace(row={"picture": b"bytes"})])
    with ledger.file.use() as db:
        assert db.execute("SELECT position FROM runs").fetchall() == [(1,)]
        assert db.execute("SELECT count(*) FROM failures").fetchone() == (1,)


def test_whoever_comes_late_leaves_a_run_to_who_has_gone_on_with_it(place: StorePlace) -> None:
    late, other = (Ledger(place).begin("feed", "index") for _ in range(2))
    other.commit(3, tally(added=3), [])
    with pytest.raises(LedgerTaken, match="Another process"):
        late.commit(2, tally(failed=2), [BAD])
    late.end("failed")
    other.end("complete")
    late.end("failed")
    seen = Ledger(place).run(other.number)
    assert seen is not None
    assert (seen.position, seen.complete, list(seen.failures())) == (3, True, [])


def test_a_file_that_is_no_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database, but long enough to be mistaken for one" * 30)
    with pytest.raises(LedgerDamaged, match=r"^ledger\.sqlite is damaged .* move it away"):
        Ledger(tmp_path / "ledger.sqlite").begin("feed", "index")


def test_a_full_disk_is_named_and_what_was_recorded_stays(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    run = ledger.begin("feed", "index")
    run.commit(1, tally(failed=1), [BAD])
    with ledger.file.use() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then reports what it reports of a full disk
    with pytest.raises(DiskFull, match=r"The disk is full\. What was stored before is intact"):
        run.commit(2, tally(failed=2), [BAD._replace(reason="x" * 100_000)])
    assert run.position == 1
    assert list(run.failures()) == [BAD]


def test_dead_letters_are_one_object_a_line(tmp_path: Path) -> None:
    write_dead_letters(tmp_path / "new" / "failed.jsonl", [BAD, BAD])
    lines = (tmp_path / "new" / "failed.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [BAD._asdict()] * 2
    assert "Äpfel" in lines[0]


def test_an_index_keeps_its_ledger_in_its_folder_and_a_cluster_in_the_users_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert ledger_path("catalogue") == Path("catalogue/ledger.sqlite")
    cluster = ledger_path("qdrant://host/products")
    assert cluster.parent.parent == tmp_path / "shelflens"
    assert cluster != ledger_path("qdrant://host/others")
