"""POST /v1/embeddings as clients of others send it: long lists, nulls, tokens, images as text."""

import base64
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from catalog.understand import Understander
from serving.settings.schema import Settings
from tests.support.answers import assert_error, error_of
from tests.support.malformed.images import encode, speckled
from tests.support.malformed.large_content import uri
from tests.support.services import tiny_client
from tests.support.tiny import tiny_onnx_folder

EMBEDDINGS, SEARCH, ANALYZE = "/v1/embeddings", "/v1/search", "/v1/products/analyze"
IMAGE = uri(encode(speckled(), "PNG"))
BARE = IMAGE.partition(",")[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture(scope="module")
def client(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with tiny_client(model, tmp_path_factory.mktemp("served") / "index") as client:
        yield client


def embedded(client: TestClient, **body: Any) -> dict[str, Any]:
    answer = client.post(EMBEDDINGS, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def vectors(found: dict[str, Any]) -> list[list[float]]:
    assert [one["index"] for one in found["data"]] == list(range(len(found["data"])))
    return [one["embedding"] for one in found["data"]]


def test_a_list_of_2048_inputs_is_answered_in_order(client: TestClient) -> None:
    texts = [f"{colour} shoe {'pear ' * n}" for colour in ("red", "blue") for n in range(4)] * 256
    found = vectors(embedded(client, input=texts))
    assert len(found) == 2_048
    alone = vectors(embedded(client, input=texts[:8]))
    np.testing.assert_allclose(found, alone * 256, atol=1e-5)


def test_one_input_too_many(client: TestClient) -> None:
    message = assert_error(client.post(EMBEDDINGS, json={"input": ["x"] * 2_049}), 422, "too_many_items", "input")
    assert "2,048" in message


def test_an_input_at_fault_in_a_later_portion_is_named(client: TestClient) -> None:
    texts = ["red shoe"] * 100
    texts[70] = ""
    assert_error(client.post(EMBEDDINGS, json={"input": texts}), 422, "product_empty", "input.70.text")


def test_long_texts_may_be_many(client: TestClient) -> None:
    assert len(vectors(embedded(client, input=["red shoe " * 400] * 500))) == 500


def test_a_long_list_does_not_hold_up_others(client: TestClient) -> None:
    """It has more inputs than the service works on at once, and is answered all the same."""
    with ThreadPoolExecutor(4) as pool:
        ready = threading.Barrier(4)

        def ask(count: int) -> int:
            ready.wait()
            return len(vectors(embedded(client, input=["red shoe"] * count)))

        assert list(pool.map(ask, (1_000, 1_000, 1, 20))) == [1_000, 1_000, 1, 20]


def test_too_many_long_lists_at_once_are_refused(model: Understander, tmp_path: Path) -> None:
    with tiny_client(model, tmp_path / "index", Settings(batch_wait_seconds=0.001, max_items=1)) as client:
        context = client.app.state.context  # type: ignore[attr-defined]
        with context.large.admitted(8):
            assert_error(client.post(EMBEDDINGS, json={"input": ["red", "blue"]}), 429, "overloaded")
            assert len(vectors(embedded(client, input="red"))) == 1
        assert len(vectors(embedded(client, input=["red", "blue"]))) == 2


def test_null_is_a_default(client: TestClient) -> None:
    plain = embedded(client, input="red shoe")
    assert embedded(client, input="red shoe", model=None, dimensions=None, user=None, encoding_format=None) == plain
    assert embedded(client, input={"text": "red shoe", "image": None}) == plain
    nulls = dict.fromkeys(("image", "product_id", "weights", "filter", "limit", "offset", "facets", "sort", "floor"))
    assert client.post(SEARCH, json={"text": "red shoe", **nulls}).status_code == 200
    assert_error(client.post(EMBEDDINGS, json={"input": None}), 422, "request_invalid", "input.0")


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2, 3]], [[1], [2, 3]], [[]], [0]])
def test_tokens_are_refused_with_what_to_send(client: TestClient, tokens: Any) -> None:
    message = assert_error(client.post(EMBEDDINGS, json={"input": tokens}), 422, "tokens_unsupported", "input")
    assert "Send the texts" in message
    assert "check_embedding_ctx_length=False" in message


