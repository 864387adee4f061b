"""The map from the active model's categories to Google's over HTTP: proposed, confirmed, taken back, and exported."""

import asyncio
import csv
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from catalog.categories import confirmed_in
from catalog.categories.paths import Category, tree_of
from catalog.model.folder import write_checksums
from catalog.product import Understanding
from catalog.understand import Understander
from serving.api.mapping import ProposedMap, ProposedMaps
from serving.errors import ModelFailed
from serving.inference.backend import Answer, ModelInfo
from serving.inference.models import Model
from serving.middleware.api_keys import add_key
from shelflens.cli import app
from tests.serving.api.test_products import code, store
from tests.support.services import SETTINGS, tiny_client
from tests.support.stored import stored_product
from tests.support.taught import taught_folder
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy

MAP = "/v1/taxonomy/map"
GOOGLE = """# Google_Product_Taxonomy_Version: 2021-09-21
1 - Apparel & Accessories
2 - Apparel & Accessories > Clothing
212 - Apparel & Accessories > Clothing > Shirts & Tops
187 - Apparel & Accessories > Shoes
412 - Food
430 - Food > Fruit > Apples
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_onnx_folder(tmp_path_factory.mktemp("models") / "base")


@pytest.fixture(scope="module")
def model(base: Path) -> Understander:
    """One that was taught, so that its tree names none of Google's categories."""
    taught_folder(base, base.parent / "own")
    return Understander.load(base.parent / "own")


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index") as client:
        yield client


def send_list(client: TestClient, text: str = GOOGLE) -> dict[str, Any]:
    response = client.put(f"{MAP}/tree", content=text.encode())
    assert response.status_code == 200, response.text
    return dict(response.json())


def mapped(client: TestClient, **query: object) -> dict[str, Any]:
    """Once the categories are compared."""
    deadline = time.monotonic() + 60
    while True:
        response = client.get(MAP, params=query)  # type: ignore[arg-type]
        assert response.status_code == 200, response.text
        if response.json()["ready"]:
            return dict(response.json())
        assert time.monotonic() < deadline


def confirm(client: TestClient, category: str, counterpart: str | None) -> dict[str, Any]:
    response = client.post(MAP, json={"category": category, "counterpart": counterpart})
    assert response.status_code == 201, response.text
    return dict(response.json())


def names(found: dict[str, Any]) -> list[str]:
    return [row["category"]["path"][-1] for row in found["results"]]


def id_of(client: TestClient, label: str) -> str:
    nodes = client.get("/v1/taxonomy").json()["nodes"]
    return next(str(node["id"]) for node in nodes if node["label"] == label)


def test_without_googles_list_nothing_is_proposed(client: TestClient) -> None:
    found = client.get(MAP).json()
    assert (found["tree"], found["ready"], found["results"]) == (None, False, [])
    assert code(client.get(f"{MAP}/tree")) == (409, "category_list_missing")
    assert code(client.get(f"{MAP}/sheet")) == (409, "category_list_missing")
    assert code(client.post(MAP, json={"category": id_of(client, "Shoes"), "counterpart": "187"})) == (
        409,
        "category_list_missing",
    )


def test_each_category_has_the_likeliest_of_googles_the_least_sure_first(client: TestClient) -> None:
    assert send_list(client) == {"version": "google 2021-09-21", "categories": 7}
    found = mapped(client)
    rows = {row["category"]["path"][-1]: row for row in found["results"]}
    assert rows.keys() == {"Clothes", "Shirts", "Shoes", "Food", "Apples", "Pears"}
    assert rows["Shoes"]["proposals"][0]["id"] == "187"
    assert rows["Apples"]["proposals"][0]["path"] == ["Food", "Fruit", "Apples"]
    scores = [max([one["score"] for one in row["proposals"]], default=0.0) for row in found["results"]]
    assert scores == sorted(scores)
    assert (found["open"], found["confirmed"], found["categories"], found["after"]) == (6, 0, 6, None)
    assert names(mapped(client, text="food APP")) == ["Apples"]
    assert client.get(f"{MAP}/tree").json()["nodes"][0]["label"] == "Apparel & Accessories"


