"""What only the embedded index can do: live in a folder, be locked, damaged, killed, rebuilt and erased from."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge

from catalog.errors import DiskFull, IndexDamaged, IndexFailed, IndexLocked, IndexMismatch, IndexNotFound
from catalog.index.edge.backend import EdgeBackend
from catalog.index.edge.builder import KEYWORD_FIELDS as SHARD_KEYWORD_FIELDS
from catalog.index.edge.builder import NUMBER_FIELDS as SHARD_NUMBER_FIELDS
from catalog.index.edge.folder import IndexFolder, copy_shard, used_bytes
from catalog.index.filters import AttributeIs, Not, OneOf
from catalog.index.keys import sought_numbers
from catalog.index.product_index import ProductIndex, open_index
from catalog.index.query import IndexQuery
from catalog.index.records import KEYWORD_FIELDS, NUMBER_FIELDS, point_id, to_payload
from catalog.product import Offer
from tests.support.stored import WIDTH, embedding, passes, quick_folder, random_products, same, stored_product

ROOT = Path(__file__).parents[3]
PRODUCTS = random_products(600, seed=3)


def small_index(path: Path, build_from: int = 200) -> ProductIndex:
    """One that builds its approximate index from few products on."""
    return ProductIndex(EdgeBackend.open(path, WIDTH, build_from=build_from))


@pytest.fixture
def quick_path() -> Iterator[Path]:
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def filled(quick_path: Path) -> Path:
    """A closed index of 50 products."""
    with open_index(quick_path / "index", WIDTH) as index:
        index.upsert(PRODUCTS[:50])
    return quick_path / "index"


def shards(path: Path) -> list[Path]:
    return sorted(path.glob("shard-*"))


def run_python(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_an_index_from_before_a_field_was_filtered_by_gets_it_when_it_is_opened(filled: Path) -> None:
    [shard] = shards(filled)
    old = edge.EdgeShard.load(str(shard))
    old.update(edge.UpdateOperation.delete_field_index("product_type"))
    old.flush()
    old.close()

    with open_index(filled, create=False) as index:
        found = {value for value, _ in index.facets(("product_type",))["product_type"]}
        assert found == {stored.product.product_type for stored in PRODUCTS[:50]} - {""}


def test_an_index_of_an_earlier_release_answers_as_before_and_takes_the_whole_offer(filled: Path) -> None:
    [shard] = shards(filled)
    old = edge.EdgeShard.load(str(shard))
    new = ("availability", "status", "google_product_category", "keys", "numbers", "sale")
    for name in new:
        old.update(edge.UpdateOperation.delete_field_index(name))
    for stored in PRODUCTS[:50]:
        payload = {name: value for name, value in to_payload(stored).items() if name not in new}
        old.update(edge.UpdateOperation.overwrite_payload([point_id(stored.id)], payload))
    old.flush()
    old.close()

    with open_index(filled, create=False) as index:
        everything = [stored.id for stored in PRODUCTS[:50]]
        for tree in (OneOf("brand", ("Nike",)), AttributeIs("colour", ("red",)), Not(OneOf("brand", ("On",)))):
            assert index.count(tree) == sum(passes(tree, stored) for stored in PRODUCTS[:50])
        asked = IndexQuery(
            embedding=PRODUCTS[0].understanding.embedding, for_sale=True, numbers=sought_numbers("TB-1"), limit=100
        )
        assert index.find(asked).total == len(everything)
        added = stored_product("added", sku="TB-1", brand="NIKE", availability="in_stock")
        index.upsert([added, stored_product("gone", status="archived")])
        assert next(match.stored.id for match in index.find(asked).matches) == "added"
        assert index.find(asked).total == len(everything) + 1
        assert index.count(OneOf("brand", ("nike",))) == 1
        assert index.count(OneOf("availability", ("in_stock",))) == 1


def test_both_descriptions_of_the_fields_agree() -> None:
    assert (SHARD_KEYWORD_FIELDS, SHARD_NUMBER_FIELDS) == (KEYWORD_FIELDS, NUMBER_FIELDS)


def test_importing_the_index_loads_neither_torch_nor_an_engine() -> None:
    code = "import sys, catalog.index; print([name for name in sys.modules if name.startswith(('torch', 'qdrant'))])"
    assert run_python(code).communicate()[0].strip() == "[]"


def test_an_index_is_opened_again(filled: Path) -> None:
    with open_index(filled, create=False) as index:
        assert (index.width, index.count()) == (WIDTH, 50)
        assert same(index.get(["p7"])[0], PRODUCTS[7])
        identity = index.identity
        index.close()
        with pytest.raises(IndexFailed, match="index is closed"):
            index.count()
        with pytest.raises(IndexFailed, match="index is closed"):
            index.upsert(PRODUCTS[:1])
    with open_index(str(filled), WIDTH) as index:
        assert index.identity == identity
    shutil.rmtree(filled)
    with open_index(filled, WIDTH) as index:
        assert index.identity != identity


def test_an_index_that_is_not_there(quick_path: Path) -> None:
    for width, create in ((None, True), (WIDTH, False)):
        with pytest.raises(IndexNotFound, match=r"no index at 'none'\. `shelflens ingest` makes one"):
            open_index(quick_path / "none", width, create)
    assert list(quick_path.iterdir()) == []
    (quick_path / "file").write_text("")
    with pytest.raises(IndexNotFound, match="is a file, but an index is a folder"):
        open_index(quick_path / "file", WIDTH)
    (quick_path / "mine").mkdir()
    (quick_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(IndexNotFound, match="not empty and holds no index"):
        open_index(quick_path / "mine", WIDTH)
    assert [path.name for path in (quick_path / "mine").iterdir()] == ["thesis.txt"]


def test_an_index_of_another_width(filled: Path) -> None:
    with pytest.raises(IndexMismatch, match="embeddings of 16 numbers, not 256"):
        open_index(filled, 256)
    open_index(filled, WIDTH).close()


def test_a_second_opener_is_turned_away(filled: Path) -> None:
    code = "import sys; from catalog.index import open_index; open_index(sys.argv[1])"
    with open_index(filled) as index:
        with pytest.raises(IndexLocked, match="Another process has the index"):
            open_index(filled)
        errors = run_python(code, str(filled)).communicate()[1]
        assert "IndexLocked" in errors
        assert index.count() == 50
    assert run_python(code, str(filled)).communicate()[1] == ""


def test_a_damaged_manifest(filled: Path) -> None:
    manifest = json.loads((filled / "index.json").read_text())
    for document in (
        [],
        {},
        {"width": 16},
        {**manifest, "width": "16"},
        {**manifest, "files": []},
        {**manifest, "x": 1},
    ):
        (filled / "index.json").write_text(json.dumps(document))
        with pytest.raises(IndexDamaged, match=r"index\.json is damaged"):
            open_index(filled)
    for text in ("", "{"):
        (filled / "index.json").write_text(text)
        with pytest.raises(IndexDamaged, match=r"index\.json is damaged"):
            open_index(filled)


def test_a_lost_manifest_does_not_lose_the_products(filled: Path) -> None:
    manifest = (filled / "index.json").read_bytes()
    (filled / "index.json").unlink()
    with pytest.raises(IndexDamaged, match=r"index\.json of the index is missing"):
        open_index(filled, WIDTH)
    (filled / "index.json").write_bytes(manifest)
    with open_index(filled) as index:
        assert index.count() == 50


def test_a_manifest_of_a_later_version(filled: Path) -> None:
    manifest = json.loads((filled / "index.json").read_text())
    (filled / "index.json").write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(IndexMismatch, match="has format 2; this version of Shelflens reads 1"):
        open_index(filled)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["delete", "shorten"])
def test_a_damaged_file_is_noticed_or_does_no_harm(filled: Path, quick_path: Path, action: str) -> None:
    all_ids = [one.id for one in PRODUCTS[:50]]
    with open_index(filled) as index:
        found = index.search(IndexQuery(embedding=embedding(1), keywords="shoe", limit=50))
        expected = [match.stored.id for match in found]
    [shard] = shards(filled)
    names = [path.relative_to(filled) for path in (shard / "segments").rglob("*") if path.is_file()]
    noticed = 0
    for name in names:
        damaged = quick_path / "damaged"
        copy_shard(filled, damaged)
        if action == "delete":
            (damaged / name).unlink()
        else:
            os.truncate(damaged / name, (damaged / name).stat().st_size // 2)
        try:
            with open_index(damaged) as index:
                assert all(same(stored, one) for stored, one in zip(index.get(all_ids), PRODUCTS, strict=False)), name
                found = index.search(IndexQuery(embedding=embedding(1), keywords="shoe", limit=50))
                assert [match.stored.id for match in found] == expected, name
                assert index.count(OneOf("decision", ("auto", "review", "abstain"))) == 50, name
        except IndexDamaged:
            noticed += 1
        shutil.rmtree(damaged)
    assert noticed > 15


@pytest.mark.parametrize("name", ["segment.json", "version.info", "vectors/status.dat", "mutable_id_tracker.mappings"])
def test_a_lost_file(filled: Path, name: str) -> None:
    next(shards(filled)[0].rglob(name)).unlink()
    with pytest.raises(IndexDamaged, match="missing or damaged"):
        open_index(filled)


def test_a_lost_shard(filled: Path) -> None:
    shutil.rmtree(shards(filled)[0])
    with pytest.raises(IndexDamaged, match="missing or damaged"):
        open_index(filled)


def test_the_folder_is_removed_under_a_running_index(filled: Path) -> None:
    index = open_index(filled)
    shutil.rmtree(filled)
    for act in (index.count, lambda: index.upsert(PRODUCTS[:1]), index.flush, index.close):
        with pytest.raises(IndexDamaged, match="folder of the index was removed"):
            act()


def test_a_full_disk(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(filled) as index:
        with monkeypatch.context() as patch:
            patch.setattr("catalog.index.edge.folder.RESERVE_BYTES", 2**62)
            with pytest.raises(DiskFull, match="The disk is full"):
                index.upsert(PRODUCTS[50:60])
            with pytest.raises(DiskFull, match="The disk is full"):
                open_index(filled.with_name("another"), WIDTH)
            assert index.count() == 50
            assert index.search(IndexQuery(embedding=embedding(1)))
        index.upsert(PRODUCTS[50:60])
        assert index.count() == 60
    open_index(filled.with_name("another"), WIDTH).close()


@pytest.mark.slow
def test_a_disk_that_fills_up_loses_nothing(small_disk: Path) -> None:
    stored = 0
    with ProductIndex(EdgeBackend.open(small_disk / "index", 256)) as index:
        vectors = np.eye(256, dtype=np.float32)

        def fill() -> None:
            nonlocal stored
            for position in range(100_000):
                text = f"{position} " + "x" * 8000
                index.upsert([stored_product(id=str(position), title=text, vector=vectors[position % 256])])
                stored += 1

        with pytest.raises(DiskFull, match="The disk is full"):
            fill()
        assert index.count() == stored > 100
        with pytest.raises(DiskFull, match="The disk is full"):
            index.erase(["0"])
        assert index.count() == stored - (index.get(["0"]) == [None])
    with open_index(small_disk / "index") as index:
        assert index.get([str(stored - 1)]) != [None]


def bytes_on_disk(path: Path) -> dict[Path, bytes]:
    """What every file holds, but for its holes, which are most of it."""
    return {file: b"".join(written_parts(file)) for file in path.rglob("*") if file.is_file()}


def written_parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        end, size = 0, path.stat().st_size
        while end < size:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:
                return
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield os.pread(file.fileno(), end - start, start)


@pytest.mark.parametrize("build_from", [40, 10_000])
def test_nothing_of_an_erased_product_is_left_on_disk(quick_path: Path, build_from: int) -> None:
    secret = stored_product(id="secret", title="Unrepeatable Zeppelin", vector=embedding(1234), brand="Zanzibar")
    first = replace(secret, product=replace(secret.product, title="Earlier Xylophone"))
    traces = [
        b"Unrepeatable Zeppelin",
        b"Earlier Xylophone",
        b"Zanzibar",
        b"secret",
        secret.understanding.embedding.tobytes(),
    ]
    index = small_index(quick_path / "index", build_from)
    index.upsert([first, *PRODUCTS[:50]])
    assert index.wait_until_indexed(30)
    index.upsert([secret])
    index.update_offers([Offer(replace(secret.product, price=1.0), secret.hashes)])
    index.flush()
    before = bytes_on_disk(quick_path / "index")
    assert all(any(trace in content for content in before.values()) for trace in traces)
    assert index.erase(["secret", "unknown"]) == 1
    after = bytes_on_disk(quick_path / "index")
    assert [file for file, content in after.items() for trace in traces if trace in content] == []
    assert index.count() == 50
    assert len(shards(quick_path / "index")) == 1
    assert {m.stored.id for m in index.search(IndexQuery(embedding=embedding(3), limit=50))} == {
        one.id for one in PRODUCTS[:50]
    }
    index.close()
    with open_index(quick_path / "index") as index:
        assert all(same(index.get([one.id])[0], one) for one in PRODUCTS[:50])
    assert not any(trace in content for content in bytes_on_disk(quick_path / "index").values() for trace in traces)


def test_vectors_are_indexed_in_the_background(quick_path: Path) -> None:
    with small_index(quick_path / "index") as index:
        index.upsert(PRODUCTS[:500])
        query = IndexQuery(embedding=embedding(1), limit=20)
        exact = [match.stored.id for match in index.search(query)]
        assert index.wait_until_indexed(60)
        assert index.indexed == 1
        assert parts(quick_path / "index")
        assert [match.stored.id for match in index.search(query)] == exact
        index.upsert(PRODUCTS[500:600])
        assert index.indexed == pytest.approx(5 / 6)
        assert (index.count(), index.wait_until_indexed(0)) == (600, True)
    assert len(shards(quick_path / "index")) == 1
    with open_index(quick_path / "index") as index:
        assert index.indexed == pytest.approx(5 / 6)
        assert all(same(index.get([one.id])[0], one) for one in PRODUCTS[::50])


def parts(path: Path) -> list[Path]:
    """The parts of the shard that have a graph."""
    return [graph.parents[1] for graph in shards(path)[0].glob("segments/*/vector_index-embedding/graph.bin")]


@pytest.mark.slow
def test_a_large_load_is_built_in_parts(quick_path: Path) -> None:
    """While it goes on, and when it is rewritten. A part of full size stays as it is, until much of it is gone."""
    store = EdgeBackend.open(quick_path / "index", WIDTH, build_from=40, segment=100)
    query = IndexQuery(embedding=embedding(1), keywords="red shoe", limit=20)
    with ProductIndex(store) as index:
        index.upsert(PRODUCTS[:120])
        assert index.wait_until_indexed(60)
        [first] = parts(quick_path / "index")
        index.upsert(PRODUCTS[120:190])
        exact = [match.stored.id for match in index.search(query)]
        assert index.wait_until_indexed(60)
        assert index.indexed == 1
        names = {part.name for part in parts(quick_path / "index")}
        assert first.name in names
        assert len(names) > 1
        assert [match.stored.id for match in index.search(query)] == exact
        index.delete([one.id for one in PRODUCTS[:40]])
        index.upsert(PRODUCTS[190:350])  # so many that they are no longer mapped as a whole
        assert index.wait_until_indexed(60)
        assert first.name not in {part.name for part in parts(quick_path / "index")}
        assert not any(b"in_ram_mmap" in (part / "segment.json").read_bytes() for part in parts(quick_path / "index"))
        assert index.erase([PRODUCTS[40].id]) == 1
        assert len(parts(quick_path / "index")) > 1
        kept = index.get([one.id for one in PRODUCTS[:350]])
        assert kept[:41] == [None] * 41
        assert all(same(stored, one) for stored, one in zip(kept[41:], PRODUCTS[41:350], strict=True))


def test_an_index_built_by_an_earlier_release_gets_coarse_vectors_with_its_next_build(quick_path: Path) -> None:
    with small_index(quick_path / "index", 10_000) as index:
        index.upsert(PRODUCTS[:300])
    [shard] = shards(quick_path / "index")
    config = edge.EdgeConfig(
        vectors={"embedding": edge.EdgeVectorParams(size=WIDTH, distance=edge.Distance.Dot)},
        sparse_vectors={"keywords": edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=1),
    )
    old = edge.EdgeShard.load(str(shard), config)
    assert old.optimize()
    old.close()
    manifest = json.loads((quick_path / "index" / "index.json").read_text())
    (quick_path / "index" / "index.json").write_text(json.dumps({**manifest, "unbuilt": 0, "files": {}}))
    coarse = "segments/*/vector_storage-embedding/quantized.data"
    with small_index(quick_path / "index", 100) as index:
        query = IndexQuery(embedding=embedding(1), limit=20)
        found = [match.stored.id for match in index.search(query)]
        assert not list(shards(quick_path / "index")[0].glob(coarse))
        index.upsert(PRODUCTS[300:400])
        assert index.wait_until_indexed(60)
        assert len(list(shards(quick_path / "index")[0].glob(coarse))) == len(parts(quick_path / "index"))
        first = {one.id for one in PRODUCTS[:300]}
        assert [m.stored.id for m in index.search(query) if m.stored.id in first][:5] == found[:5]
        assert index.count() == 400
    vectors = next(shards(quick_path / "index")[0].glob(coarse))
    os.truncate(vectors, vectors.stat().st_size // 2)
    with pytest.raises(IndexDamaged, match=r"missing or damaged: .*quantized\.data"):
        open_index(quick_path / "index")


def test_what_is_written_during_a_build_is_kept(quick_path: Path) -> None:
    """Writers and searchers go on, and the rebuilt shard has every write in the end."""
    with small_index(quick_path / "index") as index:
        index.upsert(PRODUCTS[:400])
        finished = threading.Event()
        answers: list[int] = []

        def search() -> None:
            while not finished.is_set():
                answers.append(len(index.search(IndexQuery(embedding=embedding(len(answers))))))

        def write() -> None:
            for start in range(400, 600, 10):
                index.upsert(PRODUCTS[start : start + 10])
                index.delete([PRODUCTS[start - 400].id])
                index.update_offers([Offer(replace(PRODUCTS[1].product, brand=f"b{start}"), PRODUCTS[1].hashes)])
            finished.set()

        threads = [threading.Thread(target=work) for work in (search, write)]
        for thread in threads:
            thread.start()
        assert index.wait_until_indexed(60)
        for thread in threads:
            thread.join()
        assert index.wait_until_indexed(60)
        deleted = {PRODUCTS[start - 400].id for start in range(400, 600, 10)}
        assert index.count() == 600 - len(deleted)
        found = index.get([one.id for one in PRODUCTS])
        for one, stored in zip(PRODUCTS, found, strict=True):
            assert (stored is None) == (one.id in deleted)
            if stored is not None and one.id != PRODUCTS[1].id:
                assert same(stored, one)
        assert index.count(OneOf("brand", ("b590",))) == 1
        assert set(answers) == {10}


def test_closing_stops_a_build(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = quick_path / "endless.py"
    endless.write_text("import time; time.sleep(600)")
    monkeypatch.setattr("catalog.index.edge.optimizer.BUILDER", endless)
    index = small_index(quick_path / "index")
    index.upsert(PRODUCTS[:300])
    assert not index.wait_until_indexed(0.5)
    index.upsert(PRODUCTS[300:400])
    started = time.monotonic()
    index.close()
    assert time.monotonic() - started < 5
    assert len(shards(quick_path / "index")) == 1
    with open_index(quick_path / "index") as index:
        assert (index.count(), index.indexed) == (400, 0)


def test_a_failed_build_leaves_the_index_as_it_was(quick_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = quick_path / "failing.py"
    failing.write_text("raise SystemExit(3)")
    monkeypatch.setattr("catalog.index.edge.optimizer.BUILDER", failing)
    with small_index(quick_path / "index") as index:
        index.upsert(PRODUCTS[:300])
        assert not index.wait_until_indexed(30)
        with pytest.raises(IndexFailed, match="could not be rebuilt"):
            index.erase(["p1"])
        index.upsert(PRODUCTS[300:301])
        assert (index.count(), index.get(["p1"])) == (300, [None])
        assert len(shards(quick_path / "index")) == 1
        monkeypatch.undo()
        assert index.wait_until_indexed(60)
        assert index.indexed == 1


def test_leftovers_of_a_killed_build_are_swept(filled: Path) -> None:
    copy_shard(shards(filled)[0], filled / "shard-000002")
    (filled / "index.json.partial").write_text("{")
    with open_index(filled) as index:
        assert index.count() == 50
        assert len(shards(filled)) == 1


def test_a_creation_that_was_cut_short_is_begun_again(quick_path: Path) -> None:
    path = quick_path / "index"
    folder = IndexFolder.open(path, WIDTH, create=True)
    (folder.new_shard() / "half").write_text("made")
    folder.close()
    with open_index(path, WIDTH) as index:
        index.upsert(PRODUCTS[:1])
    with open_index(path) as index:
        assert index.count() == 1
    (path / "index.json").unlink()
    shutil.rmtree(shards(path)[0])
    (path / "index.json.partial").write_text("")
    with open_index(path, WIDTH) as index:  # killed before the first index.json
        assert index.count() == 0


def test_a_copied_shard_keeps_its_holes(quick_path: Path) -> None:
    source = quick_path / "source"
    source.mkdir()
    with (source / "sparse").open("wb") as file:
        file.write(b"start")
        file.seek(2**20)
        file.write(b"middle")
        file.truncate(2**22)
    (source / "empty").touch()
    with (source / "hole").open("wb") as file:
        file.truncate(2**20)
    copy_shard(source, quick_path / "target")
    for path in source.iterdir():
        assert (quick_path / "target" / path.name).read_bytes() == path.read_bytes()
    assert used_bytes(quick_path / "target") < 2**17


WRITER = """
import sys
from catalog.index import ProductIndex
from catalog.index.edge.backend import EdgeBackend
from pathlib import Path
from tests.support.stored import WIDTH, random_products
index = ProductIndex(EdgeBackend.open(Path(sys.argv[1]), WIDTH, build_from=150))
products = random_products(3000, seed=9)
print("open", flush=True)
start = int(sys.argv[2])
for position in range(start, 3000, 5):
    index.upsert(products[position:position + 5])
    print(position + 5, flush=True)
