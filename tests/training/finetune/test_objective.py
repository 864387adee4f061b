"""The losses of fine-tuning, on the tiny model."""

import torch

from tests.support.tiny import tiny_taxonomy, tiny_tokenizer
from tests.support.tiny_torch import tiny_model
from tests.training.pretrain.test_objective import TEXTS, images
from training.data.targets import TargetMaker
from training.finetune.objective import LeafVectors, Step, Weights, step_losses
from training.pretrain.objective import Texts
from training.pretrain.tuning import started, trainable

NODES = ["clothes.shirt", "clothes.shoe", "food.apple", "food"] * 4


def test_products_come_near_their_category_and_what_was_known_is_counted() -> None:
    model = tiny_model()
    start, parameters = started(model), list(trainable(model, 0.5).values())
    torch.manual_seed(0)
    classes = LeafVectors(torch.randn(4, model.config.embedding_width))
    texts = Texts.of(TEXTS, tiny_tokenizer())
    image, paths = images(len(TEXTS), model.image_encoder.widths.pooled), TargetMaker(tiny_taxonomy()).paths(NODES)
    with torch.no_grad():
        known = texts.encode(start.text_encoder)
    optimizer = torch.optim.AdamW([*parameters, *classes.parameters()], lr=3e-3)
    filed: list[float] = []
    for _ in range(30):
        step = Step(image, texts.encode(model.text_encoder), known, paths, torch.tensor([0, 2]))
        losses = step_losses(model, start, classes, step, Weights(relation=1.0, answers=1.0, pooled=1.0))
        if not filed:
            assert all(abs(losses[name].item()) < 1e-5 for name in ("relation", "answers", "pooled"))
        filed.append(losses["filed"].item())
        losses["filed"].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert filed[-1] < 0.5 * filed[0]
    assert all(losses[name].item() > 1e-5 for name in ("relation", "answers", "pooled"))


def test_a_shop_without_images_or_without_words_is_learnt() -> None:
    model = tiny_model()
    start, classes = started(model), LeafVectors(torch.randn(4, model.config.embedding_width))
    width, paths = model.image_encoder.widths.pooled, TargetMaker(tiny_taxonomy()).paths(NODES)
    texts = Texts.of(TEXTS, tiny_tokenizer())
    text, none = texts.encode(model.text_encoder), Texts.of([""] * len(TEXTS), tiny_tokenizer())
    image = images(len(TEXTS), width)
    for step in (
        Step(image.keep(torch.zeros(len(TEXTS)).bool()), text, text, paths, torch.tensor([0])),
        Step(
            image._replace(present_B=torch.ones(len(TEXTS)).bool()),
            none.encode(model.text_encoder),
            none.encode(start.text_encoder),
            paths,
            torch.tensor([0]),
        ),
    ):
        losses = step_losses(model, start, classes, step, Weights())
        assert all(torch.isfinite(loss) for loss in losses.values())
        assert losses["filed"].item() > 0
