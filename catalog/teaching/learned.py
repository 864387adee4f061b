"""What a model was taught with, kept in its folder so that it can be taught more: vectors, categories, and which belong
together. No id and no word of a product is in it.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from catalog.arrays import MODALITIES, Floats
from catalog.errors import CheckpointInvalid
from catalog.model.folder import LEARNED
from catalog.teaching.examples import Example, Ints, Views


class Learned(NamedTuple):
    """groups_N: see `catalog.teaching.examples.groups_of`; names: vectors (E,) of the categories' names and paths;
    verdicts: the number of the last verdict among the examples, 0 for none.
    """

    examples: Sequence[Example]
    groups_N: Ints
    names: dict[str, Floats]
    verdicts: int = 0


class Names:
    """Vectors of texts: those that are known, and others by the model, which are known from then on."""

    def __init__(self, embed: Callable[[Sequence[str]], Floats], known: dict[str, Floats] | None = None) -> None:
        self._embed = embed
        self.known = dict(known or {})

    def embed(self, texts: Sequence[str]) -> Floats:
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known |= dict(zip(new, self._embed(new), strict=True))
        return np.stack([self.known[text] for text in texts])


def save_learned(folder: Path, learned: Learned) -> None:
    views, paths = Views.of(learned.examples), dict[tuple[str, ...], int]()
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "vector_VE": views.vector_VE.astype(np.float16),
        "example_V": views.example_V.astype(np.int32),
        "choice_V": np.array([MODALITIES.index(choice) for choice in views.choice_V], np.uint8),
        "used_N": np.array([MODALITIES.index(example.used) for example in learned.examples], np.uint8),
        "path_N": np.array([paths.setdefault(one.path, len(paths)) for one in learned.examples], np.int32),
        "group_N": learned.groups_N.astype(np.int32),
        "judged_N": np.array([example.judged for example in learned.examples], np.uint8),
        "name_TE": np.stack(list(learned.names.values())).astype(np.float16),
    }
    told = {"paths": list(paths), "names": list(learned.names), "verdicts": learned.verdicts}
    arrays["told_B"] = np.frombuffer(json.dumps(told).encode(), np.uint8)  # metadata has no order of its own
    (folder / LEARNED).write_bytes(save(arrays))


def load_learned(folder: Path) -> Learned:
    """Raises CheckpointInvalid where there is nothing of the kind: the model was taught by an earlier release."""
    try:
        with safe_open(folder / LEARNED, "np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            told = json.loads(arrays["told_B"].tobytes())
    except (OSError, SafetensorError, ValueError, KeyError):
        raise CheckpointInvalid(
            "The model has kept nothing of what it was taught with. Teach it again, then it learns from verdicts."
        ) from None
    vectors: list[dict[str, Floats]] = [{} for _ in arrays["used_N"]]
    for vector_E, example, choice in zip(
        arrays["vector_VE"].astype(np.float32), arrays["example_V"], arrays["choice_V"], strict=True
    ):
        vectors[example][MODALITIES[choice]] = vector_E
    paths = [tuple(path) for path in told["paths"]]
    judged_N = arrays.get("judged_N", np.ones(len(vectors)))  # folders of earlier releases have none
    columns = (arrays["path_N"], arrays["used_N"], arrays["group_N"], vectors, judged_N)
    examples = [
        Example("", "", paths[path], MODALITIES[used], of_it, (f"group {group}",), judged=bool(judged))  # type: ignore[arg-type]
        for path, used, group, of_it, judged in zip(*columns, strict=True)
    ]
    names = dict(zip(told["names"], arrays["name_TE"].astype(np.float32), strict=True))
    return Learned(examples, arrays["group_N"].astype(np.int64), names, int(told["verdicts"]))


def verdicts_in(folder: Path) -> int:
    """The number of the last verdict that the model in the folder was taught with; 0 for none."""
    try:
        with safe_open(folder / LEARNED, "np") as file:
            return int(json.loads(file.get_tensor("told_B").tobytes())["verdicts"])
    except (OSError, SafetensorError, ValueError, KeyError):
        return 0
