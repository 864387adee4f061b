"""What the routes talk to, wherever it runs: in this process, or behind handles of Ray Serve."""

from dataclasses import dataclass

from serving.models import Models
from serving.shelf import Shelf


@dataclass(frozen=True)
class Services:
    """shelf: a `Shelf`, or what passes each of its methods on to where it is."""

    models: Models
    shelf: Shelf
