"""Many texts as a frozen text encoder reads them, and their vectors in a file."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from catalog.arrays import Floats
from catalog.model.encoders import TextEncoder
from catalog.model.preprocess import pad
from catalog.model.tokenizer import Tokenizer
from training.device import best_device, mixed_precision


def cached_vectors(texts: Sequence[str], encoder: TextEncoder, tokenizer: Tokenizer, path: Path) -> Floats:
    """Of different texts, (N, D), in half precision. The file keeps those of all texts that this encoder has read."""
    digest = hashlib.sha256(repr(encoder.config).encode())
    for name, tensor in encoder.state_dict().items():
        if "word_embeddings" not in name:
            digest.update(tensor.cpu().numpy().tobytes())
    key = digest.hexdigest()
    stored = torch.load(path, weights_only=True) if path.exists() else {}
    if stored.get("key") != key:
        stored = {"key": key, "texts": [], "vectors": torch.zeros(0, encoder.widths.pooled, dtype=torch.float16)}
    known = set(stored["texts"])
    if missing := [text for text in texts if text not in known]:
        stored["texts"] += missing
        stored["vectors"] = torch.cat([stored["vectors"], read_texts(missing, encoder, tokenizer)])
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(stored, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)
    place = {text: number for number, text in enumerate(stored["texts"])}
    return stored["vectors"][[place[text] for text in texts]].numpy()


def centre(encoder: TextEncoder, tokenizer: Tokenizer, texts: Sequence[str]) -> None:
    """Take these texts' mean from the encoder's vectors, in the last layer's bias, so that cosines tell texts apart."""
    mean_D = read_texts(texts, encoder, tokenizer).float().mean(0)
    last = encoder.bert.config.num_hidden_layers - 1
    with torch.no_grad():
        encoder.bert.get_parameter(f"encoder.layer.{last}.output.LayerNorm.bias").sub_(mean_D)


@torch.inference_mode()
def read_texts(texts: Sequence[str], encoder: TextEncoder, tokenizer: Tokenizer) -> Tensor:
    """-> (N, D), half precision. Texts of similar length are read together."""
    device, ids = best_device(), tokenizer(texts)
    order = sorted(range(len(texts)), key=lambda n: len(ids[n]))
    found_ND = torch.zeros(len(texts), encoder.eval().widths.pooled, dtype=torch.float16)
    for start in tqdm(range(0, len(texts), 128), desc="texts", unit="batch"):
        chosen = order[start : start + 128]
        group = pad([ids[n] for n in chosen], tokenizer.pad_id)
        with mixed_precision(device):
            pooled_BD = encoder(*(torch.from_numpy(each).to(device) for each in group))[1]
        found_ND[chosen] = pooled_BD.half().cpu()
    return found_ND
