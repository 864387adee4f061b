"""The losses of one step: masked words, image and text find each other, and what the model knew stays.

masked       masked language modelling (Devlin et al. 2019), over the words that occur in the catalogue
contrastive  InfoNCE between what is served of image and of text alone, and between both projections
kept         cosines among products, categories, tags and attributes as the starting model has them
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catalog.arrays import MODALITIES
from catalog.model.encoders import Encoded, TextEncoder
from catalog.model.network import CatalogModel, Outputs
from catalog.model.preprocess import pad
from catalog.model.tokenizer import Tokenizer
from training.losses import contrastive, divergence, relation

MASKED, TO_MASK, TO_RANDOM = 0.15, 0.8, 0.1  # share of tokens; of these, those that become [MASK] or another word
MIN_TOKENS = 8  # that are masked in a batch, for a loss that is no accident


class Texts(NamedTuple):
    """Tokens of a batch's texts: ids (B, T), a mask that is True at real tokens. present_B: whether there is any."""

    ids_BT: Tensor
    mask_BT: Tensor
    present_B: Tensor

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Tokenizer) -> "Texts":
        ids_BT, mask_BT = (torch.from_numpy(each) for each in pad(tokenizer(texts), tokenizer.pad_id))
        return cls(ids_BT, mask_BT, torch.tensor([bool(text) for text in texts]))

    def to(self, device: torch.device) -> "Texts":
        return Texts(*(tensor.to(device) for tensor in self))

    def encode(self, encoder: TextEncoder) -> Encoded:
        tokens_BTD, pooled_BD = encoder(self.ids_BT, self.mask_BT)
        present_B1 = self.present_B.unsqueeze(1)
        return Encoded(tokens_BTD, self.mask_BT & present_B1, pooled_BD * present_B1, self.present_B)


class MaskedWords(nn.Module):
    """The head of masked language modelling, tied to the encoder's word table, which stays as it is.

    Its V words are those of the catalogue: a table of a whole language would take most of a step.
    """

    words_V: Tensor
    table_VD: Tensor
    place_W: Tensor

    def __init__(self, encoder: TextEncoder, tokenizer: Tokenizer, texts: Sequence[str]) -> None:
        super().__init__()
        self.prefix = max(1, len(tokenizer([""])[0]) - 1)  # the first special token and what is put before each text
        self.mask_id = tokenizer.mask_id
        used = {token for ids in tokenizer(texts) for token in ids[self.prefix : -1]}
        table, width = encoder.bert.embeddings.word_embeddings, encoder.widths.tokens
        self.register_buffer("words_V", torch.tensor(sorted(used), dtype=torch.long))
        with torch.no_grad():
            self.register_buffer("table_VD", table(self.words_V).float().clone())
        place_W = torch.full((max(used, default=0) + 1,), -1)
        place_W[self.words_V] = torch.arange(len(used))
        self.register_buffer("place_W", place_W)
        self.dense, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias_V = nn.Parameter(torch.zeros(len(used)))

    def forward(self, tokens_MD: Tensor) -> Tensor:
        """States of M masked tokens -> logits (M, V)."""
        found_MD = self.norm(F.gelu(self.dense(tokens_MD)))
        return found_MD.float() @ self.table_VD.T + self.bias_V

    def loss(self, encoder: TextEncoder, texts: Texts) -> Tensor:
        """Cross-entropy of tokens that are drawn, masked and guessed from the others."""
        ids_BT, drawn_BT = self.mask(texts)
        if drawn_BT.sum() < MIN_TOKENS:
            return self.bias_V.sum() * 0
        tokens_BTD, _ = encoder(ids_BT, texts.mask_BT)
        return F.cross_entropy(self(tokens_BTD[drawn_BT]), self.place_W[texts.ids_BT[drawn_BT]])

    def mask(self, texts: Texts) -> tuple[Tensor, Tensor]:
        """-> ids with some of them changed, and which were drawn; never special tokens nor the prefix."""
        place_T = torch.arange(texts.ids_BT.shape[1], device=texts.ids_BT.device)
        last_B1 = texts.mask_BT.sum(1, keepdim=True) - 1
        chance_BT, kind_BT = torch.rand(2, *texts.ids_BT.shape, device=texts.ids_BT.device)
        drawn_BT = (chance_BT < MASKED) & (place_T >= self.prefix) & (place_T < last_B1)
        other_BT = self.words_V[torch.randint(len(self.words_V), texts.ids_BT.shape, device=texts.ids_BT.device)]
        hidden_BT = other_BT if self.mask_id is None else torch.full_like(other_BT, self.mask_id)
        ids_BT = torch.where(drawn_BT & (kind_BT < TO_MASK), hidden_BT, texts.ids_BT)
        random_BT = drawn_BT & (kind_BT >= TO_MASK) & (kind_BT < TO_MASK + TO_RANDOM)
        return torch.where(random_BT, other_BT, ids_BT), drawn_BT


