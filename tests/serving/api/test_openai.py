"""OpenAI's own Python client, unchanged, against the service behind a real HTTP server."""

from collections.abc import Iterator

import numpy as np
import openai
import pytest

from catalog.understand import Understander
from tests.support.services import WIDTH, tiny_server
from tests.support.tiny import tiny_onnx_folder

NAME = "text-embedding-3-small"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    return Understander.load(tiny_onnx_folder(tmp_path_factory.mktemp("served") / "model"))


@pytest.fixture(scope="module")
def client(model: Understander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    with (
        tiny_server(model, tmp_path_factory.mktemp("served") / "index") as address,
        openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


def test_its_default_and_plain_numbers_are_the_same_vectors(client: openai.OpenAI, model: Understander) -> None:
    texts = ["red shirt", "blue shoe", "green pear"]
    packed = client.embeddings.create(model=NAME, input=texts)
    plain = client.embeddings.create(model=NAME, input=texts, encoding_format="float")
    assert (packed.object, packed.model, packed.usage.total_tokens) == ("list", model.version, 3 * 4)
    assert [one.index for one in packed.data] == [0, 1, 2]
    for left, right in zip(packed.data, plain.data, strict=True):
        assert len(left.embedding) == WIDTH
        np.testing.assert_allclose(left.embedding, right.embedding, atol=1e-5)
        assert np.linalg.norm(left.embedding) == pytest.approx(1, abs=1e-5)


def test_one_input_and_dimensions(client: openai.OpenAI) -> None:
    whole = client.embeddings.create(model=NAME, input="red shirt", user="somebody").data[0].embedding
    (cut,) = client.embeddings.create(model=NAME, input="red shirt", dimensions=8).data
    np.testing.assert_allclose(cut.embedding, whole[:8] / np.linalg.norm(whole[:8]), atol=1e-5)


def test_models_are_listed(client: openai.OpenAI, model: Understander) -> None:
    assert [one.id for one in client.models.list()] == [model.version]
    named = client.embeddings.create(model=model.version, input="red shirt")
    assert named.model == model.version


def test_errors_are_its_exceptions(client: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="can be truncated to: 8, 16, 32") as caught:
        client.embeddings.create(model=NAME, input="x", dimensions=7)
    error = caught.value
    assert (error.code, error.param, error.type) == (
        "embedding_dimensions_unsupported",
        "dimensions",
        "invalid_request_error",
    )
    assert error.request_id
    with pytest.raises(openai.UnprocessableEntityError, match="no image and no text"):
        client.embeddings.create(model=NAME, input=["red shirt", ""])
    with pytest.raises(openai.UnprocessableEntityError, match="input has too few entries"):
        client.embeddings.create(model=NAME, input=[])
    with pytest.raises(openai.NotFoundError, match="nothing at this URL"):
        client.moderations.create(input="x")
    with pytest.raises(openai.BadRequestError, match="not valid JSON") as refused:
        client.post("/embeddings", cast_to=object, content=b"{")
    assert refused.value.code == "json_invalid"
