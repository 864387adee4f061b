"""A student's text encoder: words keep their place among each other, in fewer directions and with fewer tokens."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from catalog.errors import ConfigInvalid
from catalog.model.encoders import TextEncoder
from catalog.model.tokenizer import Tokenizer
from tests.support.catalogue import tiny_run, write_catalogue
from tests.support.tiny import tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import bert_folder, vit_folder
from training.initial_weights import starting_model
from training.pruning import kept_tokens, narrowed, shortened

SMALL = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
UNKNOWN = 1


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    return TextEncoder.from_pretrained(str(bert_folder(tmp_path_factory.mktemp("bert") / "bert")))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return tiny_tokenizer()


def test_the_first_tokens_are_kept_and_those_of_the_texts(tokenizer: Tokenizer) -> None:
    ((_, striped, apple, _),) = tokenizer(["striped apple"])
    assert kept_tokens(tokenizer, 7, ["apple", "striped apple"]) == sorted([*range(7), striped, apple])
    assert kept_tokens(tokenizer, 10_000, []) == list(range(tokenizer.size))


def test_a_shorter_vocabulary_has_new_numbers(tokenizer: Tokenizer) -> None:
    kept = kept_tokens(tokenizer, 7, ["apple"])
    short = shortened(tokenizer, kept)
    ((first, *texts, last),) = short(["red apple striped"])
    assert short.size == len(kept) == 8
    assert [first, last, short.pad_id] == [tokenizer([""])[0][0], tokenizer([""])[0][1], tokenizer.pad_id]
    assert texts == [5, 7, UNKNOWN]


def test_a_special_token_cannot_be_left_out(tokenizer: Tokenizer) -> None:
    with pytest.raises(ConfigInvalid, match="special tokens"):
        shortened(tokenizer, [0, 1, 5, 6])


def test_words_keep_their_place_among_each_other(large: TextEncoder) -> None:
    kept = [0, 1, 2, 3, 4, 9, 11, 20]
    same, small = (narrowed(large, kept, SMALL | {"hidden_size": width}) for width in (16, 8))
    before_VD, after_VD = (encoder.bert.embeddings.word_embeddings.weight.detach() for encoder in (large, same))
    torch.testing.assert_close(torch.cdist(after_VD, after_VD), torch.cdist(before_VD[kept], before_VD[kept]))
    # Eight words lie in eight directions, so with eight nothing is lost; other embeddings may lose.
    less_VD = small.bert.embeddings.word_embeddings.weight.detach()
    torch.testing.assert_close(less_VD @ less_VD.T, before_VD[kept] @ before_VD[kept].T)
    positions_TD = small.bert.embeddings.position_embeddings.weight
    assert positions_TD.shape == (96, 8)
    assert positions_TD.norm() <= large.bert.embeddings.position_embeddings.weight.norm()


def test_a_narrow_encoder_reads(large: TextEncoder) -> None:
    small = narrowed(large, list(range(20)), SMALL | {"max_position_embeddings": 32}).eval()
    tokens_BTD, pooled_BD = small(torch.tensor([[2, 7, 3]]), torch.ones(1, 3, dtype=torch.bool))
    assert tokens_BTD.shape == (1, 3, 8)
    torch.testing.assert_close(pooled_BD, tokens_BTD.mean(1))
    assert not torch.allclose(F.normalize(pooled_BD), torch.zeros_like(pooled_BD))


@pytest.mark.parametrize(
    "options", [{"hidden_size": 24}, {"hidden_size": 9}, {"hidden_act": "gone"}, {"max_position_embeddings": 97}]
)
def test_shapes_that_are_none(large: TextEncoder, options: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match="text_options"):
        narrowed(large, list(range(24)), SMALL | options)


def test_a_run_may_start_from_a_smaller_encoder(tmp_path: Path) -> None:
    write_catalogue(tmp_path)
    start = {"image": str(vit_folder(tmp_path / "vit")), "text": str(bert_folder(tmp_path / "bert"))}
    config = tiny_run(tmp_path, "small", start=start | {"text_options": SMALL, "vocabulary": 6})
    model, tokenizer = starting_model(config, tiny_taxonomy(), ["striped"])
    assert model.config.text.bert["hidden_size"] == model.text_encoder.widths.tokens == 8
    # Six first ones, a word of a training product, and the names of the tree that are in the vocabulary.
    assert model.config.text.bert["vocab_size"] == tokenizer.size
    assert [UNKNOWN in ids for ids in tokenizer(["striped", "apple", "running"])] == [False, False, True]
    whole, _ = starting_model(
        dataclasses.replace(config, start=dataclasses.replace(config.start, text_options={})), tiny_taxonomy()
    )
    assert whole.text_encoder.widths.tokens == 16
