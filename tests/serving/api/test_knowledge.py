"""Questions, documents and the graph over HTTP, with a tiny real model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from typer.testing import CliRunner

from catalog.understand import Understander
from serving.api.schemas.knowledge.ask import NOT_ANSWERED
from serving.client import Client
from serving.middleware.api_keys import add_key
from shelflens.cli import app
from tests.support.answers import assert_error
from tests.support.endpoint import endpoint
from tests.support.services import SETTINGS, tiny_client
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

SHIRT = {
    "title": "Red shirt",
    "description": "Soft and light. The sleeves are 60 cm long.",
    "brand": "Halden",
    "attributes": {"material": "cotton", "weight": "0.2 kg"},
}
CARE = b"# Care\n\nMachine wash at 30 degrees. Do not bleach.\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("knowledge") / "model")


@pytest.fixture(scope="module")
def model(base: Path) -> Understander:
    return Understander.load(base)


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index") as client:
        for id, brand in (("shirts/1", "Halden"), ("2", "Norvik")):
            assert client.put(f"/v1/products/{id}", json=SHIRT | {"brand": brand}).status_code == 201
        yield client


def asked(client: TestClient, question: str, path: str = "/v1/products/shirts/1/ask", **rest: Any) -> dict[str, Any]:
    response = client.post(path, json={"question": question, **rest})
    assert response.status_code == 200, response.text
    return dict(response.json())


def keep(client: TestClient, content: bytes = CARE, **query: str) -> Any:
    headers = {"Content-Type": "application/octet-stream"}
    return client.post("/v1/documents", params={"name": "care.md"} | query, content=content, headers=headers)


def test_a_question_is_answered_by_an_attribute(client: TestClient) -> None:
    found = asked(client, "What material is it?")
    assert found["answered"]
    best = found["answers"][0]
    assert (best["text"], best["source"], best["name"], best["by"]) == ("cotton", "attribute", "material", "feed")
    assert (best["product_id"], best["certainty"]) == ("shirts/1", 1.0)


def test_what_nothing_says_is_not_answered(client: TestClient) -> None:
    found = asked(client, "Who won the world cup in 1966?")
    assert (found["answered"], found["answers"], found["message"]) == (False, [], NOT_ANSWERED)


def test_the_whole_catalogue_is_asked(client: TestClient) -> None:
    found = asked(client, "Which material is the red shirt made of?", "/v1/ask")
    assert {answer["text"] for answer in found["answers"]} >= {"cotton"}
    assert {answer["product_id"] for answer in found["answers"]} <= {"shirts/1", "2", ""}


def test_reviews_answer_what_the_listing_does_not(client: TestClient) -> None:
    review = {"id": "r-1", "text": "Bought it in May. The zip broke after two weeks of use."}
    assert client.post("/v1/products/shirts/1/reviews", json={"reviews": [review]}).status_code == 200
    answers = asked(client, "Has the zip of anybody broken after two weeks?")["answers"]
    [found] = [answer for answer in answers if answer["source"] == "review"]
    assert (found["text"], found["start"]) == ("The zip broke after two weeks of use.", 18)
    assert (found["name"], found["by"], found["certainty"]) == ("r-1", "review", 0.5)


def test_documents_answer_what_they_are_about(client: TestClient) -> None:
    kept = keep(client, scope="brand", target="HALDEN")
    assert kept.status_code == 201, kept.text
    assert (kept.json()["kind"], kept.json()["target"], kept.json()["pieces"]) == ("markdown", "halden", 2)
    best = asked(client, "Can I machine wash it?")["answers"][0]
    assert (best["text"], best["document"], best["name"]) == ("Machine wash at 30 degrees.", "care.md", "Care")
    texts = {answer["text"] for answer in asked(client, "Can I machine wash it?", "/v1/products/2/ask")["answers"]}
    assert "Machine wash at 30 degrees." not in texts
    assert [one["id"] for one in client.get("/v1/documents").json()["documents"]] == [kept.json()["id"]]
    assert client.delete(f"/v1/documents/{kept.json()['id']}").status_code == 204
    assert_error(client.delete(f"/v1/documents/{kept.json()['id']}"), 404, "document_not_found")


def test_a_document_of_a_product_is_erased_with_it(client: TestClient, tmp_path: Path) -> None:
    keep(client, scope="product", target="2")
    keep(client)
    assert client.delete("/v1/products/2", params={"erase": True}).status_code == 204
    assert [one["scope"] for one in client.get("/v1/documents").json()["documents"]] == ["shop"]


@pytest.mark.parametrize(
    ("query", "content", "status", "code"),
    [
        ({"name": "care.exe"}, CARE, 422, "document_format_unsupported"),
        ({"name": "care.pdf"}, b"%PDF-1.4 nothing", 422, "document_damaged"),
        ({}, b"", 422, "document_empty"),
        ({}, b"x" * (9 << 20), 413, "document_too_large"),
    ],
)
def test_what_cannot_be_read_has_a_code(
    client: TestClient, query: dict[str, str], content: bytes, status: int, code: str
) -> None:
    assert_error(keep(client, content, **query), status, code)


def test_a_scope_needs_a_target(client: TestClient) -> None:
    assert_error(keep(client, scope="product"), 422, "request_invalid", "target")
    assert_error(keep(client, target="2"), 422, "request_invalid", "target")


def test_unknown_products_and_empty_questions_are_refused(client: TestClient) -> None:
    assert_error(client.post("/v1/products/none/ask", json={"question": "red?"}), 404, "product_not_found")
    assert_error(client.post("/v1/ask", json={"question": ""}), 422, "request_invalid", "question")
    of_one = {"question": "red?", "filter": {"brand": "Halden"}}
    assert_error(client.post("/v1/products/2/ask", json=of_one), 422, "request_invalid", "filter")
    wrong = client.post("/v1/ask", json={"question": "red?", "filter": {"colour": "red"}})
    assert_error(wrong, 422, "filter_invalid")
    assert_error(
        client.post("/v1/ask", json={"question": "red?", "filter": {"category": "none"}}), 422, "filter_invalid"
    )
    assert_error(client.get("/v1/products/none/knowledge"), 404, "product_not_found")


def test_the_graph_is_paged_and_filtered(client: TestClient) -> None:
    keep(client, scope="brand", target="halden")
    edges: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        page = client.get("/v1/knowledge", params={"limit": 5, "after": after}).json()
        assert len(page["edges"]) <= 5
        edges, after = edges + page["edges"], page["after"]
    assert {edge["subject"] for edge in edges} >= {"product:shirts/1", "product:2"}
    assert len(edges) == len({tuple(edge.values()) for edge in edges})
    found = client.get("/v1/knowledge", params={"predicate": "brand", "object": "NORVIK"}).json()
    assert [edge["subject"] for edge in found["edges"]] == ["product:2"]
    one = client.get("/v1/knowledge", params={"subject": "product:shirts/1", "predicate": "subjectOf"}).json()
    assert [(edge["by"], edge["source"]) for edge in one["edges"]] == [("document", "care.md")]
    assert client.get("/v1/knowledge", params={"subject": "product:none"}).json() == {"edges": [], "after": None}


def test_a_product_is_known(client: TestClient) -> None:
    found = client.get("/v1/products/shirts/1/knowledge").json()
    assert found["jsonld"]["brand"] == {"@type": "Brand", "name": "Halden"}
    assert {edge["subject"].partition(":")[0] for edge in found["edges"]} <= {"product", "category"}


def test_a_filter_says_which_products_are_asked(client: TestClient) -> None:
    offers = {"shirts/1": {"brand": "Halden", "price": 19.0}, "2": {"brand": "Norvik", "availability": "out_of_stock"}}
    for id, offer in offers.items():
        assert client.put(f"/v1/products/{id}", json=SHIRT | offer).status_code == 200
    keep(client, b"The material of all our shirts is organic cotton.")

    def of_products(filter: dict[str, Any] | None) -> set[str]:
        answers = asked(client, "What material is it?", "/v1/ask", filter=filter)["answers"]
        assert "document" in {answer["source"] for answer in answers}, "the shop is asked, whatever the filter"
        return {answer["product_id"] for answer in answers if answer["source"] == "attribute"}

    assert of_products(None) == {"shirts/1", "2"}
    assert of_products({"brand": "Norvik"}) == {"2"}
    assert of_products({"attributes": {"material": "cotton"}, "not": {"brand": "norvik"}}) == {"shirts/1"}
    assert of_products({"price": {"lte": 20}}) == {"shirts/1"}
    assert of_products({"availability": "out_of_stock"}) == {"2"}
    assert of_products({"price": {"gte": 100}}) == set()


def test_a_key_that_reads_may_ask_and_not_keep(model: Understander, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"keys": tmp_path / "keys.json"})
    key = add_key(settings.keys, "reader", "read")
    with tiny_client(model, tmp_path / "index", settings) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        assert asked(client, "red?", "/v1/ask")["message"] == NOT_ANSWERED
        assert client.post("/v1/products/1/ask", json={"question": "red?"}).status_code == 404
        assert client.get("/v1/knowledge").status_code == 200
        assert_error(keep(client), 403, "scope_insufficient")


def test_the_client_asks_and_keeps(client: TestClient, tmp_path: Path) -> None:
    with Client("http://testserver", transport=Through(client)) as asking:
        assert asking.ask("What material is it?", product_id="shirts/1").answers[0].text == "cotton"
        assert asking.ask("Who won the world cup in 1966?").answered is False
        of_one = asking.ask("What material is it?", filter={"brand": "Norvik"})
        assert {answer.product_id for answer in of_one.answers} == {"2"}
        (tmp_path / "faq.txt").write_text("We ship on Mondays.")
        kept = asking.add_document(tmp_path / "faq.txt")
        assert [one.name for one in asking.documents().documents] == ["faq.txt"]
        assert asking.knowledge(predicate="brand").edges[0].object in ("Halden", "Norvik")
        assert asking.product_knowledge("shirts/1").jsonld["productID"] == "shirts/1"
        asking.delete_document(kept.id)
        assert asking.documents().documents == []


def test_the_commands_ask_and_export(model: Understander, base: Path, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path / "index") as client:
        client.put("/v1/products/1", json=SHIRT)
        keep(client)
    run = CliRunner().invoke
    folder = ["--index", str(tmp_path / "index")]
    out = tmp_path / "graph.csv"
    assert run(app, ["knowledge", "export", *folder, "--format", "csv", "--output", str(out)]).exit_code == 0
    assert "product:1,brand,Halden,feed,1," in out.read_text()
    assert "product:1,subjectOf,document:1,document,1,care.md" in out.read_text()
    found = run(app, ["knowledge", "export", *folder])
    assert '"@type": "Product"' in found.stdout
    about = ["--product", "1", "--model", str(base), *folder]
    found = run(app, ["ask", "What material is it?", *about])
    assert (found.exit_code, found.stdout.split("  ")[1:2]) == (0, ["cotton"])
    found = run(app, ["ask", "Can I machine wash it?", "--json", *about])
    assert '"document": "care.md"' in found.stdout
    found = run(app, ["ask", "Who won the world cup in 1966?", *about])
    assert (found.exit_code, found.stdout) == (1, "The listing does not say.\n")
    assert run(app, ["ask", "red?", "--product", "none", *about[2:]]).exit_code == 2
    whole = ["ask", "What material is it?", *about[2:]]
    found = run(app, whole)
    assert (found.exit_code, found.stdout.split("  ")[1:]) == (0, ["cotton", "(1, attribute: material)\n"])
    assert run(app, [*whole, "--filter", '{"brand": "Norvik"}']).exit_code == 1
    found = run(app, [*whole, "--filter", "{}", "--product", "1"])
    assert (found.exit_code, "whole catalogue" in found.output) == (2, True)


def test_an_answer_is_reworded_and_what_is_added_is_refused(model: Understander, tmp_path: Path) -> None:
    said = ("The material is cotton.", "It is 100% organic cotton.", "It is not cotton.", None)
    with endpoint(*said) as (url, requests):
        update = {"llm_url": url, "llm_model": "small", "llm_key": SecretStr("k-1")}
        with tiny_client(model, tmp_path / "index", SETTINGS.model_copy(update=update)) as client:
            client.put("/v1/products/1", json=SHIRT)
            body = {"question": "What material is it?", "reword": True}
            found = [client.post("/v1/products/1/ask", json=body).json() for _ in said]
            client.post("/v1/products/1/ask", json=body | {"reword": False})
    assert [(one["reworded"], one["rewording"]) for one in found] == [
        ("The material is cotton.", "done"),
        ("", "refused"),
        ("", "refused"),
        ("", "failed"),
    ]
    assert all(one["answers"][0]["text"] == "cotton" for one in found)
    assert len(requests) == len(said)
    path, key, asked_for = requests[0]
    assert (path, key, asked_for["model"]) == ("/v1/chat/completions", "Bearer k-1", "small")
    assert "material: cotton" in asked_for["messages"][1]["content"]


def test_without_an_endpoint_nothing_is_reworded(client: TestClient) -> None:
    body = {"question": "What material is it?", "reword": True}
    found = client.post("/v1/products/shirts/1/ask", json=body).json()
    assert (found["reworded"], found["rewording"], found["answered"]) == ("", "off", True)