"""


@pytest.mark.slow
def test_killed_writers_lose_nothing_they_acknowledged(tmp_path: Path) -> None:
    """Also while a build of the approximate index is under way, and while the index is being made."""
    products = random_products(3000, seed=9)
    acknowledged = 0
    random = np.random.default_rng(0)
    for trial in range(12):
        writer = run_python(WRITER, str(tmp_path / "index"), str(acknowledged))
        assert writer.stdout is not None
        if trial >= 3:
            assert writer.stdout.readline() == "open\n"
        time.sleep(float(random.uniform(0.1, 1.5)))
        writer.send_signal(signal.SIGKILL)
        numbers = [int(line) for line in writer.communicate()[0].split() if line.isdigit()]
        acknowledged = max(numbers, default=acknowledged)
        with small_index(tmp_path / "index", 150) as index:
            assert index.count() >= acknowledged
            found = index.get([one.id for one in products[:acknowledged]])
            assert all(same(stored, one) for stored, one in zip(found, products, strict=False))
            assert len(shards(tmp_path / "index")) == 1
    assert acknowledged > 0


@pytest.mark.slow
def test_a_builder_dies_with_its_index(tmp_path: Path) -> None:
    code = WRITER.replace("[position:position + 5]", "[:2000]").replace("150", "100")
    writer = run_python(code, str(tmp_path / "index"), "0")
    time.sleep(3)
    writer.kill()
    writer.communicate()
    time.sleep(0.5)
    running = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout
    assert running == ""


def test_a_record_that_the_engine_cannot_read_does_not_keep_another_from_being_erased(
    filled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_index(filled) as index:
        index.upsert([stored_product("hurt", title="Zyvolan shirt")])
    for path in filled.rglob("payload_storage/*"):
        if path.is_file() and b"Zyvolan" in (data := path.read_bytes()):
            path.write_bytes(data.replace(b"Zyvolan", b"\xff" * 7))  # no UTF-8
    with open_index(filled) as index:
        assert index.stored(["hurt"]) == [True]
        assert index.hashes(["hurt"]) == [None], "so that an ingest stores it anew"
        assert {stored.id for chunk in index.scan() for stored in chunk} == {stored.id for stored in PRODUCTS[:50]}
        assert index.erase([PRODUCTS[0].id]) == 1
        assert "without 1 damaged products" in caplog.text
        assert index.stored([PRODUCTS[0].id, "hurt", PRODUCTS[1].id]) == [False, False, True]
        assert index.count() == 49


LOST = {
    "removed": lambda log: shutil.rmtree(log),
    "entries": lambda log: [
        file.write_bytes(file.read_bytes().replace(b"version", b"versoin")) for file in log.glob("open-*")
    ],
}


@pytest.mark.parametrize("lost", LOST)
def test_after_the_engines_log_was_damaged_everything_is_written(
    filled: Path, lost: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine would take as many writes as the log has lost for repetitions."""
    LOST[lost](shards(filled)[0] / "wal")
    with open_index(filled) as index:
        index.upsert([replace(stored_product("p1"), added_at=1.0), stored_product("new")])
        index.update_offers([Offer(replace(PRODUCTS[2].product, price=7.0), PRODUCTS[2].hashes)])
        assert index.delete(["p3"]) == 1
    assert [vars(record)["fields"]["file"] for record in caplog.records] == [f"{shards(filled)[0].name}/wal"]
    with open_index(filled) as index:
        changed, new, offer, gone, other = index.get(["p1", "new", "p2", "p3", "p4"])
        assert same(changed, stored_product("p1"))
        assert same(new, stored_product("new"))
        assert offer is not None
        assert offer.product.price == 7.0
        assert gone is None
        assert same(other, PRODUCTS[4])


