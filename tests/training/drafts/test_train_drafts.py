"""`shelflens train-drafts`: a T5 and a GPT-2 learn to write descriptions, and what they invent is refused."""

import json
from itertools import product
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.errors import CheckpointInvalid, FeedDamaged, FileNotReadable, TooFewProducts
from catalog.index.product_index import open_index
from catalog.writing import Writer, open_writer
from shelflens.cli import app
from tests.support.interrupt import ctrl_c_in
from tests.support.stored import WIDTH, stored_product
from tests.support.tiny_writers import Kind, tiny_writer
from training.drafts.pairs import pairs_of, read_pairs, split, teachable
from training.drafts.tune import DraftTuning, overlap

COLOURS, THINGS, MATERIALS = ("red", "blue", "green"), ("shirt", "bag"), ("cotton", "leather")
SHIRTS = [
    {"facts": {"title": what, "colour": colour, "material": [stuff]}, "text": f"This {colour} {what} is {stuff}."}
    for colour, what, stuff in product(COLOURS, THINGS, MATERIALS)
]
# All words of the prompts, with the sign that ends each fact.
WORDS = f"title: colour: material: {' '.join(f'{word} {word};' for word in (*COLOURS, *THINGS, *MATERIALS))} silver new"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The last two say more than their facts, one of them in a sentence of its own."""
    invented: list[dict[str, object]] = [
        {"facts": {"title": "shirt", "colour": "silver"}, "text": "This silver shirt is new."},
        {"facts": {"title": "bag", "colour": "silver"}, "text": "This bag is silver. Buy it now!"},
    ]
    return written(tmp_path / "pairs.jsonl", [*SHIRTS, *invented])


def start(folder: Path, kind: Kind) -> Path:
    return tiny_writer(folder, kind, [WORDS, *(str(row["text"]) for row in SHIRTS)])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["t5", "gpt2"])
def test_a_tuned_model_writes_what_the_facts_say(
    data: Path, tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "writer"
    arguments = ("train-drafts", "--data", data, "--start", start(tmp_path / "start", kind), "--output", output)
    arguments = (*arguments, "--epochs", 120, "--learning-rate", 5e-3)
    with ctrl_c_in(monkeypatch, DraftTuning, step=2):
        assert run(*arguments).exit_code == 130
    assert not output.exists()
    told = run(*arguments)
    report = json.loads(told.stdout.splitlines()[0])
    assert report == json.loads((output / "report.json").read_text())
    assert (report["pairs"], report["held_out"]) == (13, 3)
    assert report["perplexity"] < report["perplexity_before"]
    assert not (tmp_path / "writer.run").exists()
    assert "'writer' already exists." in run(*arguments).stderr

    index = tmp_path / "index"
    shirt = stored_product("1", "shirt", decision="abstain", attributes={"colour": "red", "material": "cotton"})
    strange = stored_product("2", "green", decision="abstain", attributes={"colour": "new"})
    with open_index(index, WIDTH) as opened:
        opened.upsert([shirt, strange])
    drafted = run("draft", "1", "2", "--index", index, "--writer", output, "--json")
    first, second = (json.loads(line)["description"] for line in drafted.stdout.splitlines())
    assert first["text"] == "This red shirt is cotton."
    assert {"text": "cotton", "source": "attributes.material"} in first["spans"]
    assert second["text"] == "green. Colour: new."  # the template's
    assert "1 of 2 descriptions are the template's" in drafted.stderr


def test_what_teaches_nothing_is_said(data: Path, tmp_path: Path) -> None:
    assert len(teachable(read_pairs(data))) == 13
    learnt, held = split(teachable(read_pairs(data)), 0)
    assert (len(learnt), len(held)) == (10, 3)
    with pytest.raises(TooFewProducts, match=r"There are 0\."):
        teachable(read_pairs(written(tmp_path / "few.jsonl", [{"facts": {"title": "bag"}, "text": "Lovely."}])))
    with pytest.raises(FeedDamaged, match="Line 1 is no object"):
        list(read_pairs(written(tmp_path / "bad.jsonl", [{"facts": "bag", "text": "Lovely."}])))
    with pytest.raises(FileNotReadable, match=r"'none\.jsonl'"):
        list(read_pairs(tmp_path / "none.jsonl"))
    missing = run("train-drafts", "--data", data, "--start", tmp_path / "none", "--output", tmp_path / "new")
    assert "[checkpoint_invalid]" in missing.stderr
    assert "[config_invalid]" in run("train-drafts", "--start", "a", "--output", "b").stderr


def test_pairs_of_an_index_are_its_verified_facts_and_descriptions() -> None:
    products = [stored_product("1", "Red shirt", description="A red shirt. Buy it!"), stored_product("2", "Bag")]
    (pair,) = pairs_of(products)
    assert (pair.prompt, pair.text) == ("title: Red shirt; category: Shoe", "A red shirt. Buy it!")


def test_a_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    folder = start(tmp_path / "start", "gpt2")
    assert isinstance(open_writer(folder), Writer)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"eos_token": None}))
    with pytest.raises(CheckpointInvalid, match="no token that ends a text"):
        open_writer(folder)


def test_overlap_is_of_words_in_order() -> None:
    assert overlap("a red shirt", "a red shirt") == 1
    assert overlap("red shirt", "shirt red") == 0.5
    assert overlap("", "red") == 0
