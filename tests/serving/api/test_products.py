"""Stored products, search, feedback, embeddings and models over HTTP, in one process with tiny real parts."""

import asyncio
import base64
import io
import json
import sqlite3
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from catalog.images.thumbnails import SIDE
from catalog.understand import Understander
from serving.api.app import build_app
from serving.inference.local import LocalBackend
from tests.support.catalogue import COLOURS as COLOUR_VALUES
from tests.support.catalogue import KINDS as KIND_SHAPES
from tests.support.catalogue import draw_product
from tests.support.malformed.images import encode
from tests.support.services import SETTINGS, tiny_client, tiny_services, tiny_store
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy
from training.data.manifests import read_manifest

KINDS = list(KIND_SHAPES)
COLOURS = list(COLOUR_VALUES)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index") as client:
        yield client


@pytest.fixture(scope="module")
def catalogue(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client whose index holds a product of each kind and colour; tests of it change nothing."""
    with tiny_client(model, tmp_path_factory.mktemp("catalogue") / "index") as client:
        for kind in KINDS:
            for price, colour in enumerate(COLOURS):
                store(client, f"{kind}-{colour}", kind, colour, price=price, brand=colour.title())
        yield client


def uri(kind: str, colour: str) -> str:
    return "data:image/png;base64," + base64.b64encode(encode(draw_product(kind, colour), "PNG")).decode()


def store(client: TestClient, id: str, kind: str = "Shirt", colour: str = "red", **fields: object) -> dict[str, Any]:
    body = {"title": f"{colour} {kind}", "images": [uri(kind, colour)], **fields}
    response = client.put(f"/v1/products/{id}", json=body)
    assert response.status_code in (200, 201), response.text
    found: dict[str, Any] = response.json()
    return found


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_product_is_stored_read_changed_and_forgotten(client: TestClient) -> None:
    body = {"title": "red Shirt", "brand": "Acme", "price": 9.5, "currency": "EUR", "attributes": {"size": "M"}}
    created = client.put("/v1/products/a", json=body)
    assert created.status_code == 201
    assert client.put("/v1/products/a", json=body).status_code == 200
    read = client.get("/v1/products/a").json()
    assert read == created.json()
    assert {name: read[name] for name in body} == body
    assert read["understanding"]["modalities_used"] == ["text"]
    assert read["embedding"] is None
    embedding = client.get("/v1/products/a", params={"include": "embedding"}).json()["embedding"]
    assert abs(np.linalg.norm(embedding) - 1) < 1e-5
    assert client.patch("/v1/products/a", json={"price": None, "brand": "Other"}).json()["price"] is None
    assert client.get("/v1/products/a").json()["brand"] == "Other"
    assert client.delete("/v1/products/a").status_code == 204
    assert code(client.get("/v1/products/a")) == (404, "product_not_found")
    assert code(client.delete("/v1/products/a")) == (404, "product_not_found")


OFFER: dict[str, Any] = {
    "brand": "Acme",
    "price": 24.95,
    "currency": "EUR",
    "link": "https://shop.example/1",
    "product_type": "Shoes > Trail",
    "attributes": {"colour": ["Red", "White"], "material": "Leather"},
    "list_price": 47.0,
    "sale_price": 24.95,
    "sale_dates": "2026-11-27T00:00+01:00/",
    "unit_price": 12.5,
    "unit_measure": "1 kg",
    "availability": "out_of_stock",
    "status": "active",
    "sku": "RUN-1",
    "gtin": "4006381333931",
    "mpn": "R/1",
    "google_product_category": "187",
    "variants": [
        {"options": {"size": "41"}, "sku": "RUN-41", "gtin": "", "mpn": "", "price": 24.95, "availability": "in_stock"}
    ],
}


def test_the_whole_offer_is_given_back_as_it_was_sent(client: TestClient) -> None:
    stored = store(client, "a", **OFFER)
    assert stored == client.get("/v1/products/a").json()
    assert {name: stored[name] for name in OFFER} == OFFER
    assert store(client, "b", attributes={"size": ["41"]})["attributes"] == {"size": "41"}


def test_null_is_no_value(client: TestClient) -> None:
    plain = store(client, "a")
    nulls = dict.fromkeys(("description", *OFFER))
    stored = store(client, "a", **nulls)
    assert stored == plain
    store(client, "a", **OFFER)
    cleared = client.patch("/v1/products/a", json=nulls).json()
    assert cleared == plain
    assert client.patch("/v1/products/a", json={"title": None, "images": None}).status_code == 422


def test_the_price_follows_the_sale_unless_it_is_given(client: TestClient) -> None:
    def patched(**fields: object) -> float:
        price: float = client.patch("/v1/products/a", json=fields).json()["price"]
        return price

    assert store(client, "a", list_price=47, sale_price=24.95)["price"] == 24.95
    assert patched(sale_dates="2020-01-01/2020-02-01") == 47
    assert patched(sale_dates="2020-01-01/", sale_price=20) == 20
    assert patched(sale_price=None) == 47
    assert patched(price=45) == 45
    assert patched(list_price=50) == 45
    assert patched(price=None, sale_price=30) is None


def test_what_is_not_for_sale_is_kept_and_found_when_it_is_asked_for(client: TestClient) -> None:
    store(client, "a")
    store(client, "sold-out", availability="out_of_stock", sku="OUT-77")
    store(client, "draft", status="draft", sku="SOON-77")

    def found(**body: object) -> set[str]:
        return {product["id"] for product in search(client, text="red Shirt", floor=False, **body)["results"]}

    assert found() == {"a"}
    assert found(include_unavailable=True) == {"a", "sold-out", "draft"}
    assert found(filter={"status": "draft"}) == {"draft"}
    assert {product["id"] for product in browse(client)["products"]} == {"a", "sold-out", "draft"}
    similar = client.get("/v1/products/draft/similar", params={"floor": False}).json()["results"]
    assert [product["id"] for product in similar] == ["a"]
    wider = {"floor": False, "include_unavailable": True}
    assert len(client.get("/v1/products/a/similar", params=wider).json()["results"]) == 2
    assert search(client, text="OUT-77")["results"][0]["id"] == "sold-out"
    assert "draft" not in {product["id"] for product in search(client, text="SOON-77", floor=False)["results"]}


def test_filters_and_facets_know_one_value_by_all_its_spellings(client: TestClient) -> None:
    for id, brand, colour in (("a", "Acme", "Red"), ("b", "ACME", "red"), ("c", "Acme", ["RED", "Blue"])):
        store(client, id, brand=brand, attributes={"color": colour})
    for chosen in ({"brand": "acme"}, {"attributes": {"colour": "red"}}, {"attributes": {"颜色": "Red"}}):
        shown = browse(client, filter=json.dumps(chosen), facets=["brand", "colour"])
        assert shown["total"] == 3
        assert shown["facets"]["brand"] == [{"value": "Acme", "count": 3}]
        assert shown["facets"]["colour"] == [{"value": "RED", "count": 3}, {"value": "Blue", "count": 1}]
    by_label = browse(client, filter='{"category": "Clothes"}')
    assert by_label == browse(client, filter='{"category": "clothes"}')


def test_ids_may_hold_slashes_and_other_signs(client: TestClient) -> None:
    for id in ("AB/12", "ä b", "100%", "?x=1", "analyze"):
        path = "/v1/products/" + quote(id, safe="")
        assert client.put(path, json={"title": "shoe"}).status_code == 201
        assert client.get(path).json()["id"] == id
    assert client.get("/v1/products/AB/12").json()["id"] == "AB/12"


def test_the_models_answer_is_what_is_stored(client: TestClient, model: Understander) -> None:
    stored = store(client, "a")
    item = {"title": "red Shirt", "images": [uri("Shirt", "red")]}
    (analyzed,) = client.post("/v1/products/analyze", json={"items": [item]}).json()["results"]
    assert stored["understanding"] == {name: analyzed[name] for name in stored["understanding"]}
    assert stored["model"] == model.version


def test_images_are_kept_small_and_replaced(client: TestClient) -> None:
    large = "data:image/jpeg;base64," + base64.b64encode(encode(Image.new("RGB", (900, 600), "red"), "JPEG")).decode()
    assert client.put("/v1/products/a", json={"images": [large, uri("Shoe", "blue")]}).json()["images"] == 2
    response = client.get("/v1/products/a/image")
    assert response.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(response.content)).size == (SIDE, SIDE * 600 // 900)
    assert client.get("/v1/products/a/image", params={"n": 1}).status_code == 200
    assert client.patch("/v1/products/a", json={"images": [large]}).json()["images"] == 1
    assert code(client.get("/v1/products/a/image", params={"n": 1})) == (404, "picture_not_kept")
    client.delete("/v1/products/a")
    assert code(client.get("/v1/products/a/image")) == (404, "picture_not_kept")


def test_changed_text_is_read_together_with_the_kept_images(client: TestClient) -> None:
    before = store(client, "a", "Shirt", "red")
    after = client.patch("/v1/products/a", json={"title": "blue shoe"}).json()
    assert after["understanding"]["modalities_used"] == ["image", "text"]
    assert after["understanding"] != before["understanding"]
    assert after["images"] == 1
    # The same words and image again are nothing new to read.
    assert client.put("/v1/products/a", json={"title": "blue shoe", "images": [uri("Shirt", "red")]}).json() == after


def test_changed_text_needs_images_that_were_not_kept(client: TestClient, model: Understander, tmp_path: Path) -> None:
    store(client, "a")
    # As for a product that the command line ingested.
    with sqlite3.connect(tmp_path / "index" / "pictures.sqlite") as db:
        db.execute("DELETE FROM pictures")
    assert code(client.patch("/v1/products/a", json={"title": "blue shoe"})) == (409, "pictures_needed")
    assert client.patch("/v1/products/a", json={"brand": "Acme"}).status_code == 200
    assert client.patch("/v1/products/a", json={"title": "x", "images": [uri("Shoe", "blue")]}).status_code == 200


def test_changes_at_the_same_time_are_all_kept(model: Understander, tmp_path: Path) -> None:
    async def scenario() -> dict[str, Any]:
        with tiny_store(tmp_path / "index") as catalog_store:
            services = tiny_services(LocalBackend(lambda: model, SETTINGS), catalog_store, tmp_path / "jobs")
            app = build_app(services, SETTINGS)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
                while (await client.put("/v1/products/a", json={"title": "red Shirt"})).status_code != 201:
                    await asyncio.sleep(0.05)
                changes = [{"brand": "Acme"}, {"price": 5}, {"title": "blue shoe"}, {"link": "https://x.example"}]
                sent = [client.patch("/v1/products/a", json=change) for change in changes]
                assert {response.status_code for response in await asyncio.gather(*sent)} == {200}
                found: dict[str, Any] = (await client.get("/v1/products/a")).json()
                return found

    found = asyncio.run(scenario())
    assert (found["brand"], found["price"], found["title"], found["link"]) == (
        "Acme",
        5,
        "blue shoe",
        "https://x.example",
    )


@pytest.mark.parametrize(
    ("body", "status", "error", "param"),
    [
        ({}, 422, "product_empty", None),
        ({"title": "  "}, 422, "product_empty", None),
        ({"title": "x" * 8_193}, 422, "request_invalid", "title"),
        ({"titel": "x"}, 422, "request_invalid", "titel"),
        ({"title": "x", "price": -1}, 422, "request_invalid", "price"),
        ({"title": "x", "price": "cheap"}, 422, "request_invalid", "price"),
        ({"title": "x", "currency": "euro"}, 422, "request_invalid", "currency"),
        ({"title": "x", "attributes": {"": "y"}}, 422, "request_invalid", "attributes."),
        ({"title": "x", "attributes": {"size": []}}, 422, "request_invalid", "attributes.size"),
        ({"title": "x", "availability": "soon"}, 422, "request_invalid", "availability"),
        ({"title": "x", "sale_dates": "next week"}, 422, "request_invalid", "sale_dates"),
        ({"title": "x", "variants": [{"colour": "red"}]}, 422, "request_invalid", "variants.0.colour"),
        ({"images": ["https://x.example/a.jpg"]}, 422, "image_url_not_allowed", None),
        ({"images": ["data:image/png;base64,AAAA"]}, 422, "image_format_unsupported", None),
        ({"images": ["x"]}, 422, "image_data_invalid", None),
        ([], 422, "request_invalid", None),
    ],
)
def test_bad_products_are_refused(catalogue: TestClient, body: object, status: int, error: str, param: str) -> None:
    response = catalogue.put("/v1/products/bad", json=body)
    assert code(response) == (status, error)
    assert response.json()["error"]["param"] == param
    assert catalogue.get("/v1/products/bad").status_code == 404


def search(client: TestClient, **body: object) -> dict[str, Any]:
    response = client.post("/v1/search", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_search_by_text_and_image_with_facets(catalogue: TestClient) -> None:
    found = search(catalogue, text="red Shirt", image=uri("Shirt", "red"), limit=3, facets=["brand", "category"])
    assert found["results"][0]["id"] == "Shirt-red"
    assert found["results"][0]["score"] > 0.99
    assert found["results"][0]["images"] == 1
    assert found["total"] == len(KINDS) * len(COLOURS)
    assert found["facets"]["brand"] == [{"value": c.title(), "count": len(KINDS)} for c in sorted(COLOURS)]
    assert len(found["results"]) == 3


def test_search_pages_filters_and_weights(catalogue: TestClient) -> None:
    everything = search(catalogue, text="red Shirt", limit=10)["results"]
    assert search(catalogue, text="red Shirt", limit=4, offset=3)["results"] == everything[3:7]
    cheap = search(catalogue, text="red Shirt", filter={"price": {"lte": 0}})
    assert cheap["total"] == len(KINDS)
    assert {product["price"] for product in cheap["results"]} == {0}
    assert search(catalogue, text="red Shirt", filter={})["total"] == len(KINDS) * len(COLOURS)
    like = search(catalogue, product_id="Shirt-red", text="blue", weights={"product_id": 1, "text": -0.5})
    assert "Shirt-red" not in [product["id"] for product in like["results"]]


def test_similar_products_leave_out_the_product_itself(catalogue: TestClient) -> None:
    found = catalogue.get("/v1/products/Shirt-red/similar", params={"limit": 5, "filter": '{"brand": "Red"}'}).json()
    assert found["total"] == len(KINDS)
    assert {product["brand"] for product in found["results"]} == {"Red"}
    assert "Shirt-red" not in [product["id"] for product in found["results"]]


def browse(client: TestClient, **query: Any) -> dict[str, Any]:
    response = client.get("/v1/products", params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_products_are_browsed_without_a_query(catalogue: TestClient) -> None:
    shown = browse(catalogue, limit=100, facets=["brand", "category"])
    assert shown["total"] == len(shown["products"]) == len(KINDS) * len(COLOURS)
    assert shown["facets"]["brand"] == [{"value": c.title(), "count": len(KINDS)} for c in sorted(COLOURS)]
    times = [product["added_at"] for product in shown["products"]]
    assert times == sorted(times, reverse=True)
    pages = [browse(catalogue, limit=5, offset=offset)["products"] for offset in (0, 5, 10)]
    assert [product for page in pages for product in page] == shown["products"]
    dear = browse(catalogue, sort="price_desc", filter='{"brand": ["Red", "Green"]}', limit=100)
    prices = [product["price"] for product in dear["products"]]
    assert dear["total"] == 2 * len(KINDS)
    assert prices == sorted(prices, reverse=True)


def test_results_are_put_in_order_of_price(catalogue: TestClient) -> None:
    cheap = search(catalogue, text="red Shirt", limit=100, sort="price_asc")["results"]
    assert [product["price"] for product in cheap] == sorted(product["price"] for product in cheap)
    best = search(catalogue, text="red Shirt", limit=100)["results"]
    assert {product["id"]: product["score"] for product in cheap} == {p["id"]: p["score"] for p in best}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("limit=0", "request_invalid"),
        ("offset=10001", "request_invalid"),
        ("sort=relevance", "request_invalid"),
        ("filter={", "filter_invalid"),
        ("facets=", "request_invalid"),
    ],
)
def test_bad_browsing_is_refused(catalogue: TestClient, query: str, error: str) -> None:
    assert code(catalogue.get(f"/v1/products?{query}")) == (422, error)


def test_the_overview_tells_what_the_catalogue_holds(client: TestClient) -> None:
    assert client.get("/v1/overview").json() == {
        "products": 0,
        "decisions": {"auto": 0, "review": 0, "abstain": 0},
        "waiting": 0,
        "departments": [],
        "last_job": None,
    }
    for id in "abc":
        store(client, id)
        client.post("/v1/feedback", json={"product_id": id, "verdict": "correct", "category": "clothes.shirt"})
    store(client, "d", "Pear", "green")
    found = client.get("/v1/overview").json()
    decided = client.get("/v1/products/d").json()["understanding"]["decision"]
    assert found["products"] == sum(found["decisions"].values()) == 4
    assert found["waiting"] == (decided != "auto")
    departments = {one["id"]: (one["label"], one["products"]) for one in found["departments"]}
    assert departments["clothes"][0] == "Clothes"
    assert departments["clothes"][1] >= 3
    assert set(departments) <= {"clothes", "food"}
    feed = {"file": ("spring.csv", b"id,title\ne,red shirt\n")}
    assert client.post("/v1/jobs", files=feed).status_code == 202
    assert client.get("/v1/overview").json()["last_job"]["source"] == "spring.csv"


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({}, 422, "search_empty"),
        ({"text": ""}, 422, "search_empty"),
        ({"text": "x", "limit": 0}, 422, "request_invalid"),
        ({"text": "x", "limit": 101}, 422, "request_invalid"),
        ({"text": "x", "offset": 10_001}, 422, "request_invalid"),
        ({"text": "x", "filter": {"colour": "red"}}, 422, "filter_invalid"),
        ({"text": "x", "filter": {"price": {"near": 5}}}, 422, "filter_invalid"),
        ({"text": "x", "weights": {"text": -1}}, 422, "search_invalid"),
        ({"text": "x", "weights": {"text": 11}}, 422, "request_invalid"),
        ({"product_id": "nobody"}, 404, "product_not_found"),
        ({"image": "data:image/png;base64,AAAA"}, 422, "image_format_unsupported"),
        ({"text": "x", "facets": [""]}, 422, "request_invalid"),
        ({"text": "x", "facets": ["brand", "colr"]}, 422, "search_invalid"),
        ({"text": "x", "filter": {"category": "food.aple"}}, 422, "filter_invalid"),
        ({"text": "x", "filter": {"or": [{"attributes": {"colr": "red"}}, {"brand": "x"}]}}, 422, "filter_invalid"),
        ({"text": "x", "sort": "title"}, 422, "request_invalid"),
        ({"text": "x", "filter": {"availability": "soon"}}, 422, "filter_invalid"),
        ({"text": "x", "filter": {"category": "Foood"}}, 422, "filter_invalid"),
    ],
)
def test_bad_searches_are_refused(catalogue: TestClient, body: object, status: int, error: str) -> None:
    assert code(catalogue.post("/v1/search", json=body)) == (status, error)


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("nobody/similar", 404, "product_not_found"),
        ("Shirt-red/similar?limit=x", 422, "request_invalid"),
        ("Shirt-red/similar?filter=[]", 422, "filter_invalid"),
        ("Shirt-red/similar?filter={", 422, "filter_invalid"),
        ('Shirt-red/similar?filter={"category":"food.aple"}', 422, "filter_invalid"),
        ("Shirt-red?include=all", 422, "request_invalid"),
        ("Shirt-red/image?n=-1", 422, "request_invalid"),
    ],
)
def test_bad_parameters_are_named(catalogue: TestClient, path: str, status: int, error: str) -> None:
    response = catalogue.get(f"/v1/products/{path}")
    assert code(response) == (status, error)
    if error == "request_invalid":
        assert response.json()["error"]["param"] == path.partition("?")[2].partition("=")[0]


def test_embeddings_are_openais(catalogue: TestClient, model: Understander) -> None:
    body = {"model": "text-embedding-3-small", "input": ["red Shirt", "blue shoe"], "user": "me"}
    answer = catalogue.post("/v1/embeddings", json=body).json()
    assert (answer["object"], answer["model"]) == ("list", model.version)
    assert [one["index"] for one in answer["data"]] == [0, 1]
    coded = catalogue.post("/v1/embeddings", json={**body, "encoding_format": "base64"}).json()
    for plain, packed in zip(answer["data"], coded["data"], strict=True):
        np.testing.assert_allclose(
            plain["embedding"], np.frombuffer(base64.b64decode(packed["embedding"]), "<f4"), atol=1e-6
        )
    short = catalogue.post("/v1/embeddings", json={"input": "red Shirt", "dimensions": 8}).json()["data"][0][
        "embedding"
    ]
    head = np.array(answer["data"][0]["embedding"][:8])
    np.testing.assert_allclose(short, head / np.linalg.norm(head), atol=1e-5)


def test_embedding_of_an_image_with_text_is_the_stored_one(catalogue: TestClient) -> None:
    item = {"text": "red Shirt", "image": uri("Shirt", "red")}
    made = catalogue.post("/v1/embeddings", json={"input": [item]}).json()["data"][0]["embedding"]
    stored = catalogue.get("/v1/products/Shirt-red", params={"include": "embedding"}).json()["embedding"]
    np.testing.assert_allclose(made, stored, atol=1e-4)


@pytest.mark.parametrize(
    ("body", "status", "error", "param"),
    [
        ({"input": []}, 422, "request_invalid", "input"),
        ({"input": [""]}, 422, "product_empty", "input.0.text"),
        ({"input": ["x", {"image": "data:,"}]}, 422, "image_data_invalid", "input.1.image"),
        ({"input": "x", "dimensions": 7}, 422, "embedding_dimensions_unsupported", "dimensions"),
        ({"input": "x", "encoding_format": "hex"}, 422, "request_invalid", "encoding_format"),
        ({"input": ["x"] * 2_049}, 422, "too_many_items", "input"),
        ({"input": [[1, 2]]}, 422, "tokens_unsupported", "input"),
        ({"input": ["x", {"text": 5}]}, 422, "request_invalid", "input.1.text"),
        ({"input": 5}, 422, "request_invalid", "input.0"),
        ({}, 422, "request_invalid", "input"),
    ],
)
def test_bad_embeddings_are_refused(catalogue: TestClient, body: object, status: int, error: str, param: str) -> None:
    response = catalogue.post("/v1/embeddings", json=body)
    assert code(response) == (status, error)
    assert response.json()["error"]["param"] == param


def waiting(client: TestClient) -> list[str]:
    ids, after = [], ""
    while True:
        page = client.get("/v1/review", params={"limit": 3, "after": after}).json()
        ids += [product["id"] for product in page["products"]]
        if not page["after"]:
            return ids
        after = page["after"]


def test_verdicts_empty_the_review_queue(client: TestClient) -> None:
    for number in range(7):
        store(client, str(number), KINDS[number % len(KINDS)], COLOURS[number % len(COLOURS)])
    unsure = [
        n for n in map(str, range(7)) if client.get(f"/v1/products/{n}").json()["understanding"]["decision"] != "auto"
    ]
    assert len(unsure) >= 3, "a tiny model is hardly ever sure"
    assert sorted(waiting(client)) == unsure
    accepted, corrected, rejected = unsure[:3]
    leaf = tiny_taxonomy().leaves[0].id
    assert client.post("/v1/feedback", json={"product_id": accepted, "verdict": "accept"}).status_code == 201
    right = {"product_id": corrected, "verdict": "correct", "category": leaf, "attributes": {"colour": "red"}}
    assert client.post("/v1/feedback", json=right).json()["category"] == leaf
    assert client.post("/v1/feedback", json={"product_id": rejected, "verdict": "reject"}).status_code == 201
    assert sorted(waiting(client)) == unsure[3:]
    assert client.get("/v1/review").json()["total"] == len(unsure[3:])
    found = client.get(f"/v1/products/{corrected}").json()["understanding"]
    assert (found["category"]["id"], found["category"]["score"], found["decision"]) == (leaf, 1.0, "auto")
    assert found["attributes"] == {"colour": {"value": "red", "score": 1.0}}
    lines = [json.loads(line) for line in client.get("/v1/feedback").text.splitlines()]
    assert [(one["product_id"], one["verdict"]) for one in lines] == [
        (accepted, "accept"),
        (corrected, "correct"),
        (rejected, "reject"),
    ]


def test_there_is_nothing_to_accept_where_no_category_is_promised(tmp_path: Path) -> None:
    doubtful = Understander.load(tiny_onnx_folder(tmp_path / "model", least=1.0))
    with tiny_client(doubtful, tmp_path / "index") as client:
        understood = store(client, "a", attributes={"Colour": "lilac"})["understanding"]
        assert (understood["category"], understood["decision"]) == (None, "abstain")
        assert len(understood["alternatives"]) == 4
        assert not understood["tags"]
        assert not understood["attributes"]
        answer = client.post("/v1/feedback", json={"product_id": "a", "verdict": "accept"})
        assert code(answer) == (409, "nothing_to_accept")
        right = {"product_id": "a", "verdict": "correct", "category": "clothes.shirt"}
        assert client.post("/v1/feedback", json=right).status_code == 201
        found = client.get("/v1/products/a").json()["understanding"]
        assert (found["category"]["path_scores"], found["decision"]) == ([1.0, 1.0], "auto")
        assert "clothes.shirt" not in [other["id"] for other in found["alternatives"]]


def test_an_accepted_category_is_sure(client: TestClient) -> None:
    store(client, "a")
    client.post("/v1/feedback", json={"product_id": "a", "verdict": "accept"})
    found = client.get("/v1/products/a").json()["understanding"]
    assert (found["category"]["score"], found["decision"]) == (1.0, "auto")


def test_the_merchants_attribute_and_the_models_may_be_in_conflict(client: TestClient) -> None:
    model = store(client, "a")["understanding"]["attributes"]["colour"]
    stored = store(client, "a", attributes={"Colour": "lilac"})
    conflict = {"name": "Colour", "yours": "lilac", "model": model["value"]}
    assert [{**one, "score": None} for one in stored["conflicts"]] == [conflict | {"score": None}]
    assert store(client, "a", attributes={"Colour": model["value"].upper()})["conflicts"] == []


def test_a_product_that_contradicts_itself_is_told_until_it_is_mended(client: TestClient) -> None:
    stored = store(client, "a", attributes={"Colour": "black"})
    told = [one for one in stored["contradictions"] if one["code"] == "title_and_field_differ"]
    assert [(one["field"], one["said"], one["proposed"], one["probability"]) for one in told] == [
        ("Colour", "black", "red", 1.0)
    ]
    assert told[0]["sentence"] == "The words say red, but your feed has black for Colour."
    assert told[0]["evidence"][0] == {"source": "title", "says": "red", "start": 0, "end": 3, "score": None}
    assert stored["understanding"]["decision"] != "auto"
    store(client, "b")
    assert client.get("/v1/review", params={"limit": 1}).json()["products"][0]["id"] == "a"
    mended = client.patch("/v1/products/a", json={"attributes": {"Colour": "red"}}).json()
    assert "title_and_field_differ" not in [one["code"] for one in mended["contradictions"]]


def test_a_double_is_told_and_one_of_the_same_gtin_comes_first_in_the_review(
    client: TestClient,
) -> None:
    titles = {"a": "Kestrel wireless headphones WH-510 black", "b": "Kestrel WH510 headphones, wireless (black)"}
    for id, title in {"x": "Fresh pear", "y": "Desk lamp", **titles}.items():
        answer = client.put(f"/v1/products/{id}", json={"title": title}).json()
    [double] = answer["doubles"]
    assert (double["code"], double["product"], double["axes"]) == ("duplicate", "a", [])
    assert double["sentence"] == "This seems to be the same product as a."
    assert client.get("/v1/products/b").json()["doubles"] == [double]
    assert client.get("/v1/products/a").json()["doubles"] == []
    assert client.get("/v1/review", params={"limit": 1}).json()["products"][0]["id"] == "x"
    for id in titles:
        client.patch(f"/v1/products/{id}", json={"gtin": "4006381333931"})
    first = client.get("/v1/review", params={"limit": 1}).json()["products"][0]
    assert (first["id"], first["doubles"][0]["product"]) == ("b", "a")
    for id in titles:
        client.patch(f"/v1/products/{id}", json={"gtin": None})
    variant = client.patch("/v1/products/b", json={"title": "Kestrel wireless headphones WH-510 white"}).json()
    assert [(one["code"], one["axes"]) for one in variant["doubles"]] == [("variant", ["colour"])]
    assert client.delete("/v1/products/a").status_code == 204
    assert client.get("/v1/products/b").json()["doubles"] == []


def test_a_correction_outlives_storing_the_product_again_but_not_a_change_of_it(client: TestClient) -> None:
    store(client, "a")
    leaf = tiny_taxonomy().leaves[-1].id
    client.post("/v1/feedback", json={"product_id": "a", "verdict": "correct", "category": leaf})
    assert store(client, "a")["understanding"]["category"]["id"] == leaf
    client.delete("/v1/products/a")
    assert store(client, "a")["understanding"]["category"]["id"] == leaf
    changed = store(client, "a", "Shoe", "blue")["understanding"]
    (own,) = client.post(
        "/v1/products/analyze", json={"items": [{"title": "blue shoe", "images": [uri("Shoe", "blue")]}]}
    ).json()["results"]
    assert changed["category"] == own["category"]


def test_verdicts_are_training_data(client: TestClient, tmp_path: Path) -> None:
    for id in "abc":
        store(client, id)
    leaf = tiny_taxonomy().leaves[0]
    client.post("/v1/feedback", json={"product_id": "a", "verdict": "correct", "category": leaf.id})
    client.post("/v1/feedback", json={"product_id": "b", "verdict": "accept"})
    client.post("/v1/feedback", json={"product_id": "c", "verdict": "reject"})
    with zipfile.ZipFile(io.BytesIO(client.get("/v1/feedback/training-set").content)) as archive:
        archive.extractall(tmp_path / "set")
    rows = read_manifest(tmp_path / "set" / "manifest.jsonl", tiny_taxonomy())
    assert [row.product_id for row in rows] == ["a", "b"]
    assert rows[0].node == leaf.id
    assert all(row.read_image() for row in rows)


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"product_id": "nobody", "verdict": "accept"}, 404, "product_not_found"),
        ({"product_id": "Shirt-red", "verdict": "perhaps"}, 422, "request_invalid"),
        ({"product_id": "Shirt-red", "verdict": "correct"}, 422, "request_invalid"),
        ({"product_id": "Shirt-red", "verdict": "accept", "category": "x"}, 422, "request_invalid"),
        ({"product_id": "Shirt-red", "verdict": "correct", "category": "x"}, 422, "category_unknown"),
        ({"verdict": "accept"}, 422, "request_invalid"),
    ],
)
def test_bad_feedback_is_refused(catalogue: TestClient, body: object, status: int, error: str) -> None:
    assert code(catalogue.post("/v1/feedback", json=body)) == (status, error)


def test_bad_cursor_is_refused(catalogue: TestClient) -> None:
    assert code(catalogue.get("/v1/review", params={"after": "x"})) == (422, "search_invalid")


def test_models_and_taxonomy(catalogue: TestClient, model: Understander) -> None:
    (listed,) = catalogue.get("/v1/models").json()["data"]
    assert (listed["id"], listed["role"], listed["embedding_dimensions"]) == (model.version, "active", [8, 16, 32])
    taxonomy = catalogue.get("/v1/taxonomy").json()
    assert [node["id"] for node in taxonomy["nodes"]] == [node.id for node in tiny_taxonomy().nodes]
    plain = catalogue.get("/v1/taxonomy", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == taxonomy
    assert code(catalogue.get("/v1/models/comparison")) == (404, "no_shadow")
    assert code(catalogue.post("/v1/models/nothing/activate")) == (404, "model_unknown")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("other") / "model", seed=1))


def compared(client: TestClient, products: int) -> dict[str, Any]:
    """The comparison once it has so many products."""
    deadline = time.monotonic() + 30
    while True:
        found: dict[str, Any] = client.get("/v1/models/comparison").json()
        if found["products"] + found["missed"] >= products:
            return found
        assert time.monotonic() < deadline


def test_a_shadow_reads_along_and_takes_over(model: Understander, other: Understander, tmp_path: Path) -> None:
    items = [{"id": f"{k}-{c}", "title": f"{c} {k}", "images": [uri(k, c)]} for k in KINDS for c in COLOURS]
    body = {"items": items, "top_k": 2}
    with tiny_client(model, tmp_path / "index", shadow=other) as client:
        assert [one["role"] for one in client.get("/v1/models").json()["data"]] == ["active", "shadow"]
        answer = client.post("/v1/products/analyze", json=body).json()
        assert answer["model"] == model.version
        assert {len(result["alternatives"]) for result in answer["results"]} == {2}
        found = compared(client, len(items))
        assert (found["active"], found["shadow"], found["missed"]) == (model.version, other.version, 0)
        assert found["changed_categories"] == pytest.approx(len(found["examples"]) / len(items))
        assert 0 < found["top_ten_overlap"] <= 1
        store(client, "a")
        client.post(f"/v1/models/{other.version}/activate")
        assert client.post("/v1/products/analyze", json=body).json()["model"] == other.version
        # The index's vectors are the first model's, so searches and new products stay with it.
        assert search(client, text="red Shirt", image=uri("Shirt", "red"))["results"][0]["score"] > 0.99
        assert store(client, "b")["model"] == model.version
    with tiny_client(model, tmp_path / "index", shadow=other) as client:
        client.get("/v1/products/a/similar")
        assert client.get("/v1/models").json()["data"][0]["id"] == other.version, "the choice outlives a restart"


def test_an_index_of_another_model_is_not_searched(model: Understander, other: Understander, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path / "index") as client:
        store(client, "a")
    with tiny_client(other, tmp_path / "index") as client:
        assert code(client.post("/v1/search", json={"text": "red"})) == (409, "index_of_other_model")
        assert code(client.put("/v1/products/b", json={"title": "red"})) == (409, "index_of_other_model")
        assert client.get("/v1/products/a").status_code == 200


def test_erasing_leaves_nothing_on_disk(client: TestClient, tmp_path: Path) -> None:
    store(client, "gone", title="unmistakable words")
    store(client, "kept")
    assert client.delete("/v1/products/gone", params={"erase": True}).status_code == 204
    folder = tmp_path / "index"
    deadline = time.monotonic() + 30
    while (folder / "erasing").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    held = [path for path in folder.rglob("*") if path.is_file() and b"unmistakable" in path.read_bytes()]
    assert held == []
    assert client.get("/v1/products/kept").status_code == 200
