"""API keys: their file, the commands that change it, and how a running service follows."""

import json
import logging
import stat
import time
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from catalog.errors import FileNotWritable
from serving.middleware import api_keys as module
from serving.middleware.api_keys import (
    KeyNameInvalid,
    KeyNameTaken,
    KeyNotFound,
    Keys,
    KeysDamaged,
    add_key,
    read_keys,
    remove_key,
)
from shelflens.cli import app


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["keys", *(str(argument) for argument in arguments)])


def test_only_the_hash_of_a_key_is_kept(path: Path) -> None:
    key = add_key(path, "shop")
    assert key.startswith("sl_")
    assert len(key) == len("sl_") + 43
    assert key not in path.read_text()
    (kept,) = read_keys(path)
    assert (kept.name, kept.sha256, kept.scope) == ("shop", sha256(key.encode()).hexdigest(), "write")
    assert kept.created_at.endswith("+00:00")


def test_the_file_is_its_owners_also_over_one_left_behind(path: Path) -> None:
    left = path.with_name("keys.json.tmp")
    left.touch()
    left.chmod(0o666)
    add_key(path, "shop")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not left.exists()


def test_no_two_keys_are_alike_and_each_is_found_by_itself_alone(path: Path) -> None:
    made = {name: add_key(path, name) for name in ("a", "b", "c")}
    assert len(set(made.values())) == 3
    known = Keys(path)
    assert {name: getattr(known.find(key), "name", None) for name, key in made.items()} == {
        "a": "a",
        "b": "b",
        "c": "c",
    }
    for wrong in ("", "sl_", made["a"][:-1], made["a"] + "x", made["a"].upper(), "clé"):
        assert known.find(wrong) is None


@pytest.mark.parametrize("name", ["", "a b", "-x", "ü", "x" * 65, "a/b", "a\nb"])
def test_names_are_plain(path: Path, name: str) -> None:
    with pytest.raises(KeyNameInvalid, match="1 to 64 letters"):
        add_key(path, name)
    assert not path.exists()


def test_a_name_is_one_keys_only(path: Path) -> None:
    add_key(path, "shop")
    with pytest.raises(KeyNameTaken, match="named shop"):
        add_key(path, "shop")
    remove_key(path, "shop")
    assert read_keys(path) == ()
    with pytest.raises(KeyNotFound, match="no key named 'shop'"):
        remove_key(path, "shop")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": [{"name": "a"}]}', b"\xff"])
def test_a_damaged_file_is_no_file_without_keys(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for act in (lambda: Keys(path), lambda: add_key(path, "shop")):
        with pytest.raises(KeysDamaged, match=r"keys\.json cannot be read"):
            act()
    assert path.read_bytes() == content


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((FileNotWritable, KeysDamaged), match=r"keys\.json cannot be"):
        add_key(tmp_path / "file" / "keys.json", "shop")


@pytest.mark.usefixtures("looks_at_once")
def test_keys_come_and_go_without_a_restart(path: Path) -> None:
    known = Keys(path)
    assert len(known) == 0
    key = add_key(path, "shop")
    assert len(known) == 1
    assert known.find(key) is not None
    other = add_key(path, "other", "read")
    assert getattr(known.find(other), "scope", None) == "read"
    remove_key(path, "shop")
    assert known.find(key) is None
    assert known.find(other) is not None


def test_the_file_is_looked_at_once_a_second_at_most(path: Path) -> None:
    known = Keys(path)
    key = add_key(path, "shop")
    assert known.find(key) is None
    time.sleep(module.LOOK_SECONDS + 0.05)
    assert known.find(key) is not None


@pytest.mark.usefixtures("looks_at_once")
@pytest.mark.parametrize("accident", ["gone", "damaged", "back"])
def test_no_accident_to_the_file_changes_who_may_come_in(
    path: Path, accident: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = add_key(path, "shop")
    content = path.read_bytes()
    known = Keys(path)
    if accident == "damaged":
        path.write_text("{")
    else:
        path.unlink()
    with caplog.at_level(logging.ERROR):
        assert len(known) == 1
        assert known.find(key) is not None
        assert known.find("sl_other") is None
    assert len(caplog.records) == 1
    assert key not in caplog.text
    if accident == "back":
        path.write_bytes(content)
        assert known.find(key) is not None


def test_commands(path: Path) -> None:
    assert run("list", "--keys", path).stdout.strip() == "There are no API keys."
    added = run("add", "shop", "--keys", path, "--scope", "read")
    assert added.exit_code == 0
    key = added.stdout.strip()
    assert key.startswith("sl_")
    assert len(added.stdout.splitlines()) == 1
    assert "not shown again" in added.stderr
    listed = run("list", "--keys", path)
    assert "shop" in listed.stdout
    assert key not in listed.stdout
    (known,) = json.loads(run("list", "--json", "--keys", path).stdout)
    assert known.keys() == {"name", "scope", "created_at"}
    again = run("add", "shop", "--keys", path)
    assert (again.exit_code, "key_name_taken" in again.stderr) == (2, True)
    assert run("remove", "shop", "--keys", path).exit_code == 0
    missing = run("remove", "shop", "--keys", path)
    assert (missing.exit_code, "key_not_found" in missing.stderr) == (2, True)


def test_commands_take_the_file_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("add", "shop").exit_code == 0
    assert (tmp_path / "shelflens-keys.json").exists()
    monkeypatch.setenv("SHELFLENS_KEYS", str(tmp_path / "other.json"))
    assert run("add", "shop").exit_code == 0
    assert (tmp_path / "other.json").exists()
