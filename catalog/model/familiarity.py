"""Out-of-distribution detection: whether a product is unlike all training products, from the encoders' pooled vectors.

Class probabilities cannot tell, because they are over the tree's categories only. An image is compared with a sample of
the training images by deep nearest neighbours (Sun et al. 2022). A text is scored by a linear layer that separates
names of kinds in the tree from names of others (outlier exposure, Hendrycks et al. 2019). Both give log odds of being
unfamiliar, which add up for a product that has both.

The same tells how much of what examples taught holds for a product. To goods of other kinds that part of the model
gives the nearest kind it was shown; they go by the names of the categories alone.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from catalog.arrays import Floats, nearest_but_one, sigmoid, softmax, unit
from catalog.errors import CheckpointInvalid

FILE = "familiarity.safetensors"


@dataclass(frozen=True)
class Familiarity:
    """The parameters of both detectors.

    sample_NP: training images, projected by projection_DP to P dimensions. image_2, text_2: slope and offset of the log
    odds. direction_D: the linear layer for text; all zero without names of other kinds. taught_C: 1 for the leaves in
    departments with many examples, else 0. shown_D, shown_2: a linear layer as that for text, between texts of kinds
    with examples and of those without. None: what examples taught holds for all.
    """

    projection_DP: Floats
    sample_NP: Floats
    image_2: Floats
    direction_D: Floats
    text_2: Floats
    taught_C: Floats | None = None
    shown_D: Floats | None = None
    shown_2: Floats | None = None

    @property
    def knows_text(self) -> bool:
        return bool(self.direction_D.any())

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None if the model folder, of an older release, has none. Raises CheckpointInvalid."""
        if not (folder / FILE).is_file():
            return None
        try:
            found = {name: array.astype(np.float32) for name, array in load_file(folder / FILE).items()}
            return cls(**found)
        except (SafetensorError, TypeError):
            raise CheckpointInvalid(f"The model's {FILE} is not valid.") from None

    def save(self, folder: Path) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        wide = {"image_2", "text_2", "shown_2"}
        packed = {
            name: np.asarray(array, np.float32 if name in wide else np.float16)
            for name, array in given.items()
            if array is not None
        }
        (folder / FILE).write_bytes(save(packed))  # not save_file: what that writes, other users cannot read

    def of_images(self, image_BD: Floats) -> Floats:
        """Log odds (B,) that images are unfamiliar, from the encoder's pooled vectors."""
        return self.image_2[0] * distance(image_BD, self.projection_DP, self.sample_NP) + self.image_2[1]

    def of_texts(self, text_BD: Floats) -> Floats:
        """Log odds (B,) that texts are unfamiliar, from the encoder's pooled vectors."""
        return self.text_2[0] * (text_BD @ self.direction_D) + self.text_2[1]

    def log_odds(self, image_BD: Floats | None, text_BD: Floats | None) -> Floats:
        """Log odds (B,) from the modalities that are given."""
        parts = [] if image_BD is None else [self.of_images(image_BD)]
        parts += [] if text_BD is None else [self.of_texts(text_BD)]
        return np.asarray(sum(parts), np.float32)

    def weigh(self, leaf_BC: Floats, names_BC: Floats, image_BD: Floats, text_BD: Floats) -> Floats:
        """Leaf logits (B, C) that go by the names alone as far as a product is unlike the examples.

        leaf_BC: by names and examples; names_BC: by the names alone. image_BD, text_BD: the encoders' pooled vectors;
        zeros where a product has none.
        """
        if self.taught_C is None or self.shown_D is None or self.shown_2 is None:
            return leaf_BC
        among_B = np.clip(softmax(names_BC) @ self.taught_C, 1e-6, 1 - 1e-6)
        log_odds_B = np.log(among_B / (1 - among_B))  # of being like the examples: each part is another reason
        log_odds_B -= np.where(image_BD.any(1), self.of_images(image_BD), 0)
        log_odds_B -= np.where(text_BD.any(1), self.shown_2[0] * (text_BD @ self.shown_D) + self.shown_2[1], 0)
        return np.asarray(names_BC + sigmoid(log_odds_B)[:, None] * (leaf_BC - names_BC), np.float32)


def distance(vectors_BD: Floats, projection_DP: Floats, sample_NP: Floats) -> Floats:
    """(B,): one minus the cosine to the nearest but one of the sample, whose rows are of unit length."""
    return 1 - nearest_but_one(projected(vectors_BD, projection_DP) @ sample_NP.T)


def projected(vectors_BD: Floats, projection_DP: Floats) -> Floats:
    return unit(unit(vectors_BD) @ projection_DP)
