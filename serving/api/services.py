"""What the routes talk to, wherever it runs: in this process, or behind handles of Ray Serve."""

from dataclasses import dataclass

from serving.inference.models import Models
from serving.jobs.jobs import Jobs
from serving.storage.store import CatalogStore


@dataclass(frozen=True)
class Services:
    """shelf, jobs: these, or what passes each of their methods on to where they are."""

    models: Models
    store: CatalogStore
    jobs: Jobs
