"""The rules of the house that no linter holds: the size of folders and functions, and contracts without exceptions."""

import ast
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("catalog", "serving", "shelflens", "training")
LARGEST_FOLDER = 12  # modules of its own
SMALLEST_PACKAGE = 60  # lines of its only module
LONGEST_FUNCTION = 40  # lines
# Each for a reason; four at most.
LONG_FUNCTIONS = {
    "shelflens.cli.ingest.ingest": "half of it declares the command's options",
    "shelflens.cli.service.serve": "nearly all of it declares the command's options",
    "training.evaluation.evaluate.evaluate": "one report, field by field",
    "training.train.train": "the loop is read top to bottom",
}


def folders() -> Iterator[tuple[Path, list[Path]]]:
    """Each package, and its modules without __init__ and __main__."""
    for package in PACKAGES:
        for start in sorted((ROOT / package).rglob("__init__.py")):
            modules = [path for path in start.parent.glob("*.py") if not path.name.startswith("__")]
            yield start.parent, sorted(modules)


def long_functions() -> dict[str, int]:
    """Qualified name -> lines, of those that are too long."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                    lines = node.end_lineno - node.lineno + 1
                    if lines > LONGEST_FUNCTION:
                        found[f"{module}.{node.name}"] = lines
    return found


def test_no_folder_has_more_modules_than_one_can_see_at_once() -> None:
    sizes = {folder.relative_to(ROOT).as_posix(): len(modules) for folder, modules in folders()}
    assert {folder: size for folder, size in sizes.items() if size > LARGEST_FOLDER} == {}


def test_no_package_is_a_single_short_module() -> None:
    alone = {
        folder.relative_to(ROOT).as_posix(): len(modules[0].read_text(encoding="utf-8").splitlines())
        for folder, modules in folders()
        if len(modules) == 1 and not any(path.is_dir() and (path / "__init__.py").exists() for path in folder.iterdir())
    }
    assert {folder: lines for folder, lines in alone.items() if lines < SMALLEST_PACKAGE} == {}


def test_functions_are_short() -> None:
    assert len(LONG_FUNCTIONS) <= 4
    assert {name: lines for name, lines in long_functions().items() if name not in LONG_FUNCTIONS} == {}


def test_import_contracts_have_no_exceptions() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert "ignore_imports" not in contracts
    assert [contract["name"] for contract in contracts["contracts"] if "ignore_imports" in contract] == []
    layers = [contract for contract in contracts["contracts"] if contract["type"] == "layers"]
    assert {name for contract in layers for name in contract.get("containers", [])} >= set(PACKAGES) - {"shelflens"}


def test_the_workflow_runs_the_repositorys_own_check() -> None:
    """Workflow and hooks name no version of a tool: constraints.txt has them."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    assert commands == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks["repos"][0]["hooks"])
