"""What runs on Kubernetes and in Docker Compose. Helm renders the chart, and every manifest is held against the schemas
of Kubernetes.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

import catalog
import hatch_build
from serving.settings.schema import PREFIX, Settings
from tests.support.helm import Rendered, linted, rendered

DEPLOY = Path("deploy")
CHART = DEPLOY / "helm" / "shelflens"
KUBERNETES = "1.37"
GIVEN = {"database": {"existingSecret": "db"}}
Manifest = dict[str, Any]


def merged(*values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in values:
        for name, value in one.items():
            old = found.get(name)
            found[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return found


VARIANTS = {
    "defaults": GIVEN,
    "gpus": merged(GIVEN, {"gpus": 1, "autoscaling": {"enabled": False}, "replicas": 3}),
    "everything": merged(
        GIVEN,
        {
            "image": {"repository": "shop.example/shelflens", "tag": "1", "pullSecrets": [{"name": "pull"}]},
            "settings": {"max_items": 64, "cache_megabytes": 0, "auto_promote": True, "image_hosts": "a.example"},
            "extraEnv": [{"name": "SHELFLENS_OTLP_ENDPOINT", "value": "http://otel:4318"}],
            "ingress": {
                "enabled": True,
                "className": "nginx",
                "host": "shop.example",
                "tlsSecret": "tls",
                "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "28m"},
            },
            "webhook": {"url": "https://shop.example/events", "existingSecret": "webhook"},
            "networkPolicy": {"from": [{"namespaceSelector": {}}]},
            "metrics": {"annotations": False},
            "podAnnotations": {"team": "catalogue"},
            "nodeSelector": {"disk": "ssd"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        },
    ),
    "database": {"database": {"cloudNativePG": {"enabled": True}}},
}


WRONG = {
    "no database": ({}, "Set database.existingSecret, or database.cloudNativePG"),
    "no secret": (merged(GIVEN, {"webhook": {"url": "https://shop.example"}}), "Set webhook.existingSecret"),
    "an unknown value": (merged(GIVEN, {"replicaCount": 2}), "additional properties 'replicaCount' not allowed"),
    "no pod": (merged(GIVEN, {"replicas": 0}), "at '/replicas': minimum: got 0, want 1"),
    "a setting of the chart's own": (merged(GIVEN, {"settings": {"index": "other"}}), "invalid propertyName 'index'"),
    "no host": (merged(GIVEN, {"ingress": {"enabled": True}}), "Set ingress.host"),
}


@pytest.fixture(scope="module")
def answers() -> dict[str, Rendered]:
    """What Helm makes of all values, by their names."""
    values = [*VARIANTS.values(), *(one for one, _ in WRONG.values())]
    return dict(zip([*VARIANTS, *WRONG], rendered(CHART, values), strict=True))


@pytest.fixture(scope="module")
def charts(answers: dict[str, Rendered]) -> dict[str, list[Manifest]]:
    assert [answers[name].error for name in VARIANTS] == [""] * len(VARIANTS)
    return {name: [one for one in yaml.safe_load_all(answers[name].text) if one] for name in VARIANTS}


def kuberay() -> list[Manifest]:
    return list(yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text()))


def pods(manifest: Manifest) -> list[Manifest]:
    """The pods of a manifest whose kind is not one of Kubernetes, as manifests of their own."""
    if manifest["kind"] != "RayService":
        return []
    cluster = manifest["spec"]["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    return [{"apiVersion": "v1", "kind": "Pod", **group["template"]} for group in groups]


def check(manifests: list[Manifest]) -> set[str]:
    """Hold them against the schemas. -> the kinds that have none."""
    unknown = set()
    for manifest in manifests:
        if "." in manifest["apiVersion"].partition("/")[0] and not manifest["apiVersion"].partition("/")[0].endswith(
            "k8s.io"
        ):
            unknown.add(manifest["kind"])
            check(pods(manifest))
        else:
            kubernetes_validate.validate(manifest, KUBERNETES, strict=True)
    return unknown


@pytest.mark.parametrize("name", VARIANTS)
def test_the_chart_is_right_for_kubernetes(charts: dict[str, list[Manifest]], name: str) -> None:
    manifests = charts[name]
    assert check(manifests) == ({"Cluster"} if name == "database" else set())
    names = [(one["kind"], one["metadata"]["name"]) for one in manifests]
    assert len(set(names)) == len(names)


def test_the_kuberay_manifest_is_right_for_kubernetes() -> None:
    assert check(kuberay()) == {"RayService"}


def test_a_field_that_is_misspelt_is_refused() -> None:
    service = next(one for one in kuberay() if one["kind"] == "Service")
    with pytest.raises(kubernetes_validate.ValidationError, match="selectors"):
        check([merged(service, {"spec": {"selectors": {}}})])


def by_kind(manifests: list[Manifest]) -> dict[str, Manifest]:
    return {one["kind"]: one for one in manifests}


def container(manifests: list[Manifest]) -> Manifest:
    return dict(by_kind(manifests)["Deployment"]["spec"]["template"]["spec"]["containers"][0])


def environment(container: Manifest) -> dict[str, Any]:
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


def test_no_pod_is_one_that_cannot_be_lost(charts: dict[str, list[Manifest]]) -> None:
    found = by_kind(charts["defaults"])
    assert found["HorizontalPodAutoscaler"]["spec"]["minReplicas"] >= 2
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    pod = found["Deployment"]["spec"]["template"]["spec"]
    assert pod["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
    assert "PersistentVolumeClaim" not in found
    assert all("emptyDir" in volume for volume in pod["volumes"])
    database = {"secretKeyRef": {"name": "db", "key": "uri"}}
    told = environment(pod["containers"][0])
    assert (told["SHELFLENS_INDEX"], told["SHELFLENS_STATE"]) == (database, database)
    cluster = by_kind(charts["database"])["Cluster"]
    assert cluster["spec"]["instances"] == 3
    secret = f"{cluster['metadata']['name']}-app"
    told = environment(by_kind(charts["database"])["Deployment"]["spec"]["template"]["spec"]["containers"][0])
    assert told["SHELFLENS_INDEX"]["secretKeyRef"] == {"name": secret, "key": "uri"}
    ray = by_kind(kuberay())["RayService"]["spec"]["rayClusterConfig"]
    assert ray["gcsFaultToleranceOptions"]["redisAddress"]
    assert ray["workerGroupSpecs"][0]["minReplicas"] >= 2


def test_selectors_are_those_of_the_pods(charts: dict[str, list[Manifest]]) -> None:
    found = by_kind(charts["defaults"])
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for selector in (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector
        assert selector.items() <= labels.items()


def test_settings_of_the_chart_are_settings(charts: dict[str, list[Manifest]]) -> None:
    found = by_kind(charts["everything"])
    told = environment(container(charts["everything"]))
    names = {name.removeprefix(PREFIX).lower() for name in told if name.startswith(PREFIX)}
    assert (
        {"max_items", "image_hosts", "index", "state", "host", "webhook_secret"}
        <= names
        <= Settings.model_fields.keys()
    )
    assert (told["SHELFLENS_MAX_ITEMS"], told["SHELFLENS_AUTO_PROMOTE"]) == ("64", "true")
    assert found["Deployment"]["spec"]["template"]["metadata"]["annotations"] == {"team": "catalogue"}
    with_gpu = by_kind(charts["gpus"])["Deployment"]["spec"]
    assert with_gpu["replicas"] == 3
    limits = with_gpu["template"]["spec"]["containers"][0]["resources"]["limits"]
    assert limits == {"cpu": "2", "memory": "6Gi", "nvidia.com/gpu": "1"}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_missing_or_wrong_in_the_values_is_told(answers: dict[str, Rendered], name: str) -> None:
    assert re.search(WRONG[name][1], answers[name].error), answers[name]


def test_helm_finds_nothing_to_say() -> None:
    assert linted(CHART, GIVEN) == []


def test_the_chart_has_the_projects_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == catalog.__version__


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """As Compose does: ${NAME:-default} and ${NAME:?message}. Raises KeyError for what must be given."""

    def value(found: re.Match[str]) -> str:
        return values.get(found[1]) or (values[found[1]] if found[2] is None else found[2])

    return re.sub(r"\$\{(\w+):(?:-([^}]*)|\?[^}]*)\}", value, text)


def test_compose_is_read_and_keeps_what_it_has() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    with pytest.raises(KeyError, match="POSTGRES_PASSWORD"):
        interpolated(text, {})
    read = PyCompose.from_yaml(interpolated(text, {"POSTGRES_PASSWORD": "secret"}))
    compose: Manifest = json.loads(read.to_json())
    services = compose["services"]
    assert services["shelflens"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert all("healthcheck" in service and service["restart"] == "unless-stopped" for service in services.values())
    told = services["shelflens"]["environment"]
    ours = {name.removeprefix(PREFIX).lower() for name in told if name.startswith(PREFIX)}
    assert ours <= Settings.model_fields.keys()
    assert "ports" not in services["database"]
    assert services["shelflens"]["ports"] == ["127.0.0.1:8000:8000"]
    example = (DEPLOY / "compose.env.example").read_text()
    assert re.findall(r"^(\w+)=(.*)$", example, re.M) == [("POSTGRES_PASSWORD", ""), ("PUBLISHED", "127.0.0.1:8000")]


def test_the_image_holds_what_the_build_needs() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", (DEPLOY / "Dockerfile").read_text(), re.M)
    named = {path for line in copied for path in line.split()}
    build = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*build["packages"], "hatch_build.py", *(f"assets/{name}" for name in hatch_build.TAKEN)} <= named
