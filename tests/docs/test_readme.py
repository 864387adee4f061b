"""What the README shows is run as it stands there."""

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shelflens.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_python_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    category, decision, _, shape = capsys.readouterr().out.splitlines()
    assert category.startswith("Apparel & Accessories > Shoes")
    assert decision.split()[0] in ("auto", "review")
    assert shape == "(256,)"


def test_the_command_line_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("shelflens understand")]
    assert len(lines) == 2
    for line in lines:
        result = CliRunner().invoke(app, shlex.split(line)[1:])
        assert result.exit_code == 0, result.output


def test_the_printed_answer_is_the_shipped_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command, printed = blocks("console")[0].removeprefix("$ ").split("\n", 1)
    answer = json.loads(CliRunner().invoke(app, shlex.split(command)[1:]).output)
    [product] = answer["results"]
    strings = [answer["model"], product["id"], product["category"]["id"], *product["category"]["path"]]
    strings += [product["alternatives"][0]["id"], product["evidence"]["text"]["id"], product["decision"]]
    assert [string for string in strings if f'"{string}"' not in printed] == []
    scored = (product["category"], product["alternatives"][0], *product["attributes"].values())
    scores = [entry["score"] for entry in (*scored, product["evidence"]["text"])]
    assert [float(score) for score in re.findall(r'"score": ([\d.]+)', printed)] == pytest.approx(scores, abs=0.005)


@pytest.mark.slow
def test_the_catalog_examples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "assets").symlink_to(ROOT / "assets")
    monkeypatch.chdir(tmp_path)
    [block] = [block for block in blocks("bash") if "shelflens ingest" in block]
    results = {}
    for line in block.splitlines():
        command = shlex.split(line, comments=True)[1:]
        results[command[0]] = result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    assert "48 rows (48 added)" in results["ingest"].output
    assert "Granny Smith" in results["search"].output
    assert (tmp_path / "catalog.parquet").stat().st_size > 48 * 256 * 4
    [block] = [block for block in blocks("bash") if "shelflens recommend" in block]
    told = {line: CliRunner().invoke(app, shlex.split(line, comments=True)[1:]) for line in block.splitlines()}
    assert {line: result.output for line, result in told.items() if result.exit_code} == {}
    said = "\n".join(result.output for result in told.values())
    assert "Strawberry Yoghurt" in said
    assert "strap: 3 of 4 negative" in said
    assert "block all UVA and UVB" in said


def test_every_file_that_it_names_exists() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README) + re.findall(r"--config (\S+)", README)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_verb_that_it_names_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    known |= {group.name or group.typer_instance.info.name for group in app.registered_groups if group.typer_instance}
    assert set(re.findall(r"shelflens ([a-z]+)", "\n".join(blocks("bash")))) <= known
