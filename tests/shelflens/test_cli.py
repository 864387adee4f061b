"""The command line, as a user types it, with a tiny model."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.model.folder import open_model
from shelflens.cli import app
from tests.support.catalogue import write_catalogue, write_config
from tests.support.malformed.images import BadImage, bad_images, encode, plain
from tests.support.tiny import tiny_folder

VERBS = (
    "understand",
    "ingest",
    "search",
    "categories",
    "index",
    "export",
    "serve",
    "keys",
    "demo",
    "train",
    "evaluate",
    "contract",
    "compare",
    "weights",
    "tree",
)
# What would betray that a library's own words came through.
FOREIGN = ("Traceback", "torch", "PIL", "Pillow", "timm", "transformers", "numpy", "Errno", "site-packages", "Warning")
BAD = [image for image in bad_images() if image.code]
GOOD = [image for image in bad_images() if not image.code]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The catalogue with a tiny model in `start`, and the ten bad images in `bad`."""
    folder = tmp_path_factory.mktemp("cli")
    write_catalogue(folder)
    (folder / "bad").mkdir()
    for image in bad_images():
        (folder / "bad" / image.filename).write_bytes(image.data)
    return folder


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert not [word for word in FOREIGN if word in result.output], result.output
    return result


def understand(folder: Path, *arguments: object) -> Result:
    return run("understand", "--model", folder / "start", *arguments)


def flat(text: str) -> str:
    """Without the breaks and borders that a table puts into a sentence."""
    return " ".join(text.replace("│", " ").replace("┃", " ").split())


def test_one_image(folder: Path) -> None:
    result = understand(folder, folder / "data/shop/images/test-Apple-red-0.png")
    assert result.exit_code == 0
    assert "test-Apple-red-0.png" in result.stdout
    assert any(f"{upper} > " in result.stdout for upper in ("Clothes", "Food"))
    assert any(decision in result.stdout for decision in ("auto", "review", "abstain"))


def test_a_title_changes_the_answer(folder: Path) -> None:
    image = folder / "data/shop/images/test-Apple-red-0.png"
    alone, titled = understand(folder, image), understand(folder, image, "--title", "blue running shoe")
    assert titled.exit_code == 0
    assert titled.stdout != alone.stdout


def test_a_folder_is_all_its_images(folder: Path) -> None:
    (folder / "some" / "deeper").mkdir(parents=True)
    data = encode(plain("RGB", (9, 99, 9)), "PNG")
    for name in ("b.png", "a.PNG", "deeper/c.jpeg"):
        (folder / "some" / name).write_bytes(data)
    (folder / "some" / "notes.txt").write_text("not an image")
    result = understand(folder, folder / "some")
    assert result.exit_code == 0
    assert [name for name in ("a.PNG", "b.png", "c.jpeg", "notes.txt") if name in result.stdout] == [
        "a.PNG",
        "b.png",
        "c.jpeg",
    ]


def test_a_pattern_is_what_it_matches(folder: Path) -> None:
    result = understand(folder, folder / "data/shop/images/test-Pear-*.png")
    assert result.exit_code == 0
    assert result.stdout.count("test-Pear-") == 3
    assert "test-Apple" not in result.stdout


def test_several_images_of_one_product(folder: Path) -> None:
    images = sorted((folder / "data/shop/images").glob("test-Pear-*.png"))
    result = understand(folder, *images, "--one")
    assert result.exit_code == 0
    assert result.stdout.count("test-Pear-") == 1


@pytest.mark.parametrize("name", ["nothing.jpg", "nothing-*.jpg"])
def test_a_missing_file(folder: Path, name: str) -> None:
    result = understand(folder, folder / name)
    assert result.exit_code == 2
    assert "file_not_readable" in result.output
    assert "nothing" in result.output


def test_an_empty_folder(folder: Path, tmp_path: Path) -> None:
    result = understand(folder, tmp_path)
    assert result.exit_code == 2
    assert "No image was found" in result.output


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_image_is_explained(folder: Path, bad: BadImage) -> None:
    result = understand(folder, folder / "bad" / bad.filename)
    assert result.exit_code == 2
    assert bad.code is not None
    assert bad.code in result.output
    assert bad.filename in result.output
    assert "The " in flat(result.output)


@pytest.mark.parametrize("good", GOOD, ids=str)
def test_an_odd_image_is_understood(folder: Path, good: BadImage) -> None:
    result = understand(folder, folder / "bad" / good.filename)
    assert result.exit_code == 0
    assert good.filename in result.output


def test_a_bad_image_does_not_spoil_the_others(folder: Path) -> None:
    result = understand(folder, folder / "bad" / "empty.jpg", folder / "bad" / "deep.png", folder / "no.jpg")
    assert result.exit_code == 1
    assert "image_empty" in result.output
    assert "file_not_readable" in result.output
    assert "deep.png" in result.output


def test_too_many_images_of_one_product(folder: Path) -> None:
    result = understand(folder, *[folder / "bad" / "deep.png"] * 9, "--one")
    assert result.exit_code == 2
    assert "too_many_images" in result.output


def test_a_folder_without_a_model(folder: Path) -> None:
    result = run("understand", "--model", folder / "data", folder / "bad" / "deep.png")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: 'data' holds no readable sha256.json")
    assert result.stderr.endswith("[checkpoint_invalid]\n")
    assert result.stdout == ""


@pytest.mark.parametrize("device", ["abacus", "cuda:-1", ""])
def test_a_device_that_does_not_exist(folder: Path, device: str) -> None:
    result = understand(folder, folder / "bad" / "deep.png", "--device", device)
    assert result.exit_code == 2
    assert "[config_invalid]" in result.stderr


