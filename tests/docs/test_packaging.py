"""The distribution: its names, its files, its pins, and that importing it costs little."""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from hatchling.build import prepare_metadata_for_build_wheel
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement

import catalog

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel_files() -> set[str]:
    """The paths a wheel built now would hold."""
    builder = WheelBuilder(str(ROOT))
    data = builder.get_default_build_data()
    builder.set_build_data_defaults(data)
    for hook in builder.get_build_hooks(str(ROOT)).values():
        hook.initialize("standard", data)
    with builder.config.set_build_data(data):
        return {file.distribution_path for file in builder.recurse_included_files()}


def files_below(folder: Path) -> list[str]:
    """Files as paths relative to `folder`, without caches and hidden files."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [p.as_posix() for p in paths if not any(part.startswith((".", "__pycache__")) for part in p.parts)]


def test_metadata_names_the_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    built = metadata.Distribution.at(tmp_path / prepare_metadata_for_build_wheel(str(tmp_path)))
    assert (built.name, built.version) == ("shelflens", catalog.__version__)
    assert built.metadata["Requires-Python"] == ">=3.11"
    assert built.metadata["License-Expression"] == "Apache-2.0"
    assert built.metadata["License-File"] == "LICENSE"


def test_installed_version_is_the_one_declared() -> None:
    try:
        installed = metadata.version("shelflens")
    except metadata.PackageNotFoundError:
        pytest.skip("runs from the repository without an install; scripts/test installs it")
    assert installed == catalog.__version__


def test_console_script_starts_the_command_line() -> None:
    assert PROJECT["scripts"] == {"shelflens": "shelflens.cli:main"}
    script = metadata.EntryPoint("shelflens", PROJECT["scripts"]["shelflens"], "console_scripts")
    assert callable(script.load())


@pytest.mark.parametrize("package", ["catalog", "serving", "shelflens", "training"])
def test_wheel_holds_every_file_of_a_package(package: str, wheel_files: set[str]) -> None:
    assert f"{package}/__init__.py" in wheel_files
    assert {f"{package}/{path}" for path in files_below(ROOT / package)} <= wheel_files


@pytest.mark.parametrize("package", ["catalog", "serving", "shelflens", "training"])
def test_a_package_says_that_it_is_typed(package: str, wheel_files: set[str]) -> None:
    assert f"{package}/py.typed" in wheel_files


@pytest.mark.parametrize("model", ["model", "nano"])
def test_wheel_carries_the_shipped_models(model: str, wheel_files: set[str]) -> None:
    shipped = files_below(ROOT / "assets" / model)
    assert {"config.json", "taxonomy.json"} <= set(shipped)
    assert {f"catalog/assets/{model}/{path}" for path in shipped} <= wheel_files


def test_wheel_holds_nothing_else(wheel_files: set[str]) -> None:
    assert {path.split("/")[0] for path in wheel_files} == {"catalog", "serving", "shelflens", "training"}


def test_every_dependency_is_pinned_within_its_range() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    declared = sum(PROJECT["optional-dependencies"].values(), PROJECT["dependencies"])
    requirements = [Requirement(line) for line in declared]
    assert pins.keys() == {"pip"} | {requirement.name for requirement in requirements} - {"shelflens"}
    assert all(r.specifier.contains(pins[r.name]) for r in requirements if r.name != "shelflens")


@pytest.mark.parametrize("modules", ["catalog", "catalog.errors, catalog.product, catalog.taxonomy, catalog.images"])
def test_import_loads_no_heavy_library(modules: str) -> None:
    heavy = ("torch", "torchvision", "timm", "transformers", "ray", "fastapi")
    code = f"import sys, {modules}; print(*sorted(sys.modules.keys() & {set(heavy)}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.split() == []


def test_every_public_name_resolves() -> None:
    assert len(catalog.__all__) == len(set(catalog.__all__))
    for name in catalog.__all__:
        assert getattr(catalog, name) is not None
