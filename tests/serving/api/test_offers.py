"""Prices and drafts over HTTP and by the client."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from catalog.understand import Understander
from serving.client import Client
from tests.support.answers import assert_error
from tests.support.endpoint import endpoint
from tests.support.services import SETTINGS, tiny_client
from tests.support.tiny import tiny_onnx_folder
from tests.support.transport import Through

KINDS = (("red shirt", 20.0), ("green pear", 2.0), ("blue shoe", 80.0))
PRICED = 60


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("offers") / "model"))


@pytest.fixture(scope="module")
def service(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Sixty products with prices, in each kind from 0.8 to 1.2 times the kind's."""
    with tiny_client(model, tmp_path_factory.mktemp("offers") / "index") as client:
        for at in range(PRICED):
            title, price = KINDS[at % len(KINDS)]
            body = {"title": title, "price": price * (0.8 + 0.4 * (at // len(KINDS)) / 19), "currency": "EUR"}
            assert client.put(f"/v1/products/{at}", json=body).status_code == 201
        yield client


@pytest.fixture(scope="module")
def client(service: TestClient) -> Iterator[Client]:
    with Client("http://testserver", transport=Through(service)) as client:
        yield client


def test_a_price_comes_with_its_interval_and_comparables(client: Client) -> None:
    found = client.suggest_price(title="red shirt", coverage=0.8)
    assert (found.currency, found.coverage, found.reason, found.calibrated_on) == ("EUR", 0.8, "", PRICED)
    assert found.low is not None
    assert found.median is not None
    assert found.high is not None
    assert 10 < found.low < found.median < found.high < 40
    assert len(found.comparables) >= 5
    assert {one.title for one in found.comparables} == {"red shirt"}


def test_a_stored_products_own_price_does_not_count(client: Client) -> None:
    found = client.get_product_price("2")
    assert found.median is not None
    assert 50 < found.median < 120
    assert "2" not in [one.id for one in found.comparables]
    told = client.suggest_price(id="2", title="blue shoe")
    assert "2" not in [one.id for one in told.comparables]


def test_no_price_has_a_reason(client: Client) -> None:
    found = client.suggest_price(title="red shirt", currency="USD")
    assert (found.low, found.median, found.high, found.reason) == (None, None, None, "too_few_comparables")
    assert client.suggest_price(title="red shirt", coverage=0.99).reason == "too_few_priced"


def test_an_analysis_suggests_prices_only_where_asked(client: Client) -> None:
    items = [{"title": "red shirt"}, {"title": ""}]
    assert [one.suggested_price for one in client.analyze(items).results] == [None, None]
    found, failed = client.analyze(items, include=["category", "suggested_price"], currency="EUR").results
    assert found.suggested_price
    assert found.suggested_price == client.suggest_price(title="red shirt")
    assert (failed.suggested_price, failed.error.code if failed.error else "") == (None, "product_empty")


def test_what_cannot_be_priced(service: TestClient) -> None:
    assert_error(service.get("/v1/products/none/price"), 404, "product_not_found")
    assert_error(service.post("/v1/price", json={}), 422, "product_empty")
    assert_error(
        service.post("/v1/price", json={"title": "red shirt", "currency": "euro"}), 422, "request_invalid", "currency"
    )
    assert_error(service.get("/v1/products/2/price?coverage=2"), 422, "request_invalid", "coverage")
    assert_error(service.put("/v1/products/a/price", json={"title": "red shirt"}), 422, "request_invalid", "id")


def test_a_draft_of_a_stored_product_names_the_source_of_each_word(client: Client) -> None:
    client.put_product("draft", title="red shirt", brand="Acme", description="Soft.", attributes={"size": "M"})
    found = client.write_product_draft("draft", channel="ebay")
    client.delete_product("draft")
    assert found.title.text.startswith("Acme red shirt")
    assert [(one.text, one.source) for one in found.title.spans if one.source][:2] == [
        ("Acme", "brand"),
        ("red shirt", "title"),
    ]
    assert found.description.text.startswith("Soft. Brand: Acme. Size: M.")
    for text in (found.title, found.description, *found.bullets, found.ad):
        assert "".join(span.text for span in text.spans) == text.text
        assert 0 < text.length <= text.limit


def test_a_draft_of_a_product_that_is_not_stored(client: Client) -> None:
    found = client.write_draft(title="T", brand="安踏", attributes={"颜色": "红色"}, channel="taobao", language="zh")
    assert found.title.text.endswith("红色")
    assert ("红色", "attributes.颜色") in [(one.text, one.source) for one in found.description.spans]


def test_an_endpoint_describes_and_what_it_adds_is_refused(model: Understander, tmp_path: Path) -> None:
    said = ("A red shirt in the colour red.", "A great red shirt.", None)
    asked = {"title": "shirt", "attributes": {"colour": "red"}, "style": True}
    with endpoint(*said) as (url, requests):
        settings = SETTINGS.model_copy(update={"llm_url": url})
        with tiny_client(model, tmp_path / "index", settings) as client:
            found = [client.post("/v1/drafts", json=asked).json() for _ in said]
            client.post("/v1/drafts", json=asked | {"style": False})
    assert [one["styling"] for one in found] == ["done", "refused", "failed"]
    template = "shirt. Colour: red."
    assert [one["description"]["text"] for one in found] == [said[0], template, template]
    assert {"text": "red", "source": "attributes.colour"} in found[0]["description"]["spans"]
    assert len(requests) == len(said)
    assert "title: shirt; colour: red" in requests[0][2]["messages"][1]["content"]


def test_without_a_writer_a_draft_is_the_templates(client: Client) -> None:
    found = client.write_draft(title="shirt", attributes={"colour": "red"}, style=True)
    assert (found.styling, found.description.text) == ("off", "shirt. Colour: red.")
    assert client.write_draft(title="shirt").styling is None


@pytest.mark.slow
def test_a_tuned_model_describes_and_what_it_adds_is_refused(model: Understander, tmp_path: Path) -> None:
    """An untrained one says what comes."""
    from tests.support.tiny_writers import tiny_writer

    folder = tiny_writer(tmp_path / "writer", "t5", ["title: shirt; colour: red", "A great thing."])
    settings = SETTINGS.model_copy(update={"draft_model": folder})
    with tiny_client(model, tmp_path / "index", settings) as client:
        body = {"title": "shirt", "attributes": {"colour": "red"}, "style": True}
        found = client.post("/v1/drafts", json=body).json()
    assert (found["styling"], found["description"]["text"]) == ("refused", "shirt. Colour: red.")


def test_a_folder_without_a_model_that_writes_leaves_the_draft(model: Understander, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"draft_model": tmp_path / "none"})
    with tiny_client(model, tmp_path / "index", settings) as client:
        found = client.post(
            "/v1/drafts", json={"title": "shirt", "attributes": {"colour": "red"}, "style": True}
        ).json()
    assert (found["styling"], found["description"]["text"]) == ("failed", "shirt. Colour: red.")


def test_what_cannot_be_drafted(service: TestClient) -> None:
    assert_error(service.post("/v1/products/none/draft", json={}), 404, "product_not_found")
    assert_error(service.post("/v1/drafts", json={"title": "x", "channel": "none"}), 422, "request_invalid", "channel")
    assert_error(service.post("/v1/drafts", json={"title": "-"}), 422, "nothing_verified")


def test_demand_is_forecast_from_its_own_past_or_from_those_alike(client: Client) -> None:
    steady = [4.0, 6.0] * 10
    found = client.forecast_demand({"0": steady, "1": [50.0] * 20, "3": []}, horizon=3).forecasts
    own, other, new = found
    assert (own.id, own.neighbours, own.reason) == ("0", [], "")
    assert own.mean is not None
    assert len(own.mean) == 3
    assert 4 <= own.mean[0] <= 6
    assert other.reorder_point == 100
    assert new.method == "nearest products"
    assert [one.id for one in new.neighbours] == ["0", "1"]  # a red shirt, as it is itself, before a pear
    assert new.median is not None
    assert new.median[0] in (4.0, 6.0, 50.0)


def test_demand_of_what_nothing_is_known(client: Client) -> None:
    unknown, alone = client.forecast_demand({"none": [], "3": [1.0]}).forecasts
    assert (unknown.reason, alone.reason) == ("not_stored", "no_neighbours")
    assert (unknown.mean, alone.reorder_point) == (None, None)
