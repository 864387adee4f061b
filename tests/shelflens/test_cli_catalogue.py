"""The verbs of a whole catalogue, as a user types them, with a tiny model."""

import csv
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from catalog.index.product_index import open_index
from catalog.quality.audit import History
from catalog.quality.finding import Finding
from serving.storage.thumbnails import ThumbnailStore
from shelflens.cli import app
from tests.support import postgres
from tests.support.catalogue import COLOURS, KINDS, draw_product
from tests.support.tiny import tiny_onnx_folder

ROOT = Path(__file__).parents[2]
FOREIGN = ("Traceback", "qdrant", "pyarrow", "sqlite", "torch", "Errno", "site-packages")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("cli-catalogue") / "model")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a feed of twelve products, which the commands run in."""
    (tmp_path / "images").mkdir()
    rows = [["sku", "name", "image", "price", "colour"]]
    for kind in KINDS:
        for colour in COLOURS:
            draw_product(kind, colour).save(tmp_path / "images" / f"{kind}-{colour}.png")
            rows.append([f"{kind}-{colour}", f"{colour} {kind}", f"images/{kind}-{colour}.png", "9.90 EUR", colour])
    with (tmp_path / "feed.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert not [word for word in FOREIGN if word in result.output], result.output
    return result


def ingest(model: Path, *arguments: object) -> Result:
    return run("ingest", "--model", model, *arguments)


def report(result: Result) -> Any:
    return json.loads(result.stdout)


def kept_images(ids: list[str]) -> dict[str, int]:
    with closing(ThumbnailStore(Path("shelflens-index/pictures.sqlite"))) as thumbnail_store:
        return thumbnail_store.counts(ids)


def test_an_ingest_keeps_thumbnails_where_the_service_looks_for_them(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv")
    assert kept_images(["Pear-blue", "Shoe-red"]) == {"Pear-blue": 1, "Shoe-red": 1}
    draw_product("Apple", "red").save(shop / "images" / "Pear-blue.png")
    with closing(ThumbnailStore(Path("shelflens-index/pictures.sqlite"))) as thumbnail_store:
        [before] = thumbnail_store.get("Pear-blue")
    ingest(model, "feed.csv")
    with closing(ThumbnailStore(Path("shelflens-index/pictures.sqlite"))) as thumbnail_store:
        [after] = thumbnail_store.get("Pear-blue")
    assert before != after
    run("index", "delete", "Pear-blue")
    assert kept_images(["Pear-blue", "Shoe-red"]) == {"Shoe-red": 1}


def test_an_ingest_can_do_without_thumbnails(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv", "--no-thumbnails")
    assert not Path("shelflens-index/pictures.sqlite").exists()


@pytest.mark.slow
def test_what_belongs_to_an_index_can_be_in_a_database(shop: Path, model: Path) -> None:
    place = postgres.location()
    ingest(model, "feed.csv", "--state", place)
    run("audit", "--state", place)
    with (
        postgres.state(place) as database,
        closing(ThumbnailStore(database)) as images,
        closing(History(database)) as history,
    ):
        assert images.counts(["Pear-blue", "Shoe-red"]) == {"Pear-blue": 1, "Shoe-red": 1}
        assert [one.products for one in history.runs()] == [12]
        run("index", "delete", "Pear-blue", "--erase", "--state", place)
        assert images.counts(["Pear-blue", "Shoe-red"]) == {"Shoe-red": 1}
    assert not [name for name in ("pictures.sqlite", "audits.sqlite") if Path("shelflens-index", name).exists()]


def test_a_feed_is_ingested_searched_exported_and_copied(shop: Path, model: Path) -> None:
    stored = report(ingest(model, "feed.csv", "--json"))
    assert (stored["state"], stored["outcomes"], stored["stored"]) == ("complete", {"added": 12}, 12)

    image = ("--image", "images/Pear-blue.png", "--text", "blue Pear")
    filters = ("--filter", '{"attributes": {"colour": ["blue", "green"]}}', "--facet", "colour")
    found = report(run("search", "--model", model, *image, *filters, "--limit", "3", "--json"))
    assert found["results"][0]["id"] == "Pear-blue"
    assert found["results"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert found["facets"] == {"colour": [{"value": "blue", "count": 4}, {"value": "green", "count": 4}]}

    why = ("--why", "--index", "shelflens-index", "--model", model)
    told = run("search", "--text", "blue Pear", "--no-floor", *why).stdout
    assert "Pear-blue: vectors: place" in " ".join(told.split())
    assert "matched: blue, Pear" in " ".join(told.split())
    [result] = report(run("understand", "images/Pear-blue.png", "--title", "blue Pear", *why, "--json"))["results"]
    assert [word["word"] for word in result["evidence"]["words"]] == ["blue", "Pear"]
    assert result["evidence"]["heat_map"]
    told = run("understand", "images/Pear-blue.png", "--title", "blue Pear", *why).stdout
    assert "What speaks for" in told
    assert "first image" in told

    for suffix in ("parquet", "csv", "jsonl"):
        assert run("export", "--index", "shelflens-index", "--output", f"out.{suffix}").exit_code == 0
    assert pq.read_metadata("out.parquet").num_rows == 12
    lines = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    with open("out.csv", newline="", encoding="utf-8") as file:
        sheet = list(csv.DictReader(file))
    assert {line["id"] for line in lines} == {line["id"] for line in sheet} == {line["id"] for line in lines}
    assert len(lines[0]["embedding"]) == 32
    assert "embedding" not in sheet[0]

    assert "12 products are in copy" in run("index", "copy", "shelflens-index", "copy").stdout
    assert "12 products are in loaded" in run("index", "load", "out.parquet", "--index", "loaded").stdout
    assert "A CSV export cannot be loaded" in run("index", "load", "out.csv", "--index", "sheet").stderr
    assert "12 products are in lines" in run("index", "load", "out.jsonl", "--index", "lines").stdout
    with open_index("shelflens-index") as index, open_index("copy") as copy, open_index("loaded") as loaded:
        [one], [two], [three] = (opened.get(["Shoe-red"]) for opened in (index, copy, loaded))
        assert one is not None
        assert one.product == two.product == three.product  # type: ignore[union-attr]
        assert one.understanding.category == three.understanding.category  # type: ignore[union-attr]
        assert (one.understanding.embedding == three.understanding.embedding).all()  # type: ignore[union-attr]

    assert "1 of 2 were stored and are gone" in run("index", "delete", "Shoe-red", "nobody", "--erase").stdout
    assert run("index", "count").stdout == "11\n"


def test_cells_that_a_sheet_would_run_are_exported_as_text(shop: Path, model: Path) -> None:
    Path("feed.csv").write_text('id,title\n1,=cmd()\n2,"+1 shirt, blue"\n', encoding="utf-8")
    assert ingest(model, "feed.csv").exit_code == 0
    run("export", "--index", "shelflens-index", "--output", "out.csv")
    with open("out.csv", newline="", encoding="utf-8") as file:
        assert {row["title"] for row in csv.DictReader(file)} == {"'=cmd()", "'+1 shirt, blue"}


def test_embeddings_are_a_choice_and_numbers_stay_numbers(shop: Path, model: Path) -> None:
    assert ingest(model, "feed.csv").exit_code == 0
    assert run("export", "--embeddings", "--output", "out.csv").exit_code == 0
    assert run("export", "--no-embeddings", "--output", "out.jsonl").exit_code == 0
    assert run("export", "--no-embeddings", "--output", "out.parquet").exit_code == 0
    with open("out.csv", newline="", encoding="utf-8") as file:
        sheet = list(csv.DictReader(file))
    with open_index("shelflens-index") as index:
        for row in sheet:
            [stored] = index.get([row["id"]])
            assert stored is not None
            numbers = [float(number) for number in row["embedding"].split()]
            assert numbers == pytest.approx(stored.understanding.embedding.tolist(), rel=1e-5)
            assert float(row["price"]) == 9.9
    assert any(row["embedding"].startswith("-") for row in sheet)
    assert "embedding" not in json.loads(Path("out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    refused = run("index", "load", "out.parquet", "--index", "loaded")
    assert (refused.exit_code, "was exported without embeddings" in refused.stderr) == (2, True)


def test_exit_code_and_dead_letters_tell_what_failed(shop: Path, model: Path) -> None:
    feed = Path("feed.csv")
    feed.write_text(feed.read_text(encoding="utf-8").replace("images/Shoe-red", "images/lost"), encoding="utf-8")
    result = ingest(model, "feed.csv", "--strict")
    assert result.exit_code == 1
    assert "11 added, 1 failed" in result.stdout
    assert "failures: image_not_found 1" in result.stdout
    [letter] = [json.loads(line) for line in Path("feed.csv.failed.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (letter["line"], letter["code"], letter["row"]["sku"]) == (5, "image_not_found", "Shoe-red")

    letter["row"]["image"] = "images/Shoe-red.png"
    Path("mended.jsonl").write_text(json.dumps(letter) + "\n", encoding="utf-8")
    assert report(ingest(model, "mended.jsonl", "--json"))["stored"] == 12

    feed.write_text("sku,image\n1,lost.png\n", encoding="utf-8")
    assert ingest(model, "feed.csv").exit_code == 2


def test_a_dry_run_says_what_would_fail_and_leaves_nothing_behind(shop: Path, model: Path) -> None:
    feed = Path("feed.csv")
    feed.write_text(feed.read_text(encoding="utf-8") + "Shirt-red,twice,,,\n", encoding="utf-8")
    result = ingest(model, "feed.csv", "--dry-run")
    assert result.exit_code == 1
    assert "13 rows (12 added, 1 failed)" in result.stdout
    assert "line 14: An earlier row of the feed has the same id. [row_id_duplicate]" in result.stdout
    assert not Path("shelflens-index").exists()


WRONG = {
    "no such feed": (("ingest", "nothing.csv"), "file_not_readable"),
    "an empty feed": (("ingest", "empty.csv"), "feed_empty"),
    "a column that is not there": (("ingest", "feed.csv", "--map", "title=nmae"), 'feed_columns_invalid'),
    "a mapping that is none": (("ingest", "feed.csv", "--map", "title"), "feed_columns_invalid"),
    "no index": (("search", "--text", "shoe", "--index", "nowhere"), "index_not_found"),
    "an index that is something else": (("search", "--text", "shoe", "--index", "images"), "index_not_found"),
    "nothing to search by": (("search",), "search_empty"),
    "a filter that is not JSON": (("search", "--text", "x", "--filter", "{category"), "filter_invalid"),
    "a filter by an unknown field": (("search", "--text", "x", "--filter", '{"weight": 3}'), "filter_invalid"),
    "an image that is none": (("search", "--image", "feed.csv"), "image_format_unsupported"),
    "an export of an unknown kind": (("export", "--index", "full", "--output", "out.xls"), "feed_format_unsupported"),
    "an export of nothing": (("export", "--output", "out.csv"), "index_not_found"),
    "a load of what is no export": (("index", "load", "feed.csv"), "feed_format_unsupported"),
    "a server that is not there": (("index", "count", "--index", "qdrant://127.0.0.1:9/none"), "index_unavailable"),
}  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "full"
    open_index(folder, 32).close()
    return folder


@pytest.mark.parametrize(("arguments", "code"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_one_line_with_a_code(
    shop: Path, model: Path, full: Path, arguments: tuple[str, ...], code: str
) -> None:
    Path("empty.csv").touch()
    place = ("--index", str(full)) if arguments[0] == "search" and "--index" not in arguments else ()
    chosen = ("--model", str(model)) if arguments[0] in ("search", "ingest") else ()
    given = [str(full) if argument == "full" else argument for argument in arguments]
    result = run(*given, *place, *chosen)
    assert result.exit_code == 2
    assert f"[{code}]" in result.output
    assert result.output.strip().count("\n") == 0


def test_a_second_owner_of_an_index_is_told_so(shop: Path, model: Path) -> None:
    with open_index("mine", 32):
        command = [sys.executable, "-m", "shelflens", "index", "count", "--index", str(shop / "mine")]
        second = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert second.returncode == 2
    assert "Another process has the index 'mine' open" in second.stderr


def test_a_bad_image_is_a_warning_in_the_report_and_in_a_file(shop: Path, model: Path) -> None:
    (shop / "images" / "Pear-blue.png").unlink()
    found = report(ingest(model, "feed.csv", "--dry-run", "--json"))
    assert (found["outcomes"], found["warnings"]) == ({"added": 12}, {"image_not_found": 1})
    assert [row["id"] for row in found["warned_rows"]] == ["Pear-blue"]
    shown = ingest(model, "feed.csv")
    assert shown.exit_code == 0
    assert "warnings: image_not_found 1" in shown.stdout
    assert "What products were stored without: feed.csv.warnings.jsonl." in shown.stdout
    [line] = Path("feed.csv.warnings.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["reason"].startswith('"images/Pear-blue.png": The image file does not exist')
    strict = ingest(model, "feed.csv", "--strict", "--index", "strict")
    assert strict.exit_code == 1
    assert "failures: image_not_found 1" in strict.stdout


def test_a_feed_replaces_what_it_no_longer_has(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv")
    lines = Path("feed.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    Path("feed.csv").write_text("".join(lines[:-2]), encoding="utf-8")
    assert report(ingest(model, "feed.csv", "--replace", "--dry-run", "--json"))["gone"] == 2
    shown = ingest(model, "feed.csv", "--replace")
    assert shown.exit_code == 0
    assert "2 products (16.7%) are no longer in the feed and are taken out." in shown.stderr
    assert "no longer in the feed: 2" in shown.stdout
    assert "10 products are in shelflens-index" in shown.stdout
    gone = [line.split(",")[0] for line in lines[-2:]]
    assert kept_images([*gone, "Shirt-red"]) == {"Shirt-red": 1}

    Path("feed.csv").write_text("".join(lines[:3]), encoding="utf-8")
    refused = ingest(model, "feed.csv", "--replace")
    assert refused.exit_code == 1
    assert "8 products, 80% of those that were stored; the limit is 30%. None was taken out. [replace_refused]" in (
        refused.stdout
    )
    taken = report(ingest(model, "feed.csv", "--replace", "--replace-up-to", "0.8", "--json"))
    assert (taken["gone"], taken["stored"]) == (8, 2)
    assert ingest(model, "feed.csv", "--replace", "--output", "out").exit_code != 0


def test_an_index_is_audited_and_what_was_accepted_is_a_patch_of_the_feed(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv")
    first = report(run("audit", "--output", "report.html", "--json"))
    assert first["products"] == 12
    assert "Catalogue health" in Path("report.html").read_text(encoding="utf-8")
    with closing(History(Path("shelflens-index/audits.sqlite"))) as history:
        found = history.page(code="variant")
        assert len(found) == first["findings"]["variant"]["open"] > 0
        history.judge(found[0].finding.id, "accepted")
    assert "1 accepted" in run("audit").stdout
    told = run("audit", "--patch", "patch.csv", "--feed", "feed.csv").stdout
    assert "is new to the feed" not in told
    with Path("patch.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"sku", "item_group_id"} == rows[0].keys()
    assert {row["sku"] for row in rows} == {found[0].finding.product, *found[0].finding.others}


def test_a_patch_says_what_is_not_in_it_and_what_is_new(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv")
    told = run("audit").stdout
    assert "[variant]" in told
    assert "--output report.html" in told
    fabric = Finding("attribute_missing", "shoe-red", 1.0, (), "Fabric", "", "Cotton")
    capitals = Finding("title_capitals", "shoe-red", 1.0, (), "title", "RED SHOE")
    with closing(History(Path("shelflens-index/audits.sqlite"))) as history:
        history.begin()
        history.stage([fabric, capitals])
        history.finish(12, {})
        history.judge(fabric.id, "accepted")
        history.judge(capitals.id, "accepted")
    told = run("audit", "--patch", "patch.csv", "--feed", "feed.csv").stdout
    assert "1 product is corrected" in told
    assert "no value is known: 1." in told
    assert "--map 'attributes.Fabric=Fabric'" in told


def test_a_whole_feed_is_corrected(shop: Path, model: Path) -> None:
    ingest(model, "feed.csv")
    run("audit")
    finding = Finding("title_and_field_differ", "Shirt-red", 1.0, (), "colour", "red", "blue")
    gone = Finding("attribute_missing", "gone", 1.0, (), "colour", "", "blue")
    with closing(History(Path("shelflens-index/audits.sqlite"))) as history:
        history.begin()
        history.stage([finding, gone])
        history.finish(12, {})
        history.judge(finding.id, "accepted")
        history.judge(gone.id, "accepted")
    told = run("audit", "--corrected", "new.csv", "--feed", "feed.csv").stdout
    assert "1 product is corrected in new.csv." in told
    assert "Not written: gone: no row of the feed" in told
    feed = Path("feed.csv").read_bytes()
    changed = feed.replace(b"images/Shirt-red.png,9.90 EUR,red", b"images/Shirt-red.png,9.90 EUR,blue")
    assert Path("new.csv").read_bytes() == changed != feed
    Path("other.csv").write_text("sku,name\n1,Shoe\n", encoding="utf-8")
    assert "[corrections_unplaced]" in run("audit", "--corrected", "new.csv", "--feed", "other.csv").output
    assert "[feed_columns_invalid]" in (
        run("audit", "--corrected", "new.csv", "--feed", "feed.csv", "--map", "id=ean").output
    )
    assert Path("new.csv").read_bytes() == changed


def test_an_audit_says_what_it_cannot_do(shop: Path, model: Path) -> None:
    assert "There is no index" in run("audit").output
    assert not Path("shelflens-index").exists()
    assert "No audit of this index" in run("audit", "--patch", "patch.csv").output
    ingest(model, "feed.csv")
    assert "[file_not_writable]" in run("audit", "--output", "feed.csv/report.html").output
    assert "give --patch" in run("audit", "--feed", "feed.csv").output
    assert "no report" in run("audit", "--patch", "patch.csv", "--output", "report.html").output
    assert "give one of them" in run("audit", "--patch", "patch.csv", "--corrected", "new.csv").output
    assert "name it with --feed" in run("audit", "--corrected", "new.csv").output
    assert "name it with --feed" in run("audit", "--patch", "patch.csv", "--map", "id=sku").output
    feed = Path("feed.csv").read_bytes()
    assert "name another file" in run("audit", "--patch", "./feed.csv", "--feed", "feed.csv").output
    assert "name another file" in run("audit", "--corrected", "./feed.csv", "--feed", "feed.csv").output
    assert Path("feed.csv").read_bytes() == feed
