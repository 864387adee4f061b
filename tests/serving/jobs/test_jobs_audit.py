"""An audit of the stored products as a job, and what people say of what it finds."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.understand import Understander
from tests.support.answers import assert_error
from tests.support.job_service import JobService, as_csv, office
from tests.support.services import SETTINGS
from tests.support.tiny import tiny_onnx_folder

AUDIT, FINDINGS, PATCH, CORRECTED = "/v1/audit", "/v1/audit/findings", "/v1/audit/patch", "/v1/audit/corrected"
GROUPS = ("duplicate", "variant")
SHOP = [
    {"id": "1", "title": "Kestrel wireless headphones WH-510 black"},
    {"id": "2", "title": "Kestrel WH510 headphones, wireless (black)"},
    {"id": "3", "title": "Kestrel wireless headphones WH-510 white"},
    {"id": "4", "title": "Fresh red apple"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("audit") / "model"))


@pytest.fixture
def service(tmp_path: Path, model: Understander) -> Iterator[JobService]:
    with office(tmp_path, model, SETTINGS) as running:
        running.ingested(as_csv(SHOP))
        yield running


def audited(service: JobService) -> dict[str, Any]:
    begun = service.client.post(AUDIT)
    assert begun.status_code == 202
    return service.ended(begun.json()["id"])


def found(service: JobService, **query: Any) -> list[dict[str, Any]]:
    """Of groups: what else is found is not asked for here."""
    return [one for one in all_found(service, **query) if one["code"] in GROUPS]


def all_found(service: JobService, **query: Any) -> list[dict[str, Any]]:
    answer = service.client.get(FINDINGS, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["findings"])


def doubles(service: JobService, *ids: str) -> list[dict[str, Any]]:
    return [one for id in ids for one in service.client.get(f"/v1/products/{id}").json()["doubles"]]


def test_an_audit_finds_what_is_listed_twice_and_keeps_what_was_said_of_it(service: JobService) -> None:
    before = service.client.get(AUDIT).json()
    assert (before["runs"], before["counts"], before["merging"]["promised"]) == ([], {}, False)
    job = audited(service)
    assert (job["state"], job["auditing"], job["total"], job["done"]) == ("complete", True, 4, 4)
    double, variant = found(service)
    assert sorted(one["code"] for one in doubles(service, "1", "2", "3", "4")) == ["duplicate", "variant", "variant"]
    assert (double["code"], {double["product"], *double["others"]}) == ("duplicate", {"1", "2"})
    assert (variant["code"], variant["field"], variant["state"]) == ("variant", "colour", "open")
    assert {"id": "1", "title": SHOP[0]["title"], "images": 0} in double["products"]
    assert double["evidence"]
    assert [one["code"] for one in found(service, product="3")] == ["variant"]

    said = service.client.post(f"{FINDINGS}/{double['id']}", json={"verdict": "dismissed"})
    assert (said.status_code, said.json()["state"]) == (200, "dismissed")
    assert [one["code"] for one in doubles(service, "1", "2")] == []
    service.client.post(f"{FINDINGS}/{variant['id']}", json={"verdict": "accepted"})
    assert found(service) == []
    audited(service)
    assert found(service) == []
    assert [one["id"] for one in found(service, state="all")] == [double["id"], variant["id"]]
    told = service.client.get(AUDIT).json()
    counts = [{code: run["counts"].get(code, 0) for code in GROUPS} for run in told["runs"]]
    assert counts == [{"duplicate": 0, "variant": 1}, {"duplicate": 1, "variant": 1}]
    assert told["runs"][0]["figures"]["distinct"] == 3
    assert 0 < told["runs"][0]["figures"]["completeness"] < 100

    rows = list(csv.DictReader(io.StringIO(service.client.get(PATCH).text)))
    assert {row["id"] for row in rows} == {variant["product"], *variant["others"]}
    assert {row["item_group_id"] for row in rows} == {min(row["id"] for row in rows)}
    assert service.client.delete(f"{FINDINGS}/{variant['id']}").status_code == 204
    assert [one["id"] for one in found(service)] == [variant["id"]]
    assert service.client.get(PATCH).text == "id\r\n"
    assert service.client.delete(f"{FINDINGS}/{double['id']}").status_code == 204
    assert [one["code"] for one in doubles(service, "1", "2")] == ["duplicate"], "it is noted again"


def test_what_it_finds_together_is_in_the_graph(service: JobService) -> None:
    audited(service)
    for finding, predicate in zip(found(service), ("sameAs", "isVariantOf"), strict=True):
        edges = service.client.get(f"/v1/products/{finding['product']}/knowledge").json()["edges"]
        told = [edge for edge in edges if edge["source"] == f"finding:{finding['id']}"]
        assert [(edge["predicate"], edge["object"], edge["by"]) for edge in told] == [
            (predicate, f"product:{other}", "audit") for other in finding["others"]
        ]
        query = {"predicate": predicate, "object": f"product:{finding['product']}"}
        others = service.client.get("/v1/knowledge", params=query).json()["edges"]
        assert {edge["source"] for edge in others} >= {f"finding:{finding['id']}"}


def test_what_is_deleted_is_no_longer_told_of(service: JobService) -> None:
    audited(service)
    assert service.client.delete("/v1/products/2").status_code == 204
    assert [one["code"] for one in found(service)] == ["variant"]


def test_a_damaged_audit_keeps_no_product_from_being_deleted(service: JobService) -> None:
    with service.store._audits.file.use() as db:
        db.execute("DROP TABLE about")
    assert service.client.delete("/v1/products/2").status_code == 204
    assert_error(service.client.delete("/v1/products/3", params={"erase": "true"}), 500, "state_damaged")
    assert service.stored() == ["1", "3", "4"]


def test_an_audit_of_nothing_finds_nothing(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS) as empty:
        assert audited(empty)["state"] == "complete"
        assert empty.client.get(AUDIT).json()["runs"][0]["products"] == 0


def test_while_one_waits_no_second_audit_is_begun(tmp_path: Path, model: Understander) -> None:
    with office(tmp_path, model, SETTINGS, start=False) as idle:
        first, second = idle.client.post(AUDIT).json(), idle.client.post(AUDIT).json()
        assert first["id"] == second["id"]
        assert idle.client.post(f"/v1/jobs/{first['id']}/cancel").json()["state"] == "cancelled"


def test_pages_of_findings_follow_each_other(service: JobService) -> None:
    audited(service)
    first = service.client.get(FINDINGS, params={"limit": 1}).json()
    second = service.client.get(FINDINGS, params={"limit": 100, "after": first["after"]}).json()
    assert [one["code"] for one in (*first["findings"], *second["findings"])][:2] == ["duplicate", "variant"]
    assert second["after"] is None


def test_what_all_products_lack_is_told_once(service: JobService) -> None:
    audited(service)
    [one] = [one for one in all_found(service, code="image_missing")]
    assert (one["product"], one["sentence"]) == ("", "True of 4 products: It has no image.")
    assert {product["id"] for product in one["products"]} == {"1", "2", "3", "4"}
    one_value = service.client.post(f"{FINDINGS}/{one['id']}", json={"verdict": "corrected", "value": "1.jpg"})
    assert_error(one_value, 422, "request_invalid", "verdict")
    said = service.client.post(f"{FINDINGS}/{one['id']}", json={"verdict": "dismissed"})
    assert said.status_code == 200
    audited(service)
    assert all_found(service, code="image_missing") == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"verdict": "corrected"}, "value"),
        ({"verdict": "accepted", "value": "red"}, "value"),
        ({"verdict": "open"}, "verdict"),
        ({}, "verdict"),
    ],
)
def test_a_verdict_that_says_nothing_is_refused(service: JobService, body: dict[str, str], param: str) -> None:
    audited(service)
    [first, _] = found(service)
    answer = service.client.post(f"{FINDINGS}/{first['id']}", json=body)
    assert_error(answer, 422, "request_invalid", param)
    assert found(service)[0]["id"] == first["id"]


def test_a_feed_comes_back_with_the_corrections_in_it(service: JobService) -> None:
    audited(service)
    variant = found(service, code="variant")[0]
    assert (variant["takes_value"], variant["writes"]) == (False, {"item_group_id": "1"})
    service.client.post(f"{FINDINGS}/{variant['id']}", json={"verdict": "accepted"})
    feed = as_csv([*SHOP[:1], *SHOP[2:]])
    answer = service.client.post(CORRECTED, files={"file": ("shop.csv", feed)})
    assert (answer.status_code, answer.headers["x-corrected-products"]) == (200, "2")
    assert "corrected-shop.csv" in answer.headers["content-disposition"]
    assert [row["item_group_id"] for row in csv.DictReader(io.StringIO(answer.text))] == ["1", "1", ""]
    other = service.client.post(CORRECTED, files={"file": ("shop.csv", b"id,title\n9,Shoe\n")})
    assert_error(other, 422, "corrections_unplaced", "file")
    without_ids = service.client.post(CORRECTED, files={"file": ("shop.csv", b"shade,title\n9,Shoe\n")})
    assert_error(without_ids, 422, "feed_columns_invalid", "columns")
    xml = b"<shop><item><id>1</id><title>Shoe</title></item></shop>"
    assert_error(service.client.post(CORRECTED, files={"file": ("s.xml", xml)}), 422, "feed_format_unsupported", "file")


def test_a_correction_is_one_line(service: JobService) -> None:
    audited(service)
    one = found(service)[0]
    for value in ("a\nb", "a\0b"):
        answer = service.client.post(f"{FINDINGS}/{one['id']}", json={"verdict": "corrected", "value": value})
        assert_error(answer, 422, "correction_invalid", "value")


def test_what_is_of_several_products_has_no_field_to_correct(service: JobService) -> None:
    audited(service)
    together = [*found(service), *all_found(service, code="image_missing")]
    for one in together:
        answer = service.client.post(f"{FINDINGS}/{one['id']}", json={"verdict": "corrected", "value": "red"})
        assert_error(answer, 422, "request_invalid", "verdict")
    assert len(together) == 3


def test_what_is_unknown_is_told(service: JobService) -> None:
    unknown = f"{FINDINGS}/0123456789abcdef"
    assert_error(service.client.post(unknown, json={"verdict": "accepted"}), 404, "finding_not_found")
    assert_error(service.client.delete(unknown), 404, "finding_not_found")
    assert_error(service.client.get(FINDINGS, params={"state": "lost"}), 422, "request_invalid", "state")


def test_a_kind_of_fault_that_there_is_not_is_refused(service: JobService) -> None:
    answer = service.client.get(FINDINGS, params={"code": "dublicate"})
    assert_error(answer, 422, "request_invalid", "code")
    assert "duplicate" in answer.json()["error"]["message"]
