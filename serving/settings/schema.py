"""The settings of the service, read once from the environment."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from catalog.cores import usable_cores
from catalog.ingest import MAX_REPLACE_SHARE
from catalog.ingest.ledger import state_folder
from catalog.model.folder import find_model

PREFIX = "SHELFLENS_"
# Separated by commas in the environment.
Words = Annotated[tuple[str, ...], NoDecode]
# Of one response: see `serving.api.schemas.search`.
MAX_RESULTS = 100
# Added to a body between processes: the request's headers, at most 64 KB, and Serve's own fields.
MESSAGE_HEAD = 1024 * 1024
# Of an upload. Large enough for few requests, small enough to send again after a loss.
MAX_PART = 8 * 1024 * 1024


class Settings(BaseSettings):
    """Each field is also an environment variable: `port` is SHELFLENS_PORT. Sizes are bytes, times are seconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    model: Path | None = Field(
        default=None, description="The model folder, or nano. Default: the large model that ships with Shelflens."
    )
    shadow: Path | None = Field(
        default=None, description="A second model folder. It reads the same products and can replace the first."
    )
    sentiment_model: Path | None = Field(
        default=None,
        description="A folder of `shelflens train-text --data` with the labels positive and negative. It reads reviews"
        " in place of the lexicon.",
    )
    intent_model: Path | None = Field(
        default=None,
        description="A folder of `shelflens train-text --data` whose labels /v1/intents answers with, in place of the"
        " shipped examples.",
    )
    draft_model: Path | None = Field(
        default=None,
        description="A folder of `shelflens train-drafts`, which writes the descriptions of drafts where a request asks"
        " for `style`. What it says beyond the product's facts is refused. It needs the extra `train`.",
    )
    index: str = Field(
        default="shelflens-index",
        description="The index: a folder, qdrant://HOST:PORT/COLLECTION, or postgresql://USER@HOST/DATABASE. Created if"
        " missing.",
    )
    state: str | None = Field(
        default=None,
        description="Where images, feedback and jobs are kept: a folder, or postgresql://USER@HOST/DATABASE, which"
        " several nodes may share and which has the API keys, too. Default: the index folder, or for an index on a"
        " server a folder in the user's state folder.",
    )

    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8000, ge=1, le=65_535)

    replicas: int = Field(default=1, ge=1, le=1_000, description="Copies of the model.")
    max_replicas: int | None = Field(
        default=None, ge=1, le=1_000, description="Scale up to this many copies while requests wait."
    )
    layout: Literal["auto", "joined", "separate"] = Field(
        default="auto",
        description="Where HTTP is answered. joined: by the process that holds the model. separate: by a proxy and a"
        " gateway, which share requests out to any number of replicas. auto: joined for one replica on one machine.",
    )
    num_gpus_per_replica: float = Field(
        default=0.0, ge=0.0, description="Above 0, the model runs on CUDA. With 0.5, two copies share a GPU."
    )
    compile_image_encoder: bool = Field(
        default=False,
        description="With GPUs: compile the image encoder and record CUDA graphs. Small batches are faster, but a"
        " replica takes minutes to start and needs a C compiler.",
    )
    num_cpus_per_replica: float | None = Field(
        default=None,
        gt=0.0,
        description="Cores that Ray reserves. Default: one, or less where cores are few. A redeploy needs room for"
        " one more replica.",
    )
    batch_size: int = Field(default=16, ge=1, le=1_024, description="Maximum number of products in one forward pass.")
    batch_wait_seconds: float = Field(
        default=0.02, ge=0.0, le=10.0, description="How long an idle model waits for a batch as large as its last one."
    )
    cache_megabytes: int = Field(
        default=32,
        ge=0,
        description="Memory of each copy of the model for its cache of images and texts. At 0, embeddings of queries"
        " are not kept either.",
    )
    state_resource: str = Field(
        default="",
        description="On a cluster: the custom Ray resource of the node with the index and the state folder.",
    )
    object_store_bytes: int = Field(default=200_000_000, ge=80_000_000, description="Shared memory that Ray reserves.")

    max_body_bytes: int = Field(
        default=28 * 1024 * 1024,
        ge=1_024,
        description="Maximum size of a request body. The default fits one image of 20 MiB in base64 with its JSON.",
    )
    max_json_bytes: int = Field(
        default=1024 * 1024, ge=1_024, description="Maximum size of the JSON in a body, without its images."
    )
    max_items: int = Field(
        default=32,
        ge=1,
        le=256,
        description="Maximum number of products in one request."
        " /v1/embeddings takes 2,048 inputs and reads more than so many in portions.",
    )
    decode_seconds: float = Field(default=10.0, gt=0.0, description="CPU time for decoding the images of one request.")
    header_timeout_seconds: float = Field(
        default=5.0, gt=0.0, description="From a request's first byte to its last header."
    )
    body_timeout_seconds: float = Field(
        default=14.0, gt=0.0, description="From a request's last header to its last byte."
    )
    request_timeout_seconds: float = Field(
        default=30.0,
        gt=0.0,
        description="From a request's last byte to its response; of an export, to each next part of it.",
    )
    embeddings_timeout_seconds: float = Field(
        default=600.0,
        gt=0.0,
        description="The same for /v1/embeddings with more than max_items inputs, which are read in portions.",
    )

    feeds: Path | None = Field(
        default=None, description="The folder of feeds that jobs may read by path. Without it, feeds must be uploaded."
    )
    image_hosts: Words = Field(
        default=(), description="Hosts that a feed's https images may be fetched from, separated by commas."
    )
    image_stores: Words = Field(
        default=(), description="Places a feed's images may be read from, such as s3://BUCKET/FOLDER."
    )
    max_upload_bytes: int = Field(
        default=2 * 1024**3, ge=1_024, description="Maximum size of a feed uploaded in parts (/v1/uploads)."
    )
    max_replace_share: float = Field(
        default=MAX_REPLACE_SHARE,
        ge=0.0,
        le=1.0,
        description="The share of the products that a job with `replace` may take out because its feed lacks them.",
    )
    max_queued_jobs: int = Field(default=100, ge=1, le=10_000, description="Maximum number of waiting jobs.")
    max_finished_jobs: int = Field(
        default=1_000, ge=1, le=100_000, description="Number of finished jobs that are kept."
    )
    learn_after_verdicts: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="The taught model that is active learns from people's verdicts whenever there are so many new ones;"
        " 0: only when asked to.",
    )
    auto_promote: bool = Field(
        default=False,
        description="Whether a model that has learnt from verdicts becomes active by itself, where it files no fewer of"
        " the new verdicts right and keeps every promise.",
    )
    job_patience_seconds: float = Field(
        default=600.0,
        ge=0.0,
        description="How long a job waits for a busy or unreachable model or index before it fails.",
    )

    webhook_url: str | None = Field(
        default=None,
        description="Where events are sent: jobs that ended, products that contradict themselves, promises that ended.",
    )
    webhook_secret: Path = Field(
        default=Path("shelflens-webhook-secret"),
        validate_default=True,
        description="The file of the secret that signs events. Made if missing.",
    )

    llm_url: str | None = Field(
        default=None,
        description="An OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1, that may reword answers to"
        " questions and describe products in drafts. It is sent the question and the evidence, or a product's facts."
        " What it says beyond these is refused.",
    )
    llm_model: str = Field(default="default", description="The model that the endpoint is asked for.")
    llm_key: SecretStr | None = Field(default=None, description="The key of that endpoint.")

    keys: Path = Field(
        default=Path("shelflens-keys.json"),
        validate_default=True,
        description="The file of `shelflens keys`. Without effect where the state is in a database, which has them.",
    )
    insecure: bool = Field(
        default=False, description="Accept every request, also from other machines, while there are no API keys."
    )
    rate_per_minute: int = Field(
        default=0, ge=0, le=1_000_000, description="Maximum number of requests of one API key in a minute. 0: no limit."
    )
    concurrent_per_key: int = Field(
        default=0, ge=0, le=1_000_000, description="Maximum number of concurrent requests of one API key. 0: no limit."
    )

    log_format: Literal["json", "console"] = Field(
        default="json", description="Log lines for programs (json) or for people (console)."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="At debug, lines about failures may quote product text."
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="Where traces are sent, such as http://localhost:4318. OTEL_EXPORTER_OTLP_ENDPOINT works, too.",
    )

    @field_validator("image_hosts", "image_stores", mode="before")
    @classmethod
    def parted(cls, value: object) -> object:
        return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else value

    @field_validator("feeds", "keys", "webhook_secret", "sentiment_model", "intent_model", "draft_model")
    @classmethod
    def absolute(cls, path: Path | None) -> Path | None:
        """A replica's working directory may be another one."""
        return path.absolute() if path else None

    @field_validator("model", "shadow")
    @classmethod
    def absolute_model(cls, path: Path | None) -> Path | None:
        """The name of a shipped model is kept, because each node has its own copy."""
        return path if path and find_model(path) != path else cls.absolute(path)

    @field_validator("index", "state", mode="before")
    @classmethod
    def absolute_folder(cls, place: object) -> object:
        """Of a place that is a folder and no URL."""
        if not isinstance(place, str | Path) or "://" in str(place):
            return place
        return str(Path(place).absolute())

    @property
    def state_folder(self) -> Path:
        """What this node keeps: all of the state, or copies of what is in `state_database`."""
        return state_folder(self.state or self.index)

    @property
    def state_database(self) -> str | None:
        """The URL of the database that holds the state, if one does."""
        return self.state if self.state and "://" in self.state else None

    @property
    def shared(self) -> bool:
        """Whether any node may store products and work jobs off."""
        return bool(self.state_database) and self.index.startswith(("postgresql://", "postgres://"))

    @property
    def device(self) -> str:
        return "cuda" if self.num_gpus_per_replica > 0 else "cpu"

    @property
    def cpus_per_replica(self) -> float:
        """Cores that Ray reserves for a replica. By default all replicas together reserve half of the machine, so that
        a redeploy can start new ones beside them. A replica that asks for more than is free waits for ever.
        """
        return self.num_cpus_per_replica or min(1.0, usable_cores() / (2 * self.max_copies))

    @property
    def replica_limit(self) -> int:
        """Maximum number of replicas of each model."""
        return max(self.replicas, self.max_replicas or 0)

    @property
    def joined(self) -> bool:
        """Whether `shelflens serve` lets the process that holds the model answer HTTP."""
        return self.layout == "joined" or (self.layout == "auto" and self.replica_limit == 1)

    @property
    def max_copies(self) -> int:
        """Maximum number of replicas of all models."""
        return self.replica_limit * (2 if self.shadow else 1)

    @property
    def threads_per_replica(self) -> int:
        """Threads of one forward pass: all replicas together use each core once."""
        return max(1, usable_cores() // self.max_copies)

    @property
    def max_in_flight(self) -> int:
        """Maximum number of products being decoded, waiting for the model, or in its current and next batch. Further
        requests are answered by 429.
        """
        return 2 * self.batch_size * self.replica_limit + self.max_waiting

    @property
    def max_waiting(self) -> int:
        """Maximum number of requests that queue for the model. Further ones are answered by 429."""
        return 2 * self.batch_size

    @property
    def part_bytes(self) -> int:
        """Maximum size of a part of an upload."""
        return min(MAX_PART, self.max_body_bytes)

    @property
    def message_bytes(self) -> int:
        """Maximum size of a message between two processes of Ray Serve. The largest is a request, or a response with
        MAX_RESULTS products of the maximum size. What has no limit is sent in portions.
        """
        return max(self.max_body_bytes, MAX_RESULTS * self.max_json_bytes) + MESSAGE_HEAD

    def as_environment(self) -> dict[str, str]:
        """These settings for a child process, which reads them with `Settings()`."""
        given = {name: ",".join(value) if isinstance(value, tuple) else value for name, value in self}
        return {PREFIX + name.upper(): str(value) for name, value in given.items() if value is not None}