@pytest.mark.parametrize("wrong", [[True], [None], [["text"]], 5, [{"words": "red"}], [5.5, "red"]])
def test_what_is_no_input_is_named(client: TestClient, wrong: Any) -> None:
    error = error_of(client.post(EMBEDDINGS, json={"input": wrong}), 422)
    assert (error["code"], error["param"][:7]) == ("request_invalid", "input.0")


def test_tokens_read_are_counted_and_what_was_cut_is_named(client: TestClient, model: Understander) -> None:
    limit = model.config.text.max_tokens
    [listed] = client.get("/v1/models").json()["data"]
    assert listed["max_input_tokens"] == limit
    beginning = "red shoe " * limit
    found = embedded(client, input=["red shoe", beginning, beginning + "blue", {"image": IMAGE}])
    short, first, second, _ = vectors(found)
    assert first == second != short
    assert found["usage"] == {
        "prompt_tokens": 4 + 2 * limit,
        "total_tokens": 4 + 2 * limit,
        "truncated": [1, 2],
    }
    analyzed = client.post(ANALYZE, json={"items": [{"title": "red shoe"}, {"description": beginning}]}).json()
    assert analyzed["usage"] == {"prompt_tokens": 4 + limit, "total_tokens": 4 + limit, "truncated": [1]}


@pytest.mark.parametrize("text", [IMAGE, f" {IMAGE}\n", IMAGE.replace("data:image/", "DATA:image/")])
def test_an_image_as_an_input_is_read_as_the_image(client: TestClient, text: str) -> None:
    image, words = vectors(embedded(client, input=[{"image": IMAGE}, "red shoe"]))
    assert vectors(embedded(client, input=text)) == [image]
    assert vectors(embedded(client, input=["red shoe", text])) == [words, image]


def test_an_image_as_the_text_of_a_search_is_searched_by(client: TestClient) -> None:
    assert client.put("/v1/products/photo", json={"title": "red shoe", "images": [IMAGE]}).status_code == 201
    by_image = client.post(SEARCH, json={"image": IMAGE, "floor": False}).json()
    assert client.post(SEARCH, json={"text": IMAGE, "floor": False}).json() == by_image
    assert client.post(SEARCH, json={"text": IMAGE, "image": None, "floor": False}).json() == by_image
    both = client.post(SEARCH, json={"text": IMAGE, "image": IMAGE})
    assert_error(both, 422, "image_as_text", "text")


@pytest.mark.parametrize("image", [IMAGE, BARE, "data:image/png;base64," + "A" * 40_000])
def test_an_image_where_only_words_can_be_is_refused_with_what_to_send(client: TestClient, image: str) -> None:
    message = assert_error(
        client.post(EMBEDDINGS, json={"input": [{"text": image}]}), 422, "image_as_text", "input.0.text"
    )
    assert '{"image": "data:..."}' in message
    for field in ("title", "description"):
        [result] = client.post(ANALYZE, json={"items": [{field: image}]}).json()["results"]
        assert (result["error"]["code"], result["error"]["param"]) == ("image_as_text", field)
        assert_error(client.put("/v1/products/1", json={field: image}), 422, "image_as_text", field)


def test_base64_alone_is_no_image_yet(client: TestClient) -> None:
    message = assert_error(client.post(EMBEDDINGS, json={"input": BARE}), 422, "image_data_invalid", "input.0.image")
    assert "data URI" in message


@pytest.mark.parametrize(
    "text", ["data: red shoes", "Data:image shoe", "How to write data:image/png;base64,AAAA", "/9j/"]
)
def test_words_about_images_are_words(client: TestClient, text: str) -> None:
    assert len(vectors(embedded(client, input=text))) == 1


def test_base64_of_both_kinds_is_the_same_vector(client: TestClient) -> None:
    [packed] = vectors(embedded(client, input="red shoe", encoding_format="base64"))
    [plain] = vectors(embedded(client, input="red shoe", encoding_format="float"))
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(str(packed)), "<f4"), plain, atol=1e-6)
