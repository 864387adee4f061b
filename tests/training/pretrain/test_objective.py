"""The losses of pretraining, on the tiny model."""

import torch

from catalog.model.encoders import Encoded
from tests.support.tiny import tiny_tokenizer
from tests.support.tiny_torch import tiny_model, tiny_packed_model
from training.pretrain.objective import MaskedWords, Texts, Weights, step_losses
from training.pretrain.tuning import started, trainable

TEXTS = ["red striped shirt 1 2 3", "blue running shoe", "fresh green apple 4 5", "a pear"] * 4


def images(count: int, width: int) -> Encoded:
    generator = torch.Generator().manual_seed(0)
    present_B = torch.arange(count) % 3 > 0
    tokens_BTD = torch.randn(count, 2, 24, generator=generator)
    pooled_BD = torch.randn(count, width, generator=generator)
    return Encoded(tokens_BTD, torch.ones(count, 2).bool(), pooled_BD, present_B)


def test_words_are_masked_and_special_tokens_are_not() -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    texts = Texts.of(TEXTS * 50, tokenizer)
    torch.manual_seed(0)
    ids_BT, drawn_BT = MaskedWords(model.text_encoder, tokenizer, TEXTS).mask(texts)
    assert torch.equal(ids_BT[~drawn_BT], texts.ids_BT[~drawn_BT])
    last_B = texts.mask_BT.sum(1) - 1
    assert not drawn_BT[:, 0].any()
    assert not drawn_BT[torch.arange(len(last_B)), last_B].any()
    assert not (drawn_BT & ~texts.mask_BT).any()
    words = (texts.mask_BT.sum() - 2 * len(last_B)).item()
    assert 0.12 < drawn_BT.sum().item() / words < 0.18
    assert 0.7 < (ids_BT[drawn_BT] == tokenizer.mask_id).float().mean().item() < 0.9


def test_the_head_guesses_words_of_the_catalogue_from_a_packed_table() -> None:
    model, tokenizer = tiny_packed_model(), tiny_tokenizer()
    head = MaskedWords(model.text_encoder, tokenizer, TEXTS)
    assert len(head.words_V) == len({word for text in TEXTS for word in text.split()})
    table = model.text_encoder.bert.embeddings.word_embeddings
    torch.testing.assert_close(head.table_VD, table.weight[head.words_V])
    torch.manual_seed(0)
    loss = head.loss(model.text_encoder, Texts.of(TEXTS, tokenizer))
    loss.backward()
    assert head.dense.weight.grad is not None


def test_a_model_as_it_was_loses_nothing_of_what_it_knew() -> None:
    model = tiny_model()
    start = started(model)
    head = MaskedWords(model.text_encoder, tiny_tokenizer(), TEXTS)
    image = images(len(TEXTS), model.image_encoder.widths.pooled)
    arguments = (image, Texts.of(TEXTS, tiny_tokenizer()), torch.arange(len(TEXTS)) % 4, Weights())
    losses = step_losses(model, start, head, *arguments)
    for name in ("relation", "answers", "pooled"):
        assert abs(losses[name].item()) < 1e-5, name
    with torch.no_grad():
        for parameter in trainable(model, 0.5).values():
            parameter.mul_(1.5)
    moved = step_losses(model, start, head, *arguments)
    for name in ("relation", "answers", "pooled"):
        assert moved[name].item() > 1e-5, name


def test_a_batch_without_any_image_still_has_its_losses() -> None:
    model = tiny_model()
    image = images(4, model.image_encoder.widths.pooled).keep(torch.zeros(4).bool())
    head = MaskedWords(model.text_encoder, tiny_tokenizer(), TEXTS)
    losses = step_losses(
        model, started(model), head, image, Texts.of(TEXTS[:4], tiny_tokenizer()), torch.arange(4), Weights()
    )
    assert losses["contrastive"].item() == 0
    assert torch.stack(list(losses.values())).isfinite().all()