def test_pages_stay_while_categories_are_confirmed(client: TestClient) -> None:
    send_list(client)
    everything = names(mapped(client))
    first = mapped(client, limit=2)
    for row in first["results"]:
        confirm(client, row["category"]["id"], None)
    second = mapped(client, limit=4, after=first["after"])
    assert names(first) + names(second) == everything
    assert second["after"] is None
    assert names(mapped(client)) == everything[2:]


def test_what_is_confirmed_counts_until_it_is_taken_back(client: TestClient) -> None:
    send_list(client)
    shoes = id_of(client, "Shoes")
    first = confirm(client, shoes, "187")
    assert first["counterpart"] == {"id": "187", "path": ["Apparel & Accessories", "Shoes"]}
    assert confirm(client, shoes, "187") == first  # a request may come twice
    second = confirm(client, shoes, None)
    assert second["counterpart"] is None
    assert [row["confirmed"] for row in mapped(client, state="confirmed")["results"]] == [second]
    assert "Shoes" not in names(mapped(client))
    assert client.delete(f"{MAP}/confirmed/{second['id']}").status_code == 204
    assert client.get(f"{MAP}/confirmed").json() == {"confirmed": [first]}
    assert client.delete(f"{MAP}/confirmed/{first['id']}").status_code == 204
    assert "Shoes" in names(mapped(client))
    assert code(client.delete(f"{MAP}/confirmed/{first['id']}")) == (404, "confirmation_not_found")


def test_what_is_confirmed_outlives_a_restart_and_another_list(model: Understander, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path / "index") as client:
        send_list(client)
        kept = confirm(client, id_of(client, "Shoes"), "187")
    with tiny_client(model, tmp_path / "index") as client:
        send_list(client, "Apparel & Accessories\nApparel & Accessories > Footwear\n")
        assert mapped(client, state="confirmed")["results"][0]["confirmed"] == kept


@pytest.mark.parametrize(
    ("category", "counterpart", "param"), [("nowhere", "187", "category"), ("Shoes", "9", "counterpart")]
)
def test_what_a_tree_lacks_cannot_be_confirmed(client: TestClient, category: str, counterpart: str, param: str) -> None:
    send_list(client)
    id = id_of(client, category) if category == "Shoes" else category
    refused = client.post(MAP, json={"category": id, "counterpart": counterpart})
    assert code(refused) == (422, "category_unknown")
    assert refused.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file has no categories."),
        (b"1 - Shoes\nHats\n", "Line 2 is not written as the others are"),
        (b"a" + b" > a" * 40, "A path of the list has more than 32 levels."),
        (b"hello", "No category of the list is below another. Send the file as Google publishes it."),
    ],
)
def test_what_is_no_list_is_refused(client: TestClient, content: bytes, message: str) -> None:
    refused = client.put(f"{MAP}/tree", content=content)
    assert code(refused) == (422, "request_invalid")
    assert message in refused.json()["error"]["message"]
    assert code(client.put(f"{MAP}/tree", content=b"a" * (4 * 1024 * 1024 + 1))) == (413, "body_too_large")


def test_the_sheet_is_what_an_export_takes(client: TestClient, tmp_path: Path) -> None:
    send_list(client)
    shoes, shirts, pears = (id_of(client, label) for label in ("Shoes", "Shirts", "Pears"))
    confirm(client, shoes, "187")
    confirm(client, shirts, "1")  # which is a yes in such a sheet, so it is written otherwise
    confirm(client, pears, None)
    response = client.get(f"{MAP}/sheet")
    assert response.headers["content-disposition"] == 'attachment; filename="map-google.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert [row["id"] for row in rows] == [node["id"] for node in client.get("/v1/taxonomy").json()["nodes"]]
    (tmp_path / "map.csv").write_text(response.text, encoding="utf-8")
    found = {id: one.google for id, one in confirmed_in(tmp_path / "map.csv").items()}
    assert found == {shoes: "187", shirts: "1", pears: ""}


