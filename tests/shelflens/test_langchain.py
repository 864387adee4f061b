"""The service as a vector store of LangChain."""

from collections.abc import Iterator

import pytest

pytest.importorskip("langchain_core", reason="needs the extra langchain")

from catalog.understand import Understander
from serving.client import Client
from shelflens.langchain import ProductStore
from tests.support.services import tiny_server
from tests.support.tiny import tiny_onnx_folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductStore]:
    folder = tmp_path_factory.mktemp("langchain")
    model = Understander.load(tiny_onnx_folder(folder / "model"))
    with tiny_server(model, folder / "index") as address, Client(address) as client:
        yield ProductStore(client)


def test_products_are_stored_found_and_deleted(store: ProductStore) -> None:
    texts = ["red shoe\nA light one.", "blue shirt"]
    ids = store.add_texts(
        texts, [{"brand": "Acme", "price": 12.5, "currency": "EUR", "sole": "flat"}, {}], ids=["1", "2"]
    )
    assert ids == ["1", "2"]
    best, score = store.similarity_search_with_score("red shoe", k=1)[0]
    assert (best.id, best.page_content) == ("1", texts[0])
    assert 0 < score <= 1
    assert {"brand": "Acme", "price": 12.5, "sole": "flat"}.items() <= best.metadata.items()
    retriever = store.as_retriever(search_kwargs={"k": 5, "filter": {"price": {"lte": 20}}})
    assert [document.id for document in retriever.invoke("shoe")] == ["1"]
    assert [document.id for document in store.get_by_ids(["2", "none"])] == ["2"]
    assert store.delete(["1", "2"])
    assert not store.delete(["1"])
    with pytest.raises(ValueError, match="ids"):
        store.delete()
