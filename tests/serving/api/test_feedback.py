"""Verdicts over HTTP: given, taken back, given on many; the queue, sorted and restricted; what is trained on."""

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from catalog.product import Product
from catalog.understand import Understander
from serving.middleware.api_keys import add_key
from serving.storage.training_set import drawn, group_of
from tests.serving.api.test_products import code, store, waiting
from tests.support.catalogue import COLOURS, KINDS, write_catalogue, write_config
from tests.support.services import SETTINGS, tiny_client
from tests.support.tiny import tiny_onnx_folder, tiny_taxonomy
from training.data.manifests import read_manifest

LEAF = tiny_taxonomy().leaves[0].id
PAIRS = [(kind, colour) for kind in KINDS for colour in COLOURS]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture
def client(model: Understander, tmp_path: Path) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path / "index") as client:
        yield client


@pytest.fixture(scope="module")
def queue(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client with a product of each kind and colour, and each once more; tests of it change nothing."""
    with tiny_client(model, tmp_path_factory.mktemp("queue") / "index") as client:
        for kind, colour in PAIRS:
            store(client, f"{kind}-{colour}", kind, colour)
            store(client, f"{kind}-{colour}/2", kind, colour)
        yield client


def judge(client: TestClient, id: str, verdict: str = "correct", **right: object) -> dict[str, Any]:
    response = client.post("/v1/feedback", json={"product_id": id, "verdict": verdict, **right})
    assert response.status_code == 201, response.text
    kept: dict[str, Any] = response.json()
    return kept


def product(client: TestClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/products/{id}").json()
    return found


def verdicts(client: TestClient, **query: object) -> list[dict[str, Any]]:
    response = client.get("/v1/feedback", params=query)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


@pytest.mark.parametrize(
    "said",
    [
        {"verdict": "accept"},
        {"verdict": "reject"},
        {"category": LEAF, "tags": ["plain"], "attributes": {"colour": "green"}},
        {"proposed_category": "Toys > Robots"},
    ],
)
def test_a_verdict_is_taken_back(client: TestClient, said: dict[str, Any]) -> None:
    before = store(client, "a")
    if said.get("verdict") == "accept" and before["understanding"]["category"] is None:
        pytest.skip("the model promises nothing")
    kept = judge(client, "a", **said)
    assert waiting(client) == []
    judged = product(client, "a")
    assert judged["judgement"]["verdict"] == kept["verdict"]
    assert judged["judgement"]["answer"] == before["understanding"]
    assert client.delete(f"/v1/feedback/{kept['id']}").status_code == 204
    assert product(client, "a") == before
    assert waiting(client) == ["a"]
    assert verdicts(client) == []
    assert code(client.delete(f"/v1/feedback/{kept['id']}")) == (404, "feedback_not_found")


def test_with_a_verdict_taken_back_the_one_before_counts(client: TestClient) -> None:
    store(client, "a")
    rejected = judge(client, "a", "reject")
    put_right = judge(client, "a", category=LEAF)
    assert product(client, "a")["understanding"]["category"]["id"] == LEAF
    client.delete(f"/v1/feedback/{put_right['id']}")
    assert product(client, "a")["judgement"]["verdict"] == "reject"
    assert waiting(client) == []
    assert [one["id"] for one in verdicts(client)] == [rejected["id"]]


def test_a_verdict_on_what_is_no_longer_stored_is_taken_back(client: TestClient) -> None:
    before = store(client, "a")
    kept = judge(client, "a", category=LEAF)
    client.delete("/v1/products/a")
    assert client.delete(f"/v1/feedback/{kept['id']}").status_code == 204
    assert store(client, "a") | {"added_at": before["added_at"]} == before  # stored anew, maybe a second later


def test_the_models_answer_outlives_changes_of_the_offer_but_not_of_the_text(client: TestClient) -> None:
    before = store(client, "a", images=[])
    kept = judge(client, "a", category=LEAF)
    client.patch("/v1/products/a", json={"price": 5})
    store(client, "a", images=[], brand="Acme")
    client.delete(f"/v1/feedback/{kept['id']}")
    assert product(client, "a")["understanding"] == before["understanding"]
    judge(client, "a", category=LEAF)
    changed = client.patch("/v1/products/a", json={"title": "blue shoe"}).json()
    assert changed["judgement"] is None
    (own,) = client.post("/v1/products/analyze", json={"items": [{"title": "blue shoe"}]}).json()["results"]
    assert changed["understanding"]["alternatives"] == own["alternatives"]


def test_a_verdict_that_comes_twice_is_one(client: TestClient) -> None:
    store(client, "a")
    first = judge(client, "a", category=LEAF, tags=["plain"])
    assert judge(client, "a", category=LEAF, tags=["plain"]) == first
    assert judge(client, "a", category=LEAF)["id"] != first["id"]


def test_history_newest_first_in_pages(client: TestClient) -> None:
    for number in range(5):
        store(client, str(number))
        judge(client, str(number), "reject" if number % 2 else "correct", **({} if number % 2 else {"tags": []}))
    assert [one["product_id"] for one in verdicts(client)] == ["0", "1", "2", "3", "4"]
    newest = verdicts(client, order="newest", limit=2)
    assert [one["product_id"] for one in newest] == ["4", "3"]
    assert newest[0]["title"] == "red Shirt"
    older = verdicts(client, order="newest", limit=2, after=newest[-1]["id"])
    assert [one["product_id"] for one in older] == ["2", "1"]
    assert [one["product_id"] for one in verdicts(client, verdict="reject")] == ["1", "3"]
    assert [one["product_id"] for one in verdicts(client, product_id="2")] == ["2"]
    assert code(client.get("/v1/feedback", params={"limit": 0})) == (422, "request_invalid")


def test_history_of_more_than_one_answer_is_whole(client: TestClient) -> None:
    items = []
    for number in range(105):
        client.put(f"/v1/products/{number}", json={"title": "red shirt"})
        items.append({"product_id": str(number), "verdict": "reject"})
    for part in (items[:100], items[100:]):
        client.post("/v1/feedback/batch", json={"items": part})
    assert [one["product_id"] for one in verdicts(client)] == [str(number) for number in range(105)]
    assert [one["product_id"] for one in verdicts(client, limit=102)] == [str(number) for number in range(102)]


def test_a_category_that_the_tree_lacks_is_kept_as_a_proposal(client: TestClient) -> None:
    for id in "abc":
        store(client, id)
    kept = judge(client, "a", proposed_category="  Kitchen>Coffee   Mugs ")
    assert (kept["category"], kept["proposed_category"]) == (None, "Kitchen > Coffee Mugs")
    judge(client, "b", proposed_category="Kitchen > Coffee Mugs")
    judge(client, "c", proposed_category="Kitchen > Pans")
    stored = product(client, "a")
    assert stored["judgement"]["proposed_category"] == "Kitchen > Coffee Mugs"
    assert stored["understanding"]["decision"] == "abstain"
    assert waiting(client) == []
    judge(client, "b", "reject")
    assert client.get("/v1/feedback/proposals").json()["proposals"] == [
        {"category": "Kitchen > Coffee Mugs", "products": 1},
        {"category": "Kitchen > Pans", "products": 1},
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"verdict": "correct", "proposed_category": " > "}, "request_invalid"),
        ({"verdict": "correct", "proposed_category": "Kitchen > > Mugs"}, "request_invalid"),
        ({"verdict": "correct", "proposed_category": ">".join("abcdefghi")}, "request_invalid"),
        ({"verdict": "correct", "proposed_category": "Mugs", "category": LEAF}, "request_invalid"),
        ({"verdict": "reject", "proposed_category": "Mugs"}, "request_invalid"),
        ({"verdict": "accept", "tags": []}, "request_invalid"),
    ],
)
def test_bad_verdicts_are_refused(queue: TestClient, body: dict[str, Any], error: str) -> None:
    assert code(queue.post("/v1/feedback", json={"product_id": "Shirt-red", **body})) == (422, error)


def test_of_several_verdicts_each_has_its_own_error(client: TestClient) -> None:
    for id in "ab":
        store(client, id)
    items = [
        {"product_id": "a", "verdict": "correct", "category": LEAF},
        {"product_id": "nobody", "verdict": "reject"},
        {"product_id": "a", "verdict": "correct", "category": "nowhere"},
        {"product_id": "a", "verdict": "correct"},
        {"product_id": "b", "verdict": "correct", "proposed_category": "Toys"},
    ]
    results = client.post("/v1/feedback/batch", json={"items": items}).json()["results"]
    errors = [result["error"] and result["error"]["code"] for result in results]
    assert errors == [None, "product_not_found", "category_unknown", "request_invalid", None]
    assert [result["feedback"] and result["feedback"]["product_id"] for result in results] == [
        "a",
        None,
        None,
        None,
        "b",
    ]
    assert waiting(client) == []


@pytest.mark.parametrize(
    ("items", "error"),
    [
        ([], "request_invalid"),
        ([{"product_id": "a", "verdict": "reject"}] * 101, "too_many_items"),
        ([{"verdict": "reject"}], "request_invalid"),
        (5, "request_invalid"),
    ],
)
def test_a_bad_list_of_verdicts_is_refused(queue: TestClient, items: object, error: str) -> None:
    assert code(queue.post("/v1/feedback/batch", json={"items": items})) == (422, error)


def review(client: TestClient, **query: object) -> dict[str, Any]:
    response = client.get("/v1/review", params=query)  # type: ignore[arg-type]
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.json()
    return page


def guess(found: dict[str, Any]) -> dict[str, Any]:
    """The likeliest leaf."""
    category, others = found["understanding"]["category"], found["understanding"]["alternatives"]
    below = category is None or (others and others[0]["path"][: len(category["path"])] == category["path"])
    likeliest: dict[str, Any] = others[0] if below else category
    return likeliest


@pytest.mark.parametrize(("order", "sign"), [("least_sure", 1), ("surest", -1)])
def test_the_queue_is_sorted_by_how_sure_the_model_is(queue: TestClient, order: str, sign: int) -> None:
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        page = review(queue, order=order, limit=5, after=after)
        found += page["products"]
        assert page["total"] == 2 * len(PAIRS)
        if not page["after"]:
            break
        after = page["after"]
    assert sorted({one["id"] for one in found}) == sorted(one["id"] for one in found)
    assert len(found) == 2 * len(PAIRS)
    scores = [sign * guess(one)["score"] for one in found]
    assert scores == sorted(scores)


def test_the_queue_is_restricted_by_decision_and_guess_and_the_menu_counts_them(queue: TestClient) -> None:
    everything = review(queue, limit=100)
    assert everything["stored"] == 2 * len(PAIRS)
    by_guess = {one["category"]: one["count"] for one in everything["menu"]["guesses"]}
    for node, count in by_guess.items():
        page = review(queue, category=node, limit=100)
        assert page["total"] == len(page["products"]) == count
        assert all(guess(one)["id"].startswith(node) for one in page["products"])
    for decision in ("review", "abstain"):
        page = review(queue, decision=decision, limit=100)
        assert page["total"] == len(page["products"]) == everything["menu"]["decisions"].get(decision, 0)
        assert {one["understanding"]["decision"] for one in page["products"]} <= {decision}
    assert review(queue, category="nowhere")["products"] == []
    assert review(queue, limit=1, after=review(queue, limit=1)["after"])["menu"] is None


def test_the_queue_is_searched_by_text(queue: TestClient) -> None:
    page = review(queue, text="green pear", limit=2)
    assert {one["title"] for one in page["products"]} == {"green Pear"}
    assert page["after"] is None
    assert review(queue, text="nothing of the kind")["products"] == []


def test_the_queue_by_what_teaches_most_has_every_product_once_and_none_beside_its_like(queue: TestClient) -> None:
    found: list[str] = []
    after = ""
    while True:
        page = review(queue, order="informative", limit=5, after=after)
        found += [one["id"] for one in page["products"]]
        if not page["after"]:
            break
        after = page["after"]
    assert sorted(found) == sorted({f"{kind}-{colour}{end}" for kind, colour in PAIRS for end in ("", "/2")})
    first = [id.partition("/")[0] for id in found[:4]]
    assert len(set(first)) == len(first)
    for bad in ("x", "|x", "x|1"):
        refused = queue.get("/v1/review", params={"order": "informative", "after": bad})
        assert code(refused) == (422, "search_invalid")


@pytest.mark.parametrize("after", ["x", "nan:00000000-0000-0000-0000-000000000000", "0.5:x", "0.5"])
def test_a_bad_place_in_the_sorted_queue_is_refused(queue: TestClient, after: str) -> None:
    assert code(queue.get("/v1/review", params={"order": "surest", "after": after})) == (422, "search_invalid")


def test_products_alike_wait_together(client: TestClient) -> None:
    for number in range(3):
        store(client, f"mug/{number}")
    store(client, "other", "Pear", "green")
    store(client, "judged")
    judge(client, "judged", "reject")
    found = client.get("/v1/review/mug/0/alike", params={"above": 0.999}).json()["products"]
    assert sorted(one["id"] for one in found) == ["mug/1", "mug/2"]
    assert all(one["score"] >= 0.999 for one in found)
    everything = client.get("/v1/review/mug/0/alike", params={"above": 0}).json()["products"]
    assert {one["id"] for one in everything} == {"mug/1", "mug/2", "other"}
    assert code(client.get("/v1/review/nobody/alike")) == (404, "product_not_found")


def test_one_verdict_for_products_alike_is_taken_back_as_one(client: TestClient) -> None:
    for number in range(3):
        store(client, f"mug/{number}")
    store(client, "other", "Pear", "green")
    body = {"product_id": "mug/0", "verdict": "correct", "category": LEAF, "above": 0.999}
    results = client.post("/v1/feedback/alike", json=body).json()["results"]
    kept = [result["feedback"] for result in results]
    assert kept[0]["product_id"] == "mug/0"
    assert {(one["group"], one["category"]) for one in kept} == {(kept[0]["id"], LEAF)}
    assert waiting(client) == ["other"]
    assert verdicts(client, group=kept[0]["id"]) == kept
    assert client.delete(f"/v1/feedback/{kept[1]['id']}", params={"group": True}).status_code == 204
    assert sorted(waiting(client)) == ["mug/0", "mug/1", "mug/2", "other"]
    named = client.post("/v1/feedback/alike", json=body | {"others": ["other"]}).json()["results"]
    assert [result["feedback"]["product_id"] for result in named] == ["mug/0", "other"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"product_id": "nobody", "verdict": "reject"}, (404, "product_not_found")),
        ({"product_id": "Shirt-red", "verdict": "correct", "category": "nowhere"}, (422, "category_unknown")),
        ({"product_id": "Shirt-red", "verdict": "correct"}, (422, "request_invalid")),
        ({"product_id": "Shirt-red", "verdict": "reject", "above": 0}, (422, "request_invalid")),
    ],
)
def test_a_bad_verdict_for_products_alike_is_refused(
    queue: TestClient, body: dict[str, Any], error: tuple[int, str]
) -> None:
    assert code(queue.post("/v1/feedback/alike", json=body)) == error


def test_verdicts_that_contradict_are_shown_with_who_gave_them(model: Understander, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"keys": tmp_path / "keys.json"})
    anna, ben = ({"Authorization": f"Bearer {add_key(settings.keys, name)}"} for name in ("anna", "ben"))
    with tiny_client(model, tmp_path / "index", settings) as client:
        client.headers.update(anna)
        store(client, "a")
        assert judge(client, "a", category=LEAF)["given_by"] == "anna"
        client.headers.update(ben)
        assert judge(client, "a", category=tiny_taxonomy().leaves[1].id)["conflicting"] is True
        (entry,) = review(client)["products"]
        assert (entry["id"], entry["judgement"]["conflicting"]) == ("a", True)
        both = verdicts(client, conflicting=True)
        assert [(one["given_by"], one["product_id"]) for one in both] == [("anna", "a"), ("ben", "a")]
        assert judge(client, "a", category=LEAF)["conflicting"] is False
        assert (waiting(client), verdicts(client, conflicting=True)) == ([], [])


def test_an_index_of_a_release_before_is_queued_when_the_service_starts(model: Understander, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path / "index") as client:
        for id in "abc":
            store(client, id)
        judge(client, "c", "reject")
    (tmp_path / "index" / "queued").unlink()
    forget_new_fields(tmp_path / "index")
    with tiny_client(model, tmp_path / "index") as client:
        wait_for(tmp_path / "index" / "queued")
        assert {one["id"] for one in review(client, order="surest")["products"]} == {"a", "b"}


def forget_new_fields(folder: Path) -> None:
    """Leave of each payload what releases before wrote."""
    import qdrant_edge as edge

    from catalog.index.edge.backend import EdgeBackend

    store = EdgeBackend.open(folder, None, create=False)
    found, _ = store.page(None, 100)
    names = ["guess", "sureness", "verdict"]
    ids = [one.id for one in found]
    store._live.write([edge.UpdateOperation.delete_payload(ids, names)], ids)
    store.close()


def wait_for(marker: Path) -> None:
    end = time.monotonic() + 60
    while not marker.exists():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_near_equal_titles_are_one_group_and_every_group_keeps_its_split() -> None:
    titles = ["Red Mug 300 ml", "red mug, 350 ml", "Mug Red XL"]
    assert {group_of(Product(str(n), title)) for n, title in enumerate(titles)} == {"mug red"}
    assert group_of(Product("7", "12 cm")) == "7"
    assert group_of(Product("8", "红色 马克杯 300")) == "红色 马克杯"
    few, many = [f"word{'x' * n}" for n in range(40)], [f"word{'x' * n}" for n in range(1000)]
    split = drawn(many)
    assert {name: split[name] for name in few} == drawn(few), "others that are added change nothing"
    shares = {name: sum(one == name for one in split.values()) / len(many) for name in ("train", "val", "test")}
    assert 0.75 < shares["train"] < 0.85
    assert 0.07 < shares["val"] < 0.13
    assert set(drawn(["a", "b"]).values()) == {"train", "val"}
    assert list(drawn(["a"])) == ["a"]


def unpacked(client: TestClient, folder: Path) -> str:
    """Unpack the training set. -> its README."""
    with zipfile.ZipFile(io.BytesIO(client.get("/v1/feedback/training-set").content)) as archive:
        archive.extractall(folder)
    return (folder / "README.txt").read_text()


def test_the_training_set_is_split_and_says_what_it_leaves_out(client: TestClient, tmp_path: Path) -> None:
    for kind, colour in PAIRS:
        for copy in range(2):
            store(client, f"{kind}-{colour}-{copy}", kind, colour, title=f"{colour} {kind} no {copy}")
            judge(client, f"{kind}-{colour}-{copy}", category=LEAF)
    for id, said in {"r": {"verdict": "reject"}, "p": {"proposed_category": "Toys > Robot"}, "g": {"tags": []}}.items():
        store(client, id)
        judge(client, id, **said)  # type: ignore[arg-type]
    client.delete("/v1/products/g")
    readme = unpacked(client, tmp_path / "feedback")
    rows = read_manifest(tmp_path / "feedback" / "manifest.jsonl", tiny_taxonomy())
    assert len(rows) == 2 * len(PAIRS)
    assert {row.split for row in rows} >= {"train", "val"}
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row.title[:-2], set()).add(row.split)
    assert all(len(one) == 1 for one in splits.values())
    assert "1 rejected, without what is right" in readme
    assert "1 no longer stored" in readme
    (proposed,) = map(json.loads, (tmp_path / "feedback" / "proposed.jsonl").read_text().splitlines())
    assert (proposed["category"], proposed["proposed_category"]) == (["Toys", "Robot"], "Toys > Robot")


def test_too_few_verdicts_to_train_on_are_said_to_be(client: TestClient, tmp_path: Path) -> None:
    store(client, "a")
    judge(client, "a", category=LEAF)
    assert "too few to train on" in unpacked(client, tmp_path / "feedback")


@pytest.mark.slow
def test_a_model_is_trained_on_what_people_said(client: TestClient, tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    nodes = dict(zip(KINDS, ("clothes.shirt", "clothes.shoe", "food.apple", "food.pear"), strict=True))
    for kind, colour in PAIRS:
        store(client, f"{kind}-{colour}", kind, colour)
        judge(client, f"{kind}-{colour}", category=nodes[kind], attributes={"colour": colour})
    unpacked(client, tmp_path / "data" / "feedback")
    config = write_config(tmp_path, "feedback", sets=[{"manifest": "feedback/manifest.jsonl"}])
    command = [sys.executable, "-m", "shelflens", "train", "--config", config, "--data-root", tmp_path / "data"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    assert "score" in json.loads(ended.stdout.splitlines()[-1])