def test_what_the_tree_itself_names_is_last_and_need_not_be_confirmed(tmp_path: Path) -> None:
    folder, tree = tiny_onnx_folder(tmp_path / "model"), tiny_taxonomy()
    leaf = tree.leaves[0].id
    nodes = tuple(replace(node, google="212") if node.id == leaf else node for node in tree.nodes)
    (folder / "taxonomy.json").write_text(replace(tree, nodes=nodes).to_json(), encoding="utf-8")
    write_checksums(folder)
    with tiny_client(Understander.load(folder), tmp_path / "index") as client:
        send_list(client)
        found = mapped(client, state="all")
        assert found["results"][-1]["category"]["id"] == leaf
        assert found["results"][-1]["named"] == found["results"][-1]["proposals"][0]["id"] == "212"
        assert leaf not in [row["category"]["id"] for row in mapped(client)["results"]]


def test_the_export_of_the_index_has_what_was_confirmed(base: Path, model: Understander, tmp_path: Path) -> None:
    index = tmp_path / "index"
    with tiny_client(model, index, shadow=Understander.load(base)) as client:
        send_list(client)
        stored = store(client, "a")
        category = stored["understanding"]["category"] or stored["understanding"]["alternatives"][0]
        root = id_of(client, category["path"][0])
        client.post("/v1/feedback", json={"product_id": "a", "verdict": "correct", "category": category["id"]})
        confirm(client, root, "412")
    done = CliRunner().invoke(
        app, ["export", "--index", str(index), "--output", str(tmp_path / "out.csv"), "--category-ids"]
    )
    assert done.exit_code == 0, done.output
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["google_product_category"] for row in csv.DictReader(file)] == ["412"]


def test_names_that_no_letters_connect_are_read_by_the_model_and_a_failure_is_told_once() -> None:
    info = ModelInfo("1", "1", 32, (2,), (), 32, {}, "space")
    tries = list[Sequence[str]]()

    async def read(names: Sequence[str], _: Model) -> list[Answer]:
        tries.append(names)
        if len(tries) == 1:
            raise ModelFailed
        return [meaning(name) for name in names]

    async def ask() -> ProposedMap:
        own = tree_of([Category(("苹果",), "Line 1")], "1")
        google = tree_of([Category(("Apples",), "Line 1"), Category(("Pears",), "Line 2")], "1")
        maps, model = ProposedMaps(read), Model(None, info, own)  # type: ignore[arg-type]  # which reads no product
        first = maps.of(model, "digest", google)
        assert first
        with pytest.raises(ModelFailed):
            await first.ready(60)
        assert maps.of(model, "digest") is first  # whoever asks is told
        second = maps.of(model, "digest", google)
        assert second
        assert await second.ready(60)
        return second

    (found,) = asyncio.run(ask()).ranked
    assert found.proposals[0].node.label == "Apples"


def meaning(name: str) -> Understanding:
    vector = {"苹果": (1, 0), "Apples": (1, 0), "Pears": (0, 1)}[name]
    return replace(stored_product().understanding, embedding=np.array(vector, np.float32))


def test_a_key_that_may_read_may_not_confirm(model: Understander, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"keys": tmp_path / "keys.json"})
    key = add_key(settings.keys, "reader", "read")
    with tiny_client(model, tmp_path / "index", settings) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        for path in (MAP, f"{MAP}/confirmed"):
            assert client.get(path).status_code == 200
        for asked in (client.post(MAP, json={}), client.put(f"{MAP}/tree"), client.delete(f"{MAP}/confirmed/1")):
            assert code(asked) == (403, "scope_insufficient")
