"""The OpenAPI document: whole, true of itself, and true of the service, to which thousands of requests made from it are
sent.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from jsonschema import Draft202012Validator
from requests import Session
from schemathesis import GenerationMode
from schemathesis.generation.feedback import NO_FEEDBACK
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from catalog.understand import Understander
from serving.api.app import build_app
from serving.api.examples import JOB_REQUEST, PRODUCT_ID, PRODUCT_REQUEST
from serving.api.openapi import BODY, COMMON
from serving.inference.local import LocalBackend
from tests.support.services import SETTINGS, tiny_services, tiny_store
from tests.support.tiny import tiny_onnx_folder

OPERATIONS = {
    "activate_model",
    "add_events",
    "add_category",
    "add_reviews",
    "add_document",
    "analyze_products",
    "append_to_upload",
    "ask_catalogue",
    "ask_product",
    "begin_audit",
    "begin_upload",
    "cancel_job",
    "check_health",
    "check_readiness",
    "compare_models",
    "confirm_category",
    "correct_feed",
    "create_embeddings",
    "delete_document",
    "delete_model",
    "delete_product",
    "delete_review",
    "delete_upload",
    "export_products",
    "find_bought_together",
    "find_intents",
    "find_similar_products",
    "forget_user",
    "forecast_demand",
    "get_audit_patch",
    "get_audits",
    "get_category_list",
    "get_category_map",
    "get_category_sheet",
    "get_job",
    "get_metrics",
    "get_overview",
    "get_product",
    "get_product_image",
    "get_review_summary",
    "get_product_price",
    "get_product_knowledge",
    "get_taxonomy",
    "get_training_set",
    "get_upload",
    "give_feedback",
    "give_feedback_on_several",
    "give_feedback_on_those_alike",
    "judge_finding",
    "learn_from_verdicts",
    "list_confirmed_categories",
    "list_documents",
    "list_edges",
    "list_feedback",
    "list_findings",
    "list_job_errors",
    "list_job_warnings",
    "list_jobs",
    "list_models",
    "list_products",
    "list_products_alike",
    "list_products_to_review",
    "list_proposed_categories",
    "list_reviews",
    "list_sources",
    "list_user_events",
    "patch_product",
    "preview_feed",
    "put_category_list",
    "put_product",
    "recommend_to_session",
    "recommend_to_user",
    "reopen_finding",
    "search_products",
    "submit_job",
    "suggest_price",
    "take_confirmation_back",
    "take_feedback_back",
    "write_draft",
    "write_product_draft",
}
# Of what is not there they make, or say, what can be had without it.
NOT_MISSING = ("put_product", "recommend_to_user")
# Requests in all, and of each kind for each operation.
FEWEST, EACH = 2_000, 40
# What the document allows, these may still refuse as a matter of their fields: a verdict that does not fit what comes
# with it, an id that ends as an address does, and columns that are not JSON.
PARTICULAR = {
    "add_category",
    "add_document",
    "correct_feed",
    "give_feedback",
    "give_feedback_on_those_alike",
    "judge_finding",
    "list_findings",
    "patch_product",
    "preview_feed",
    "put_category_list",
    "put_product",
    "submit_job",
}


class Service(NamedTuple):
    """known: ids in paths that lead to something, by the start of the path."""

    app: FastAPI
    client: Session
    known: dict[str, str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("served")
    model = Understander.load(tiny_onnx_folder(folder / "model"))
    source = folder / "feeds" / JOB_REQUEST["source"]
    source.parent.mkdir(parents=True)
    source.write_text("id,name\n1,red shirt\n")
    served = SETTINGS.model_copy(update={"feeds": folder / "feeds", "max_queued_jobs": 10_000})
    with tiny_store(folder / "index") as store:
        services = tiny_services(LocalBackend(lambda: model, served), store, folder / "jobs", served)
        app = build_app(services, served)
        with get_client(app) as client:
            deadline = time.monotonic() + 60
            while client.get("http://testserver/readyz").status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            job = client.post("http://testserver/v1/jobs", json=JOB_REQUEST).json()["id"]
            yield Service(app, client, {"/v1/products": PRODUCT_ID, "/v1/jobs": job, "/v1/models": model.version})


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    return service.app.openapi()


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for described in document["paths"].values():
        yield from described.values()


def test_every_operation_is_named_and_described(document: dict[str, Any]) -> None:
    assert {described["operationId"] for described in operations(document)} == OPERATIONS
    assert len(list(operations(document))) == len(OPERATIONS)
    for described in operations(document):
        assert re.fullmatch(r"[A-Z][^.]{5,70}", described["summary"])
        assert re.fullmatch(r"[A-Z].{10,}\.", described["description"], re.DOTALL)
        assert len(described["tags"]) == 1
    assert document["info"].keys() == {"title", "version", "summary", "description"}


def test_every_schema_is_there_and_used(document: dict[str, Any]) -> None:
    names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert names <= document["components"]["schemas"].keys()
    assert document["components"]["schemas"].keys() - names <= {"FailedRow", "FeedbackOut", "HTTPValidationError"}


def test_every_request_and_answer_has_an_example_that_is_right(document: dict[str, Any]) -> None:
    checked = Counter[str]()
    for described in operations(document):
        bodies = [described["requestBody"]] if "requestBody" in described else []
        for part in (*bodies, *described["responses"].values()):
            for kind, content in part.get("content", {}).items():
                for example in examples_of(content):
                    check(content["schema"], example, document)
                    checked[described["operationId"]] += 1
                if not content["schema"].get("contentMediaType"):
                    assert examples_of(content), (described["operationId"], kind)
    assert checked.keys() == OPERATIONS


def examples_of(content: dict[str, Any]) -> list[Any]:
    return [one["value"] for one in content.get("examples", {}).values()] + [
        content[name] for name in ("example",) if name in content
    ]


def check(schema: dict[str, Any], example: Any, document: dict[str, Any]) -> None:
    Draft202012Validator({**schema, "components": document["components"]}).validate(example)


def test_every_operation_has_its_errors(document: dict[str, Any]) -> None:
    common, of_bodies = ({str(status) for status in statuses(errors)} for errors in (COMMON, BODY))
    for path, described in document["paths"].items():
        for one in described.values():
            said = {status for status in one["responses"] if status >= "400"}
            if "security" in one:
                assert said >= common
            if "requestBody" in one:
                assert said >= of_bodies
            if "{id}" in path:
                assert said >= {"404", "422"} or one["operationId"] in NOT_MISSING
            for status in said:
                content = one["responses"][status]["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
                for code, example in content["examples"].items():
                    assert example["value"]["error"]["code"] == code
                    assert f"`{code}`" in one["responses"][status]["description"]


def statuses(errors: Any) -> set[int]:
    from serving.error_responses import status_of

    return {status_of(error()) for error in errors}


@pytest.mark.slow
def test_thousands_of_requests_made_from_the_document_are_answered_as_it_says(
    service: Service, document: dict[str, Any]
) -> None:
    schema = schemathesis.openapi.from_dict(of_this_model(document))
    schema.app = service.app
    asked = Counter[str]()
    for found in schema.get_all_operations():
        one = found.ok()
        known = next((id for start, id in service.known.items() if one.path.startswith(f"{start}/{{id}}")), None)
        asked[one.label] += send(service, one, GenerationMode.POSITIVE, None)
        asked[one.label] += send(service, one, GenerationMode.NEGATIVE, None)
        if known is not None:
            asked[one.label] += send(service, one, GenerationMode.POSITIVE, {"id": known})
    assert len(asked) == len(OPERATIONS)
    assert asked.total() >= FEWEST


def of_this_model(document: dict[str, Any]) -> dict[str, Any]:
    """The document as if it had been written for the tiny model, so that its examples are answered, and not for any.
    A deadline makes every request fail that is too slow for it, so none is given.
    """
    text = json.dumps(document).replace("clothing.shirt", "clothes.shirt")
    text = text.replace('"embedding_dimensions": 64', '"embedding_dimensions": 16')
    adapted: dict[str, Any] = json.loads(text.replace('"dimensions": 64', '"dimensions": 16'))
    schemas = adapted["components"]["schemas"]
    for name, field in (("AnalyzeRequest", "embedding_dimensions"), ("EmbeddingsRequest", "dimensions")):
        schemas[name]["properties"][field]["anyOf"] = [{"type": "integer", "enum": [8, 16, 32]}, {"type": "null"}]
    for described in operations(adapted):
        parameters = described.get("parameters", [])
        described["parameters"] = [one for one in parameters if one["name"] != "X-Request-Deadline-Seconds"]
    return adapted


def send(service: Service, one: Any, mode: GenerationMode, path: dict[str, str] | None) -> int:
    """Requests of one kind, always the same. Returns how many there were, none where there can be none."""
    sent = 0
    url = f"http://testserver/v1/products/{PRODUCT_ID}"
    assert service.client.put(url, json=PRODUCT_REQUEST).status_code in (200, 201)

    @settings(
        max_examples=EACH,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(one.as_strategy(mode, path_parameters=path, feedback=NO_FEEDBACK))
    def ask(case: schemathesis.Case) -> None:
        nonlocal sent
        sent += 1
        response = case.call(session=service.client)
        # What a form holds is text: null or an object in its fields arrives as text, a title or a feed like any other.
        formed = case.media_type == "multipart/form-data"
        # Of a parameter that comes several times the last one counts, as FastAPI has it.
        repeated = any(isinstance(value, list) for value in (case.query or {}).values())
        excluded = [positive_data_acceptance, *([negative_data_rejection] if formed or repeated else [])]
        case.validate_response(response, excluded_checks=excluded)
        if mode is GenerationMode.POSITIVE and response.status_code >= 400:
            code = response.json()["error"]["code"]
            id = one.definition.raw["operationId"]
            assert response.status_code != 400, case.as_curl_command()
            assert code != "request_invalid" or id in PARTICULAR, case.as_curl_command()

    try:
        ask()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
    return sent