@pytest.mark.slow
def test_what_is_written_during_a_build_is_kept_though_the_log_was_damaged(quick_path: Path) -> None:
    with small_index(quick_path / "index") as index:
        index.upsert(PRODUCTS[:199])
    shutil.rmtree(shards(quick_path / "index")[0] / "wal")
    with small_index(quick_path / "index") as index:
        erasing = threading.Thread(target=index.erase, args=(["p0"],))
        erasing.start()
        written = 0
        while erasing.is_alive():
            index.upsert([stored_product("p1", title=f"written {(written := written + 1)}")])
        erasing.join()
        [stored] = index.get(["p1"])
        assert stored is not None
        assert stored.product.title == f"written {written}"


def test_a_write_that_the_engine_does_not_carry_out_is_an_error(filled: Path) -> None:
    """Here because the numbers of writes that it has beside the points are damaged."""
    [numbers] = shards(filled)[0].glob("segments/*/*id_tracker.versions")
    numbers.write_bytes(np.full(50, 2**40).tobytes())
    with open_index(filled) as index:
        for write in (
            lambda: index.upsert([stored_product("p1")]),
            lambda: index.update_offers([Offer(replace(PRODUCTS[2].product, price=7.0), PRODUCTS[2].hashes)]),
            lambda: index.delete(["p3"]),
        ):
            with pytest.raises(IndexDamaged, match="lost a write"):
                write()
        index.upsert([stored_product("new")])
