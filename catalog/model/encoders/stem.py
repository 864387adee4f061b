"""What a pretrained CNN knew before training, kept beside what is trained.

Trained on one shop's images, a network forgets the others'. So the upper stages of a hybrid ViT's stem are there twice:
as they were pretrained, for a vector of every image, and as copies that are trained and whose map the ViT reads.
"""

import copy
from typing import Any

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

TEMPERATURE = 2.0  # of the classes' probabilities


class PretrainedStem(nn.Module):
    """A timm EfficientNet with its classifier, never trained further.

    `lower` runs the first `shared` stages, `upper` the others. names_KE: the vectors of its K classes' names, as a text
    encoder reads them (see `training.initial_weights`).
    """

    net: Any
    names_KE: Tensor

    def __init__(self, name: str, shared: int, name_width: int) -> None:
        super().__init__()
        self.net = timm.create_model(name)
        self.shared = shared
        self.width: int = self.net.num_features + name_width
        self.register_buffer("names_KE", torch.zeros(self.net.num_classes if name_width else 0, name_width))
        self.requires_grad_(False)

    def lower(self, normal_NCHW: Tensor) -> Tensor:
        """-> the map (N, C, H, W) that both branches read."""
        map_NCHW: Tensor = self.net.bn1(self.net.conv_stem(normal_NCHW))
        for stage in self.net.blocks[: self.shared]:
            map_NCHW = stage(map_NCHW)
        return map_NCHW

    def lower_state(self) -> list[Tensor]:
        """The weights and statistics that `lower` computes with."""
        parts = (self.net.conv_stem, self.net.bn1, self.net.blocks[: self.shared])
        return [tensor for part in parts for tensor in part.state_dict().values()]

    def upper(self, map_NCHW: Tensor) -> Tensor:
        """-> (N, width): the pooled features, and the mean of the classes' names; each of mean 0, variance 1."""
        net = self.net
        for stage in net.blocks[self.shared :]:
            map_NCHW = stage(map_NCHW)
        pooled_NF = net.forward_head(net.bn2(net.conv_head(map_NCHW)), pre_logits=True).float()
        parts = [F.layer_norm(pooled_NF, pooled_NF.shape[1:])]
        if self.names_KE.shape[1]:
            named_NE = (net.classifier(pooled_NF).float() / TEMPERATURE).softmax(-1) @ self.names_KE
            parts.append(F.layer_norm(named_NE, named_NE.shape[1:]))
        return torch.cat(parts, 1)

    def trainable_upper(self) -> nn.Module:
        """A copy of the further stages, to be trained: the map of `lower` -> a smaller map."""
        return copy.deepcopy(self.net.blocks[self.shared :]).requires_grad_(True)