def test_json_in_the_shape_of_the_service(folder: Path) -> None:
    wire = pytest.importorskip("serving.api.schemas.analyze")
    if not hasattr(wire, "analysis"):
        pytest.skip("the service's answer has no writer for the command line")
    images = (folder / "bad" / "deep.png", folder / "bad" / "empty.jpg")
    result = understand(folder, *images, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    understood, failed = answer["results"]
    assert (understood["id"], failed["id"]) == tuple(str(image) for image in images)
    assert understood["error"] is None
    assert understood["category"]["path"][0] in ("Clothes", "Food")
    assert failed["error"]["code"] == "image_empty"
    assert answer["taxonomy_version"] == "tiny-1"


def evaluate(folder: Path, *arguments: object) -> Result:
    manifest = folder / "data/shop/products.jsonl"
    return run("evaluate", "--data", manifest, "--model", folder / "start", *arguments)


def test_evaluate_as_json(folder: Path) -> None:
    result = evaluate(folder, "--split", "test", "--modalities", "text", "--mask-labels", "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert (report["split"], report["modalities"], report["mask_labels"]) == ("test", "text", True)
    for group, name in (("category", "leaf_accuracy"), ("calibration", "ece")):
        assert 0 <= report[group][name] <= 1
    assert report["retrieval"] is None  # no image is read


def test_evaluate_as_a_table_and_into_a_folder(folder: Path, tmp_path: Path) -> None:
    result = evaluate(folder, "--output", tmp_path / "report")
    assert result.exit_code == 0
    assert "| category leaf accuracy |" in result.stdout
    assert (tmp_path / "report" / "report.md").read_text() in result.stdout


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("--data", "no/such.jsonl"), "file_not_readable"),
        (("--model", "no/such/model"), "checkpoint_invalid"),
    ],
)
def test_evaluate_without_what_it_needs(folder: Path, change: tuple[str, str], code: str) -> None:
    result = evaluate(folder, *change)
    assert result.exit_code == 2
    assert f"[{code}]" in result.stderr


def test_a_manifest_line_that_is_wrong(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_text('{"id": "1"}\n')
    result = evaluate(folder, "--data", tmp_path / "m.jsonl")
    assert result.exit_code == 2
    assert result.stderr == "error: Line 1 of 'm.jsonl' is not a product with an id and a split. [manifest_invalid]\n"


@pytest.mark.parametrize("verb", ["train", "compare"])
def test_a_configuration_that_is_wrong(folder: Path, verb: str) -> None:
    path = write_config(folder, "wrong", colour="red")
    result = run(verb, "--config", path, "--data-root", folder / "data")
    assert result.exit_code == 2
    assert result.stderr == "error: Unknown key in the file: colour. [config_invalid]\n"


@pytest.mark.slow
def test_train_then_export_then_understand(folder: Path) -> None:
    path = write_config(folder, "whole", max_steps=2)
    trained = run("train", "--config", path, "--data-root", folder / "data")
    assert trained.exit_code == 0
    assert json.loads(trained.stdout)["score"] >= 0
    exported = run("export", "--config", path, "--data-root", folder / "data", "--output", folder / "served")
    assert exported.exit_code == 0
    assert exported.stdout.startswith("wrote served, version ")
    image = folder / "data/shop/images/test-Apple-red-0.png"
    assert run("understand", "--model", folder / "served", image).exit_code == 0


@pytest.mark.slow
def test_graphs_for_a_model_folder_from_before(tmp_path: Path) -> None:
    model = tiny_folder(tmp_path / "model")
    exported = run("export", "--model", model, "--output", tmp_path / "faster")
    assert exported.exit_code == 0, exported.stderr
    assert open_model(tmp_path / "faster").exported
    assert f"version {open_model(model).version}," in exported.stdout
    again = run("export", "--model", model, "--output", tmp_path / "faster")
    assert again.exit_code == 2
    assert again.stderr.startswith("error: 'faster' already exists")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    result = run(verb, "--help")
    assert result.exit_code == 0
    assert result.stdout.count("\n") > 4


def test_the_verbs() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert [verb for verb in VERBS if f" {verb} " not in result.stdout] == []


def contract(folder: Path, *arguments: object) -> Result:
    manifests = ("--data", folder / "data/shop/products.jsonl", "--data", folder / "data/market/products.jsonl")
    return run("contract", *manifests, "--model", folder / "start", *arguments)


def test_a_contract_that_cannot_be_promised(folder: Path, tmp_path: Path) -> None:
    result = contract(folder, "--target", "0.98", "--output", tmp_path / "promised")
    assert result.exit_code == 0
    assert "of the 149 products needed |" in result.stdout
    assert "both: 0% of 12 products are accepted unseen" in result.stdout
    written = open_model(tmp_path / "promised").contract
    assert written
    assert contract(folder, "--output", tmp_path / "promised").exit_code == 2


def test_a_contract_as_json(folder: Path, tmp_path: Path) -> None:
    targets = tmp_path / "targets.toml"
    targets.write_text("[modalities]\ntext = 0.9\n", encoding="utf-8")
    result = contract(folder, "--target", "0.95", "--targets", targets, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report["coverage"]) == {"image", "text", "both"}
    asked = {claim["modalities"]: claim["unpromised"]["target"] for claim in report["claims"]}
    assert asked == {"image": 0.95, "text": 0.9, "both": 0.95}
