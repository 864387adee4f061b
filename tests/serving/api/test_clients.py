"""Embedding clients of other libraries, unchanged, against the service behind a real HTTP server.

They are the extra `clients`. Each runs in a process of its own: what they import takes seconds, warns, and leaves
connections open.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import httpx
import numpy as np
import pytest

from catalog.understand import Understander
from tests.support.services import WIDTH, tiny_server
from tests.support.tiny import tiny_onnx_folder

pytestmark = pytest.mark.slow

NAME = "text-embedding-3-small"
TEXTS = [f"{colour} {kind}" for colour in ("red", "blue", "green") for kind in ("shirt", "shoe", "pear")] * 12
OPTIONS = 'api_key="any", max_retries=0'
# Each client's package, and how it is asked for the embeddings of `texts`.
CLIENTS = {
    "langchain-openai": f"""
from langchain_openai import OpenAIEmbeddings
client = OpenAIEmbeddings(model=name, base_url=base, check_embedding_ctx_length=False, {OPTIONS})
found = client.embed_documents(texts)
""",
    "llama-index-embeddings-openai-like": f"""
from llama_index.embeddings.openai_like import OpenAILikeEmbedding
client = OpenAILikeEmbedding(model_name=name, api_base=base, embed_batch_size=100, {OPTIONS})
found = client.get_text_embedding_batch(texts)
""",
    "litellm": f"""
from litellm import embedding
answer = embedding(model="openai/" + name, input=texts, api_base=base, {OPTIONS})
found = [one["embedding"] for one in answer.data]
assert answer.usage.prompt_tokens == answer.usage.total_tokens == 4 * len(texts)
""",
}
BEFORE = "import json, sys\nname, base, texts = json.load(sys.stdin)\n"
AFTER = "json.dump(found, open(sys.argv[1], 'w'))\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What clients are given as the URL."""
    folder = tmp_path_factory.mktemp("served")
    with tiny_server(Understander.load(tiny_onnx_folder(folder / "model")), folder / "index") as address:
        yield f"{address}/v1"


@pytest.mark.parametrize("package", CLIENTS)
def test_a_client_gets_the_embeddings(package: str, base: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    try:
        version(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed (extra `clients`)")
    answer = tmp_path_factory.mktemp("answer") / "found.json"
    done = subprocess.run(
        [sys.executable, "-c", BEFORE + CLIENTS[package] + AFTER, str(answer)],
        input=json.dumps([NAME, base, TEXTS]),
        env=os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1"},  # else prices are fetched
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    plain = httpx.post(f"{base}/embeddings", json={"input": TEXTS}).json()
    found = json.loads(answer.read_text())
    assert np.shape(found) == (len(TEXTS), WIDTH)
    np.testing.assert_allclose(found, [one["embedding"] for one in plain["data"]], atol=1e-5)
