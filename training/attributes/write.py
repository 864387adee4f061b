"""Write a tagger in a file: of each feature only the weights that matter, as float16."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from catalog.language.attributes.tagging.tagger import Tagger

LEAST = 0.05  # of a weight that is kept: some 5 MB become 4


def write(tagger: Tagger, path: Path, least: float = LEAST) -> None:
    kept = np.abs(tagger.weights_FL).max(axis=1) >= least
    weights = tagger.weights_FL[kept]
    row, column = np.nonzero(np.abs(weights) >= least)
    features = [feature for feature, place in tagger.rows.items() if kept[place]]
    phrases = {word: [(list(phrase), label) for phrase, label in own] for word, own in tagger.phrases.items()}
    meta = {"tags": tagger.tags, "kinds": tagger.kinds, "phrases": phrases}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(
        {
            "features": np.frombuffer("\n".join(features).encode(), np.uint8),
            "row": row.astype(np.uint32),
            "column": column.astype(np.uint8),
            "weight": weights[row, column].astype(np.float16),
            "steps": tagger.steps_LL,
            "start": tagger.start_L,
        },
        path,
        {"tagger": json.dumps(meta, ensure_ascii=False, separators=(",", ":"))},
    )
