"""Out-of-distribution detection: whether a product is unlike all training products, from the encoders' pooled vectors.

Class probabilities cannot tell, because they are over the tree's categories only. An image is compared with a sample of
the training images by deep nearest neighbours (Sun et al. 2022). A text is scored by a linear layer that separates
names of kinds in the tree from names of others (outlier exposure, Hendrycks et al. 2019). Both give log odds of being
unfamiliar, which add up for a product that has both.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from catalog.arrays import Floats, nearest_but_one, unit
from catalog.errors import CheckpointInvalid

FILE = "familiarity.safetensors"


@dataclass(frozen=True)
class Familiarity:
    """The parameters of both detectors.

    sample_NP: training images, projected by projection_DP to P dimensions. image_2, text_2: slope and offset of the log
    odds. direction_D: the linear layer for text; all zero without names of other kinds.
    """

    projection_DP: Floats
    sample_NP: Floats
    image_2: Floats
    direction_D: Floats
    text_2: Floats

    @property
    def knows_text(self) -> bool:
        return bool(self.direction_D.any())

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """None if the model folder, of an older release, has none. Raises CheckpointInvalid."""
        if not (folder / FILE).is_file():
            return None
        try:
            found = load_file(folder / FILE)
            # Folders of an earlier release have more.
            return cls(**{field.name: found[field.name].astype(np.float32) for field in fields(cls)})
        except (SafetensorError, KeyError):
            raise CheckpointInvalid(f"The model's {FILE} is not valid.") from None

    def save(self, folder: Path) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        wide = {"image_2", "text_2"}
        packed = {name: np.asarray(array, np.float32 if name in wide else np.float16) for name, array in given.items()}
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


def distance(vectors_BD: Floats, projection_DP: Floats, sample_NP: Floats) -> Floats:
    """(B,): one minus the cosine to the nearest but one of the sample, whose rows are of unit length."""
    return 1 - nearest_but_one(projected(vectors_BD, projection_DP) @ sample_NP.T)


def projected(vectors_BD: Floats, projection_DP: Floats) -> Floats:
    return unit(unit(vectors_BD) @ projection_DP)
