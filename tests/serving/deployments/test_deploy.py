"""The files for clusters say what the code reads."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.serve.schema import ServeDeploySchema

from serving.deployments.application import build
from serving.deployments.preflight import ENVIRONMENT, MESSAGE_LENGTH
from serving.settings.schema import PREFIX, Settings

DEPLOY = Path("deploy")


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text()))


def ray_service() -> dict[str, Any]:
    return next(one for one in manifests() if one["kind"] == "RayService")["spec"]


def serve_configs() -> list[dict[str, Any]]:
    return [yaml.safe_load((DEPLOY / "serve.yaml").read_text()), yaml.safe_load(ray_service()["serveConfigV2"])]


@pytest.mark.parametrize("config", serve_configs(), ids=["serve.yaml", "kuberay.yaml"])
def test_serve_configs_are_valid_and_bind(config: dict[str, Any]) -> None:
    (application,) = ServeDeploySchema.model_validate(config).applications
    assert application.import_path == f"{build.__module__}:{build.__name__}"
    deployment = build(application.args)._bound_deployment
    assert deployment.name == "Gateway"


def test_every_node_has_the_environment_that_ray_reads() -> None:
    image = (DEPLOY / "Dockerfile").read_text()
    told = ENVIRONMENT | {MESSAGE_LENGTH: str(Settings().message_bytes)}
    assert [name for name, value in told.items() if f"{name}={value}" not in image] == []


def test_settings_in_manifests_exist() -> None:
    cluster = ray_service()["rayClusterConfig"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    containers = [group["template"]["spec"]["containers"][0] for group in groups]
    names = {variable["name"] for container in containers for variable in container["env"]}
    ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    assert ours
    assert ours <= Settings.model_fields.keys()
    assert cluster["authOptions"] == {"mode": "token"}


def test_only_http_is_open_to_others() -> None:
    policy, valkey = (one["spec"] for one in manifests() if one["kind"] == "NetworkPolicy")
    to_all = [rule for rule in policy["ingress"] if "from" not in rule]
    assert [port["port"] for rule in to_all for port in rule["ports"]] == [8000]
    assert all("from" in rule for rule in valkey["ingress"])
    labels = ray_service()["rayClusterConfig"]["headGroupSpec"]["template"]["metadata"]["labels"]
    assert policy["podSelector"]["matchLabels"] == labels
