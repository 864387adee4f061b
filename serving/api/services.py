"""What the routes ask, wherever it runs: in this process, or behind handles of Ray Serve."""

from dataclasses import dataclass

from serving.inference.models import Models
from serving.jobs.jobs_api import JobsApi
from serving.storage.store_api import StoreApi


@dataclass(frozen=True)
class Services:
    models: Models
    store: StoreApi
    jobs: JobsApi
