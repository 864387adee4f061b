"""Words -> numbers of tokens, the same for training and serving."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

import tokenizers

from catalog.errors import CheckpointInvalid, ConfigInvalid

FILES = ("tokenizer.json", "tokenizer_config.json")  # as transformers writes them


WORD_START = "\u2581"  # of SentencePiece: by itself it is no part of a word


class Extent(NamedTuple):
    """How much of a text is read. tokens: the number that the model gets; cut: whether the text has more; known:
    whether the vocabulary has any part of it.
    """

    tokens: int
    cut: bool
    known: bool


class Tokenizer:
    """A fast tokenizer of transformers, without transformers. Safe to share between threads."""

    def __init__(self, files: Mapping[str, str], max_tokens: int, prefix: str = "") -> None:
        """files: the content of each of FILES; max_tokens: longer texts are cut; prefix: put before each text.

        Raises CheckpointInvalid.
        """
        self.files = dict(files)
        self.max_tokens = max_tokens
        self.prefix = prefix
        try:
            self._backend = tokenizers.Tokenizer.from_str(files[FILES[0]])
            pad_id = self._backend.token_to_id(json.loads(files[FILES[1]])["pad_token"])
        except Exception:  # the library raises Exception itself
            pad_id = None
        if pad_id is None:
            raise CheckpointInvalid(f"The model's {FILES[0]} or {FILES[1]} is not valid.") from None
        self.pad_id = pad_id
        self._backend.no_padding()
        self._backend.enable_truncation(max_tokens)
        named = json.loads(files[FILES[1]])
        empty = (named.get("unk_token"), *self._backend.encode("").tokens, WORD_START)
        self._empty = frozenset(self._backend.token_to_id(name) for name in empty if isinstance(name, str))

    @classmethod
    def load(cls, folder: Path, max_tokens: int, prefix: str = "") -> Self:
        """Raises CheckpointInvalid."""
        try:
            return cls({name: (folder / name).read_text(encoding="utf-8") for name in FILES}, max_tokens, prefix)
        except (OSError, ValueError):
            raise CheckpointInvalid(f"The model's {FILES[0]} or {FILES[1]} is not valid.") from None

    @classmethod
    def from_pretrained(cls, name: str, max_tokens: int, prefix: str = "") -> Self:
        """By hub name or from a local folder; remote code is never run.

        Raises OSError when there is none of this name, ConfigInvalid when it has no fast tokenizer.
        """
        from transformers import AutoTokenizer

        pretrained = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        with TemporaryDirectory() as folder:
            pretrained.save_pretrained(folder)
            try:
                files = {file: Path(folder, file).read_text(encoding="utf-8") for file in FILES}
            except FileNotFoundError:
                raise ConfigInvalid(f"{name!r} has no tokenizer that transformers calls fast.") from None
        # A tokenizer saves how it was last called, too, and so equal models would have different versions.
        plain = json.loads(files[FILES[0]]) | {"truncation": None, "padding": None}
        return cls(files | {FILES[0]: json.dumps(plain, indent=1, ensure_ascii=False) + "\n"}, max_tokens, prefix)

    @property
    def mask_id(self) -> int | None:
        """Of the token that stands for a word to be guessed; None where the vocabulary has none."""
        name = json.loads(self.files[FILES[1]]).get("mask_token")
        return self._backend.token_to_id(name) if isinstance(name, str) else None

    @property
    def size(self) -> int:
        """How many tokens its vocabulary has."""
        return self._backend.get_vocab_size()

    def save(self, folder: Path) -> None:
        for name, content in self.files.items():
            (folder / name).write_text(content, encoding="utf-8")

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text with the prefix, special tokens at both ends, at most max_tokens of them."""
        return [found.ids for found in self._backend.encode_batch_fast([self.prefix + text for text in texts])]

    def extents(self, texts: Sequence[str]) -> list[Extent]:
        """How much of each text `__call__` reads."""
        found = self._backend.encode_batch_fast([self.prefix + text for text in texts])
        return [
            Extent(len(one.ids), bool(one.overflowing), self._knows(text))
            for text, one in zip(texts, found, strict=True)
        ]

    def pieces(self, text: str) -> list[tuple[int, int]]:
        """Where each token that stands for a part of the text starts and ends; what it does not know is one piece."""
        spans: list[tuple[int, int]] = []
        for start, end in self._backend.encode(text, add_special_tokens=False).offsets:
            if start < end and (not spans or start >= spans[-1][1]):
                spans.append((start, end))
        return spans

    def _knows(self, text: str) -> bool:
        """Every vocabulary has the letters and digits of ASCII."""
        if any(letter.isascii() and letter.isalnum() for letter in text):
            return True
        return not self._empty.issuperset(self._backend.encode(text).ids)
