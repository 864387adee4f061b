"""What an operator may set: one frozen `Settings`, the environment read once."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from catalog.ingest.ledger import state_folder
from catalog.model.folder import find_model

PREFIX = "SHELFLENS_"
# In the environment they are parted by commas.
Words = Annotated[tuple[str, ...], NoDecode]
# Of one answer: see `serving.api.schemas.search`.
MAX_RESULTS = 100
# What comes with a request's body from process to process: its headers, 64 KB at most, and Serve's own words.
MESSAGE_HEAD = 1024 * 1024
# Of an upload: few requests for a large file, and little to send again when one is lost.
MAX_PART = 8 * 1024 * 1024


class Settings(BaseSettings):
    """Each field is also an environment variable: `port` is SHELFLENS_PORT. Sizes are bytes, times are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    model: Path | None = Field(
        default=None, description="The model folder, or nano; without one, the large model that ships with Shelflens."
    )
    shadow: Path | None = Field(
        default=None, description="A second model folder, which reads along and can take over from the first."
    )
    index: str = Field(
        default="shelflens-index", description="The index: a folder, or qdrant://HOST:PORT/COLLECTION. Made if missing."
    )
    state: Path | None = Field(
        default=None,
        description="The folder for images, feedback and jobs. Default: the index folder; for a Qdrant cluster one in"
        " the user's own state folder.",
    )

    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=1, le=65_535)

    replicas: int = Field(default=1, ge=1, le=1_000, description="How many copies of the model answer.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=1_000, description="Above `replicas`: up to so many are started while requests wait."
    )
    num_gpus_per_replica: float = Field(
        default=0.0, ge=0.0, description="Above 0 the model runs on CUDA; 0.5 lets two share."
    )
    compile_image_encoder: bool = Field(
        default=False,
        description="With GPUs: compile it and record CUDA graphs, so that small batches are faster. A replica then"
        " needs minutes to start, and a C compiler.",
    )
    num_cpus_per_replica: float | None = Field(
        default=None,
        gt=0.0,
        description="What Ray reserves; by default one core, or less where cores are few. A redeploy needs room for one"
        " replica more.",
    )
    batch_size: int = Field(default=16, ge=1, le=1_024, description="The most products in one forward pass.")
    batch_wait_seconds: float = Field(
        default=0.02, ge=0.0, le=10.0, description="How long a free model waits for a batch as large as its last."
    )
    cache_megabytes: int = Field(
        default=32,
        ge=0,
        description="Memory of each copy of the model for images and texts that come again.",
    )
    state_resource: str = Field(
        default="",
        description="On a cluster: the custom Ray resource of the node whose disk has the index and the state folder.",
    )
    object_store_bytes: int = Field(
        default=200_000_000, ge=80_000_000, description="Shared memory that Ray sets aside."
    )

    max_body_bytes: int = Field(
        default=28 * 1024 * 1024,
        ge=1_024,
        description="The largest request body; by default one image of 20 MiB fits in base64, with its JSON.",
    )
    max_json_bytes: int = Field(
        default=1024 * 1024, ge=1_024, description="The most JSON in a body, its images not counted."
    )
    max_items: int = Field(default=32, ge=1, le=256, description="The most products in one request.")
    decode_seconds: float = Field(
        default=10.0, gt=0.0, description="Processor time that decoding the images of one request may take in all."
    )
    header_timeout_seconds: float = Field(
        default=5.0, gt=0.0, description="From a request's first byte to its last header."
    )
    body_timeout_seconds: float = Field(
        default=14.0, gt=0.0, description="From a request's last header to its last byte."
    )
    request_timeout_seconds: float = Field(
        default=30.0, gt=0.0, description="From a request's last byte to its answer."
    )

    feeds: Path | None = Field(
        default=None, description="The folder of feeds that jobs may read by path. None: feeds must be uploaded."
    )
    image_hosts: Words = Field(
        default=(), description="Hosts that a feed's https images may be fetched from, parted by commas."
    )
    image_stores: Words = Field(
        default=(), description="Places a feed's images may be read from, such as s3://BUCKET/FOLDER."
    )
    max_upload_bytes: int = Field(
        default=2 * 1024**3, ge=1_024, description="The largest feed that comes in parts (/v1/uploads)."
    )
    max_queued_jobs: int = Field(default=100, ge=1, le=10_000, description="Jobs that may wait for their turn.")
    max_finished_jobs: int = Field(default=1_000, ge=1, le=100_000, description="Jobs remembered once they ended.")
    job_patience_seconds: float = Field(
        default=600.0, ge=0.0, description="How long a job waits for a busy or lost model or index before it fails."
    )

    keys: Path = Field(
        default=Path("shelflens-keys.json"), validate_default=True, description="The file of `shelflens keys`."
    )
    insecure: bool = Field(
        default=False, description="Let everyone do everything, also beyond this machine, while there are no API keys."
    )
    rate_per_minute: int = Field(
        default=0, ge=0, le=1_000_000, description="Requests of one API key in a minute; 0 is no limit."
    )
    concurrent_per_key: int = Field(
        default=0, ge=0, le=1_000_000, description="Requests of one API key at the same time; 0 is no limit."
    )

    log_format: Literal["json", "console"] = Field(default="json", description="A line for programs, or for people.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="At debug, lines on failures may quote what products say."
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Where traces go, such as http://localhost:4318; OTEL_EXPORTER_OTLP_ENDPOINT works, too.",
    )

    @field_validator("image_hosts", "image_stores", mode="before")
    @classmethod
    def parted(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("state", "feeds", "keys")
    @classmethod
    def absolute(cls, path: Path | None) -> Path | None:
        """Replicas may run in another folder."""
        return path.absolute() if path else None

    @field_validator("model", "shadow")
    @classmethod
    def absolute_model(cls, path: Path | None) -> Path | None:
        """A shipped model keeps its name: each node has its own."""
        return path if path and find_model(path) != path else cls.absolute(path)

    @field_validator("index")
    @classmethod
    def absolute_folder(cls, index: str) -> str:
        return index if "://" in index else str(Path(index).absolute())

    @property
    def state_folder(self) -> Path:
        return self.state or state_folder(self.index)

    @property
    def device(self) -> str:
        return "cuda" if self.num_gpus_per_replica > 0 else "cpu"

    @property
    def cpus_per_replica(self) -> float:
        """Cores for Ray to reserve. Replicas that ask for more than there is would wait for it for ever, also those
        that a redeploy starts beside the old ones: by default all together ask for half of the machine.
        """
        return self.num_cpus_per_replica or min(1.0, (os.cpu_count() or 1) / (2 * self.max_copies))

    @property
    def replica_limit(self) -> int:
        """Of each model."""
        return max(self.replicas, self.max_replicas or 0)

    @property
    def max_copies(self) -> int:
        """Of all models together."""
        return self.replica_limit * (2 if self.shadow else 1)

    @property
    def threads_per_replica(self) -> int:
        """Threads of one forward pass: all replicas together use each core once."""
        return max(1, (os.cpu_count() or 1) // self.max_copies)

    @property
    def max_in_flight(self) -> int:
        """Products that are decoded, with the model (a batch at work and the next one) or waiting for it; beyond these
        the answer is 429.
        """
        return 2 * self.batch_size * self.replica_limit + self.max_waiting

    @property
    def max_waiting(self) -> int:
        """Requests that may queue for the model; beyond these the answer is 429."""
        return 2 * self.batch_size

    @property
    def part_bytes(self) -> int:
        """The most of an upload that one request may bring."""
        return min(MAX_PART, self.max_body_bytes)

    @property
    def message_bytes(self) -> int:
        """The most that may pass at once from one process of Ray Serve to another: a request, or as many products as an
        answer may have, each as large as a request may make it. What has no such limit goes in portions.
        """
        return max(self.max_body_bytes, MAX_RESULTS * self.max_json_bytes) + MESSAGE_HEAD

    def as_environment(self) -> dict[str, str]:
        """These settings for a child process, which reads them with `Settings()`."""
        given = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in self}
        return {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