class Weights(NamedTuple):
    """Of the losses."""

    masked: float = 0.1
    contrastive: float = 1.0
    relation: float = 10.0
    answers: float = 1.0
    pooled: float = 1.0


def step_losses(
    model: CatalogModel,
    start: CatalogModel,
    head: MaskedWords,
    image: Encoded,
    texts: Texts,
    group_B: Tensor,
    weights: Weights,
) -> dict[str, Tensor]:
    """Every weighted loss of one batch. start: the model as it was. group_B: equal for what counts as one product."""
    text = texts.encode(model.text_encoder)
    with torch.no_grad():
        known = texts.encode(start.text_encoder)
    losses = {"masked": weights.masked * head.loss(model.text_encoder, texts)}
    ours = {way: model.fuse_and_classify(image, text, way) for way in MODALITIES}
    both_B = image.present_B & text.present_B
    losses["contrastive"] = weights.contrastive * found_losses(model, ours["image"], ours["text"], both_B, group_B)
    read = {"image": image.present_B, "text": text.present_B, "both": both_B}
    kept = {"relation": [image.pooled_BD.sum() * 0], "answers": [image.pooled_BD.sum() * 0]}
    for way in MODALITIES:
        if read[way].any():
            with torch.no_grad():
                theirs = start.fuse_and_classify(image, known, way)
            cuts = model.config.embedding_cuts
            kept["relation"].append(relations_kept(ours[way].fused_BE, theirs.fused_BE, read[way], cuts))
            kept["answers"].append(answers_kept(ours[way], theirs, read[way]))
    losses["relation"] = weights.relation * torch.stack(kept["relation"]).sum() / len(MODALITIES)
    losses["answers"] = weights.answers * torch.stack(kept["answers"]).sum() / len(MODALITIES)
    moved_B = 1 - F.cosine_similarity(text.pooled_BD.float(), known.pooled_BD.float(), dim=-1)
    losses["pooled"] = weights.pooled * (moved_B * texts.present_B).sum() / texts.present_B.sum().clamp(min=1)
    return losses


def found_losses(model: CatalogModel, image: Outputs, text: Outputs, both_B: Tensor, group_B: Tensor) -> Tensor:
    """Image finds text and text finds image: as they are served alone, and by their own projections."""
    group = group_B[both_B]
    space = group.unsqueeze(0) == group.unsqueeze(1), model.heads.log_scale.detach(), model.config.embedding_cuts
    served = contrastive(image.fused_BE[both_B], text.fused_BE[both_B], *space)
    return (served + contrastive(image.image_BE[both_B], text.text_BE[both_B], *space)) / 2


def relations_kept(ours_BE: Tensor, theirs_BE: Tensor, read_B: Tensor, cuts: Sequence[int]) -> Tensor:
    """Squared differences of the cosines among products, of each cut from its own."""
    known_BB = read_B.unsqueeze(0) & read_B.unsqueeze(1)
    parts = []
    for cut in cuts:
        unit_BE = F.normalize(theirs_BE[:, :cut], dim=-1)
        parts.append(relation(ours_BE, unit_BE @ unit_BE.T, known_BB, [cut]))
    return torch.stack(parts).mean()


def answers_kept(ours: Outputs, theirs: Outputs, read_B: Tensor) -> Tensor:
    """Divergence of categories, attributes and tags from what the starting model says."""
    pairs = [(ours.leaf_BC, theirs.leaf_BC)]
    pairs += [(logits_BV, theirs.attributes[name]) for name, logits_BV in ours.attributes.items()]
    total = torch.stack([divergence(one[read_B], other[read_B], 1.0) for one, other in pairs]).sum()
    if ours.tags_BG.shape[-1]:
        taught_BG = theirs.tags_BG[read_B].float().sigmoid()
        ours_BG = ours.tags_BG[read_B].float()
        entropy = F.binary_cross_entropy(taught_BG, taught_BG)  # what no model can go below
        total = total + F.binary_cross_entropy_with_logits(ours_BG, taught_BG) - entropy
    return total
