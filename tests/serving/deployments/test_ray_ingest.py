"""Ingest on Ray: the command as a user types it, on a cluster of this machine alone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.index.exports import parquet_files, read_parquet
from catalog.index.product_index import open_index
from shelflens.cli import app
from tests.support.catalogue import COLOURS, KINDS, draw_product
from tests.support.tiny import tiny_onnx_folder

ROOT = Path(__file__).parents[3]
ROWS = 1_100  # five chunks


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bulk")
    tiny_onnx_folder(folder / "model")
    (folder / "images").mkdir()
    names = [f"{kind}-{colour}" for kind in KINDS for colour in COLOURS]
    for name in names:
        draw_product(*name.split("-")).save(folder / "images" / f"{name}.png")
    rows = [{"id": f"p{i}", "title": f"item {i}", "image": f"images/{names[i % 12]}.png"} for i in range(ROWS)]
    rows[3]["image"] = "images/missing.png"
    rows[700]["id"] = "p1"
    (folder / "feed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def command(folder: Path, *arguments: str) -> list[str]:
    options = ["--model", str(folder / "model"), "--ray", "local", "--actors", "2", "--output", "out", "--json"]
    return [sys.executable, "-m", "shelflens", "ingest", "feed.jsonl", *options, *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "RAY_AUTH_MODE": "disabled"}


@pytest.mark.slow
def test_a_killed_ingest_on_ray_goes_on_and_its_files_hold_every_product_once(folder: Path) -> None:
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command(folder), cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
        until = time.monotonic() + 240
        while not list((folder / "out").glob("*.parquet")):
            assert process.poll() is None, (folder / "stderr").read_text()
            assert time.monotonic() < until
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()

    again = subprocess.run(command(folder), cwd=folder, env=environment(), capture_output=True, text=True)
    assert again.returncode == 1, again.stderr
    report: dict[str, Any] = json.loads(again.stdout)
    assert report["state"] == "complete"
    assert report["outcomes"] == {"added": ROWS - 1, "failed": 1}
    assert report["failures"] == {"row_id_duplicate": 1}
    assert report["warnings"] == {"image_not_found": 1}
    ids = [stored.id for file in parquet_files(folder / "out") for batch in read_parquet(file) for stored in batch]
    assert sorted(ids) == sorted(f"p{i}" for i in range(ROWS) if i != 700)

    loaded = CliRunner().invoke(app, ["index", "load", str(folder / "out"), "--index", str(folder / "index")])
    assert loaded.exit_code == 0, loaded.output
    local = ["ingest", str(folder / "feed.jsonl"), "--model", str(folder / "model"), "--index", str(folder / "local")]
    dead_letter = ["--dead-letter", str(folder / "failed.jsonl")]
    assert CliRunner().invoke(app, [*local, *dead_letter]).exit_code == 1
    with open_index(folder / "index") as index, open_index(folder / "local") as other:
        assert index.count() == other.count() == ROWS - 1
        [ours], [theirs] = index.get(["p42"]), other.get(["p42"])
    assert ours is not None
    assert theirs is not None
    assert (ours.product, ours.hashes, ours.image_refs) == (theirs.product, theirs.hashes, theirs.image_refs)
    assert abs(ours.understanding.embedding - theirs.understanding.embedding).max() < 1e-5


def test_an_index_folder_cannot_be_filled_from_ray(folder: Path) -> None:
    result = CliRunner().invoke(app, ["ingest", str(folder / "feed.jsonl"), "--ray", "local", "--index", "here"])
    assert result.exit_code == 2
    assert "an index folder has one owner. [config_invalid]" in result.output
