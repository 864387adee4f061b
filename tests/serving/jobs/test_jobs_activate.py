"""What a job has taught takes over the running service, and gives it back."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from catalog.understand import Understander
from serving.settings.schema import Settings
from tests.support.job_service import JobService, as_csv, office
from tests.support.tiny import tiny_onnx_folder

COLOURS = ("red", "green", "blue", "plain")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("activate") / "model")


@pytest.fixture
def settings(model: Path) -> Settings:
    return Settings(batch_wait_seconds=0.001, model=model)


@pytest.fixture
def service(tmp_path: Path, model: Path, settings: Settings) -> Iterator[JobService]:
    with office(tmp_path, Understander.load(model), settings) as running:
        yield running


def teach(service: JobService, department: str = "Colours") -> str:
    """-> the version of the taught model."""
    filed = [
        {"id": f"{colour}{number}", "title": f"{colour} item {number}", "kind": f"{department} > {colour.title()}"}
        for colour in COLOURS
        for number in range(6)
    ]
    job = service.ingested(as_csv(filed), category="kind", target="0.9")
    assert job["state"] == "complete", job
    return str(job["taught"]["version"])


def roles(service: JobService) -> Mapping[str, str]:
    return {one["id"]: one["role"] for one in service.client.get("/v1/models").json()["data"]}


def activate(service: JobService, version: str) -> None:
    """And wait until the stored products are filed anew."""
    activated = service.client.post(f"/v1/models/{version}/activate")
    assert activated.status_code == 200, activated.text
    assert roles(service)[version] == "active"
    deadline = time.monotonic() + 60
    while service.client.get("/v1/models").json()["refiling"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def filed(service: JobService, id: str) -> tuple[str, str]:
    """The model of a stored product, and the department of its likeliest category."""
    product = service.client.get(f"/v1/products/{id}").json()
    found = product["understanding"]
    return product["model"], (found["category"] or found["alternatives"][0])["path"][0]


def test_what_was_taught_is_activated_without_a_restart(
    service: JobService, model: Path, tmp_path: Path, settings: Settings
) -> None:
    base = Understander.load(model).version
    service.client.put("/v1/products/first", json={"title": "red item"})
    version = teach(service)
    assert roles(service) == {base: "active", version: "taught"}
    activate(service, version)
    assert roles(service) == {version: "active", base: "base"}
    analysed = service.client.post("/v1/products/analyze", json={"items": [{"title": "blue item"}]}).json()
    assert (analysed["model"], analysed["results"][0]["alternatives"][0]["path"][0]) == (version, "Colours")
    assert service.client.get("/v1/taxonomy").json()["nodes"][0]["label"] == "Colours"
    assert filed(service, "first") == (version, "Colours")
    service.client.put("/v1/products/second", json={"title": "blue item"})
    assert filed(service, "second") == (version, "Colours")
    job = service.ingested(as_csv([{"id": "third", "title": "plain item"}]))
    assert (job["added"], filed(service, "third")) == (1, (version, "Colours"))
    assert service.ingested(as_csv([{"id": "third", "title": "plain item"}]))["skipped"] == 1
    refused = service.client.delete(f"/v1/models/{version}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "model_in_use")


def test_it_stays_active_over_a_restart(model: Path, tmp_path: Path, settings: Settings) -> None:
    with office(tmp_path, Understander.load(model), settings) as service:
        service.client.put("/v1/products/first", json={"title": "red item"})
        version = teach(service)
        assert service.client.post(f"/v1/models/{version}/activate").status_code == 200
    with office(tmp_path, Understander.load(model), settings) as service:
        assert service.client.post("/v1/search", json={"text": "red item"}).json()["model"] == version
        activate(service, version)
        assert filed(service, "first") == (version, "Colours")


def test_taught_models_are_listed_reverted_and_removed(service: JobService, model: Path) -> None:
    service.client.put("/v1/products/first", json={"title": "red item"})
    first, second = teach(service), teach(service, "Paints")
    for version, department in ((first, "Colours"), (second, "Paints"), (first, "Colours")):
        activate(service, version)
        assert filed(service, "first") == (version, department)
    base = Understander.load(model).version
    assert roles(service) == {first: "active", base: "base", second: "taught"}
    assert service.client.delete(f"/v1/models/{second}").status_code == 204
    assert service.client.post(f"/v1/models/{second}/activate").json()["error"]["code"] == "model_unknown"
    assert service.client.delete(f"/v1/models/{base}").json()["error"]["code"] == "model_unknown"
    assert roles(service) == {first: "active", base: "base"}


def test_the_base_takes_back_what_was_filed_and_read_by_others(service: JobService, model: Path) -> None:
    base = Understander.load(model).version
    service.client.put("/v1/products/first", json={"title": "red item"})
    before = service.client.get("/v1/products/first").json()
    first, second = teach(service), teach(service, "Paints")
    activate(service, first)
    service.client.put("/v1/products/second", json={"title": "red item"})
    activate(service, second)
    activate(service, base)
    for id in ("first", "second"):
        found = service.client.get(f"/v1/products/{id}").json()
        assert (found["model"], found["understanding"]) == (base, before["understanding"])
    activate(service, first)
    assert filed(service, "first") == (first, "Colours")


def test_a_verdict_stays_when_products_are_filed_anew(service: JobService) -> None:
    service.client.put("/v1/products/first", json={"title": "red item"})
    node = service.client.get("/v1/taxonomy").json()["nodes"][0]["id"]
    said = {"product_id": "first", "verdict": "correct", "category": node}
    assert service.client.post("/v1/feedback", json=said).status_code == 201
    version = teach(service)
    activate(service, version)
    product = service.client.get("/v1/products/first").json()
    assert (product["model"], product["understanding"]["category"]["id"]) == (version, node)


def test_a_damaged_taught_model_leaves_the_base_to_answer(model: Path, tmp_path: Path, settings: Settings) -> None:
    with office(tmp_path, Understander.load(model), settings) as service:
        version = teach(service)
        activate(service, version)
    (head,) = (tmp_path / "jobs" / "models").glob("*/taught.safetensors")
    head.write_bytes(head.read_bytes()[:-1])
    with office(tmp_path, Understander.load(model), settings) as service:
        ready = service.client.get("/readyz").json()
        assert (ready["model"], ready["status"]) == (Understander.load(model).version, "degraded")
        assert any(head.parent.name in told for told in ready["damaged"])
        refused = service.client.post(f"/v1/models/{version}/activate")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_unknown")


TITLES = (
    "hose",
    "garden hose 20 m",
    "long pipe for water",
    "reel with green hose",
    "fine sprinkler",
    "the soaker, 5 l",
)


def judge(service: JobService, path: str, count: int) -> None:
    """Store so many products, and say where they belong."""
    for number, title in enumerate(TITLES[:count]):
        service.client.put(f"/v1/products/new{number}", json={"title": title})
        said = {"product_id": f"new{number}", "verdict": "correct", "proposed_category": path}
        assert service.client.post("/v1/feedback", json=said).status_code == 201


def test_verdicts_teach_the_active_model(service: JobService) -> None:
    refused = service.client.post("/v1/models")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "model_not_taught")
    version = teach(service)
    activate(service, version)
    assert service.client.get("/v1/models").json()["unlearnt"] == 0
    nothing = service.ended(service.client.post("/v1/models").json()["id"])
    assert (nothing["state"], nothing["error"]["code"]) == ("failed", "too_few_products")
    judge(service, "Garden > Hoses", 6)
    assert service.client.get("/v1/models").json()["unlearnt"] == 6
    accepted = service.client.post("/v1/models")
    assert accepted.status_code == 202, accepted.text
    job = service.ended(accepted.json()["id"])
    assert (job["state"], job["teaching"], job["error"]) == ("complete", True, None)
    found = job["taught"]["comparison"]
    assert (found["active"], found["verdicts"], found["active_right"]) == (version, 6, 0)
    assert found["never_worse"]
    assert job["taught"]["doubts"] == [], "nothing is known of what the products were called"
    candidate = job["taught"]["version"]
    assert (roles(service)[candidate], roles(service)[version]) == ("taught", "active")
    assert service.client.get("/v1/models").json()["unlearnt"] == 0
    activate(service, candidate)
    service.client.put("/v1/products/another", json={"title": "hose"})
    assert filed(service, "another") == (candidate, "Garden")
    activate(service, version)
    assert filed(service, "another")[0] == version


def test_a_model_that_is_never_worse_takes_over_by_itself(model: Path, tmp_path: Path) -> None:
    settings = Settings(batch_wait_seconds=0.001, model=model, learn_after_verdicts=5, auto_promote=True)
    with office(tmp_path, Understander.load(model), settings) as service:
        version = teach(service)
        activate(service, version)
        judge(service, "Garden > Hoses", 5)
        deadline = time.monotonic() + 120
        while roles(service).get(version) == "active":
            assert time.monotonic() < deadline
            time.sleep(0.1)
        service.client.put("/v1/products/another", json={"title": "hose"})
        assert filed(service, "another")[1] == "Garden"


def test_a_category_is_added_at_once(service: JobService) -> None:
    asked = {"path": "Garden > Hoses", "products": ["pipe"], "items": [{"title": title} for title in TITLES[:4]]}
    service.client.put("/v1/products/pipe", json={"title": "hose pipe"})
    refused = service.client.post("/v1/taxonomy", json=asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "model_not_taught")
    version = teach(service)
    activate(service, version)
    before = service.client.get("/v1/products/pipe").json()["understanding"]
    added = service.client.post("/v1/taxonomy", json=asked)
    assert added.status_code == 201, added.text
    body = added.json()
    assert (body["id"], body["path"]) == ("garden.hoses", ["Garden", "Hoses"])
    assert roles(service)[body["model"]] == "active"
    found = service.client.post("/v1/products/analyze", json={"items": [{"title": "hose"}]}).json()
    assert found["model"] == body["model"]
    [result] = found["results"]
    assert ["Garden", "Hoses"] in [result["category"] and result["category"]["path"], result["alternatives"][0]["path"]]
    assert result["decision"] != "auto"
    for path in ("garden > HOSES", "Colours > Red > Dark", " > "):
        again = service.client.post("/v1/taxonomy", json={"path": path})
        assert (again.status_code, again.json()["error"]["code"]) == (422, "request_invalid"), again.text
        assert again.json()["error"]["param"] == "path"
    unknown = service.client.post("/v1/taxonomy", json={"path": "Toys", "products": ["nothing"]})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "product_not_found")
    by_name = service.client.post("/v1/taxonomy", json={"path": "Toys"})
    assert by_name.status_code == 201
    activate(service, version)
    assert service.client.get("/v1/products/pipe").json()["understanding"]["category"] == before["category"]
