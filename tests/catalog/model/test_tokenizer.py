"""The tokenizer without transformers, against transformers' own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from catalog.errors import CheckpointInvalid
from catalog.model.folder import shipped_model
from catalog.model.tokenizer import FILES, Tokenizer
from tests.support.tiny import tiny_tokenizer

TEXTS = ("Women's RUNNING shoe, 40% off!", "café crème brûlée", "红色 T恤 large", "", "a\tb ﬁne", "🍐 pear", "x" * 300)


def test_the_shipped_one_reads_as_in_transformers() -> None:
    ours = Tokenizer.load(shipped_model(), 24)
    theirs = AutoTokenizer.from_pretrained(str(shipped_model()))
    assert ours(TEXTS) == theirs(list(TEXTS), truncation=True, max_length=24)["input_ids"]
    assert ours.pad_id == theirs.pad_token_id


def test_no_text_gives_nothing() -> None:
    assert tiny_tokenizer()([]) == []


def test_a_tokenizer_is_the_same_once_saved(tmp_path: Path) -> None:
    tokenizer = tiny_tokenizer()
    tokenizer.save(tmp_path)
    again = Tokenizer.load(tmp_path, 32)
    assert again(TEXTS) == tokenizer(TEXTS)
    assert again.files == tokenizer.files


def test_threads_may_share_one() -> None:
    tokenizer = Tokenizer.load(shipped_model(), 24)
    with ThreadPoolExecutor(4) as pool:
        assert len({str(found) for found in pool.map(tokenizer, [TEXTS] * 200)}) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (FILES[0], "no JSON"),
        (FILES[0], "{}"),
        (FILES[1], "[]"),
        (FILES[1], '{"pad_token": "none such"}'),
        (FILES[1], ""),
    ],
)
def test_a_damaged_one_is_refused(tmp_path: Path, name: str, content: str) -> None:
    tiny_tokenizer().save(tmp_path)
    (tmp_path / name).write_text(content)
    with pytest.raises(CheckpointInvalid, match=r"tokenizer\.json or tokenizer_config\.json is not valid"):
        Tokenizer.load(tmp_path, 32)
