"""An OpenAI-compatible endpoint, if the operator named one."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from serving.settings.schema import Settings

SECONDS = 10.0
MAX_BYTES = 64 * 1024  # of its answer
# What goes wrong with an endpoint, or with its answer.
FAILURES = (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, TypeError)


async def ask_endpoint(settings: Settings, task: str, data: Mapping[str, str], max_tokens: int) -> str:
    """What the endpoint of `llm_url` says. task: what it is to do with the data. Raises one of FAILURES."""
    assert settings.llm_url
    body: dict[str, Any] = {
        "model": settings.llm_model,
        "messages": [
            {"role": "system", "content": task},
            {"role": "user", "content": json.dumps(data, ensure_ascii=False)},
        ],
        "temperature": 0,
        "max_tokens": max_tokens,
    }
    key = settings.llm_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    url = settings.llm_url.rstrip("/") + "/chat/completions"
    async with (
        httpx.AsyncClient(timeout=SECONDS, headers=headers, trust_env=False) as client,
        client.stream("POST", url, json=body) as response,
    ):
        response.raise_for_status()
        content = b""
        async for part in response.aiter_bytes():
            content += part
            if len(content) > MAX_BYTES:
                raise ValueError
    text = json.loads(content)["choices"][0]["message"]["content"]
    if not isinstance(text, str):
        raise TypeError
    return text.strip()
