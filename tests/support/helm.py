"""Renders a chart by Helm's own library, in a process of its own: `python -m tests.support.helm CHART`.

Reads a JSON list of values; writes a list of what they render, as text, or of what Helm says against them. The library
is written in Go, whose runtime is better kept out of a process that forks.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Rendered(NamedTuple):
    """text: the manifests, parted by ---; error: why there are none."""

    text: str = ""
    error: str = ""


def rendered(chart: Path, values: Sequence[Any]) -> list[Rendered]:
    command = [sys.executable, "-m", "tests.support.helm", str(chart)]
    run = subprocess.run(command, input=json.dumps(values), check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return [Rendered(**one) for one in json.loads(run.stdout)]


def linted(chart: Path, values: Any) -> list[str]:
    """What `helm lint --strict` finds."""
    command = [sys.executable, "-m", "tests.support.helm", str(chart), "lint"]
    run = subprocess.run(command, input=json.dumps(values), check=True, stdout=subprocess.PIPE, text=True, timeout=60)
    return list(json.loads(run.stdout))


def main(chart: str, lint: bool) -> Any:
    import helm_python

    values = json.load(sys.stdin)
    if lint:
        report = helm_python.lint(chart, values, strict=True)
        return [*report["errors"], *(told["error"] for told in report["messages"] if told["severity"] > 1)]
    opened = helm_python.Chart.load(chart)
    return [render(opened, one)._asdict() for one in values]


def render(chart: Any, values: Any) -> Rendered:
    import helm_python

    try:
        chart.validate_schema(values)
        files = chart.render(values, name="shop", namespace="shops")
    except helm_python.HelmError as error:
        return Rendered(error=str(error))
    return Rendered("\n---\n".join(text for path, text in files.items() if path.endswith(".yaml")))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2:] == ["lint"])))
