"""The dashboard and the alerts ask only for what /metrics has, by labels that are there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from serving.errors import RateLimited
from serving.telemetry.metrics import Metrics, ServiceStatus, standing
from serving.telemetry.request_trace import RequestTrace

DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "shelflens.json").read_text())
ALERTS: list[dict[str, Any]] = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())["groups"][0]["rules"]
# What Prometheus itself adds.
ADDED = {"instance", "job"}
SELECTOR = re.compile(r"\b(shelflens_\w+|up)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby \(([^)]*)\)")


def exposition() -> str:
    """All that /metrics can have, each metric with at least one sample."""
    metrics = Metrics()
    found = RequestTrace()
    found.add_item(True, True)
    found.add_error(RateLimited())
    found.add_batches([(1, 0.1, 0.1)])
    metrics.observe("/v1/search", "POST", 429, "rate_limited", 0.1, found)
    return (standing(ServiceStatus({"active": "a"}, "1", 1, 1.0, {"failed": 1}, 1)) + metrics.text()).decode()


def samples() -> dict[str, set[str]]:
    """Each series name, with its labels."""
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(exposition()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def panel_expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def expressions() -> list[str]:
    return [*panel_expressions(), *(rule["expr"] for rule in ALERTS)]


@pytest.mark.parametrize("expression", expressions())
def test_what_is_asked_for_exists(expression: str) -> None:
    known = samples()
    selectors = SELECTOR.findall(expression)
    assert selectors
    labels = {label for name, _ in selectors for label in known[name]} | ADDED
    for name, chosen in selectors:
        assert name in known, name
        assert set(re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", chosen)) <= known[name] | ADDED
    for grouping in GROUPING.findall(expression):
        assert {label.strip() for label in grouping.split(",")} <= labels


def test_every_metric_is_shown() -> None:
    asked = {name for expression in panel_expressions() for name, _ in SELECTOR.findall(expression)}
    families = [family.name for family in text_string_to_metric_families(exposition())]
    assert [name for name in families if not any(one.startswith(name) for one in asked)] == []


def test_legends_use_labels_of_their_query() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            kept = {label.strip() for grouping in GROUPING.findall(target["expr"]) for label in grouping.split(",")}
            assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= kept


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for cells in (set(cells_of(panel)) for panel in panels):
        assert not cells & taken
        taken |= cells


def cells_of(panel: dict[str, Any]) -> Iterator[tuple[int, int]]:
    place = panel["gridPos"]
    for x in range(place["x"], place["x"] + place["w"]):
        for y in range(place["y"], place["y"] + place["h"]):
            yield x, y


def test_alerts_are_whole() -> None:
    assert len({rule["alert"] for rule in ALERTS}) == len(ALERTS) >= 5
    for rule in ALERTS:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
