"""Settings from flags, the environment and a file."""

from pathlib import Path

import pytest

from catalog.errors import ConfigInvalid
from serving.settings.load import changed, everything, read_settings
from serving.settings.schema import Settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shelflens.toml"
    path.write_text('port = 8001\nreplicas = 3\nbatch_wait_seconds = 0.5\nkeys = "my-keys.json"\n')
    return path


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFLENS_PORT", "8002")
    monkeypatch.setenv("shelflens_replicas", "4")
    settings = read_settings(file, replicas=5, host=None)
    assert (settings.replicas, settings.port, settings.batch_wait_seconds) == (5, 8002, 0.5)
    assert (settings.host, settings.batch_size) == ("127.0.0.1", 16)
    assert read_settings(file).replicas == 4


def test_the_environment_may_name_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFLENS_CONFIG", str(file))
    assert read_settings().port == 8001
    other = file.with_name("other.toml")
    other.write_text("port = 8009")
    assert read_settings(other).port == 8009


def test_an_unknown_setting_is_named_with_what_was_meant(file: Path) -> None:
    file.write_text("prot = 8001")
    with pytest.raises(ConfigInvalid, match=r"^shelflens\.toml: no setting is named 'prot'\. Did you mean 'port'\?$"):
        read_settings(file)
    file.write_text("[serving]\nport = 8001")
    with pytest.raises(ConfigInvalid, match="no setting is named 'serving'"):
        read_settings(file)


@pytest.mark.parametrize(("content", "said"), [(b"port = ", "not valid TOML"), (b"\xff", "not valid TOML")])
def test_a_file_that_is_none(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ConfigInvalid, match=said):
        read_settings(file)
    file.unlink()
    with pytest.raises(ConfigInvalid, match=r"shelflens\.toml does not exist"):
        read_settings(file)


def test_a_bad_value_is_told_with_where_it_came_from(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text('port = "http"')
    monkeypatch.setenv("SHELFLENS_BATCH_SIZE", "none")
    with pytest.raises(ConfigInvalid, match="Not a valid value for") as caught:
        read_settings(file, replicas=0)
    said = caught.value.message
    assert "port (in shelflens.toml; from 1 to 65,535)" in said
    assert "batch_size (SHELFLENS_BATCH_SIZE in the environment; from 1 to 1,024)" in said
    assert "replicas (given as a flag; from 1 to 1,000)" in said


def test_only_what_differs_from_the_default_is_shown(file: Path) -> None:
    assert changed(read_settings()) == {}
    assert changed(read_settings(file, log_level="debug")) == {
        "port": 8001,
        "replicas": 3,
        "batch_wait_seconds": 0.5,
        "keys": str(file.with_name("my-keys.json")),
        "log_level": "debug",
    }
    assert everything(read_settings()).keys() == Settings.model_fields.keys()


def test_secrets_in_addresses_are_not_shown() -> None:
    settings = Settings(otlp_endpoint="https://me:secret@traces.example:4318/v1?key=hidden")
    assert changed(settings) == {"otlp_endpoint": "https://traces.example:4318/v1"}


def test_every_setting_survives_the_way_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings(insecure=True, log_format="console", rate_per_minute=60, otlp_endpoint="http://a:1")
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == ["port"]


def test_a_shipped_model_keeps_its_name_and_a_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings(model=Path("nano"), shadow=Path("mine"))
    assert (settings.model, settings.shadow) == (Path("nano"), tmp_path / "mine")
    (tmp_path / "nano").mkdir()
    assert Settings(model=Path("nano")).model == tmp_path / "nano"
