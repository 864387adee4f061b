"""The store as the service asks it, wherever it runs, and what it answers."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.arrays import Floats
from catalog.errors import CatalogError
from catalog.index.backend import IndexModel
from catalog.index.filters import Filter
from catalog.index.listing import Sort
from catalog.index.names import Names
from catalog.index.query import Finding, IndexQuery
from catalog.model.contract import Contract, Outcome
from catalog.model.folder import TaughtFiles
from catalog.product import ContentHashes, Offer, StoredProduct, StoredVersion
from catalog.quality.audit import Run, State, Told, Verdict
from catalog.quality.audit.history import Place
from catalog.quality.finding import Finding as Fault
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Filing
from serving.storage.category_map import Confirmed, MapState, Target
from serving.storage.review.feedback import FeedbackQuery
from serving.storage.review.filings import FilingsPart
from serving.storage.review.verdicts import Feedback, Said
from serving.storage.review.waiting import Menu, QueueQuery
from serving.storage.selling.api import SellingApi
from serving.storage.training_set import LabelledPart


class TaughtModel(NamedTuple):
    """version, space: see `catalog.model.folder.ModelFolder`; categories: its leaves; created: seconds since 1970;
    verdicts: the number of the last verdict that it has learnt from.
    """

    version: str
    space: str
    folder: str
    taxonomy_version: str
    categories: int
    created: float
    verdicts: int

    @property
    def for_index(self) -> IndexModel:
        return IndexModel(self.version, self.folder, self.space)


class StoreInfo(NamedTuple):
    """identity: the index's; indexed: the share of embeddings, 0 to 1, in the approximate index; space: see
    `IndexModel.vectors`, "" for an empty index; chosen: the version that was made the active one, "" if none was;
    damaged: what is wrong with the files, what is not served for it, and how to repair them. promises: of the models'
    contracts, how many hold ("kept") and how many verdicts have ended ("ended"). taught: models that were taught here;
    refiled: how many products have been filed anew by the chosen one, None where none are to be. learner: the active
    model, if it was taught, and can learn from verdicts; unlearnt: those that no model has learnt from. broken: see
    `Promises.broken`.
    """

    identity: str
    products: int
    indexed: float
    space: str
    chosen: str
    damaged: tuple[str, ...] = ()
    promises: Mapping[str, int] | None = None
    taught: tuple[TaughtModel, ...] = ()
    refiled: int | None = None
    learner: TaughtModel | None = None
    unlearnt: int = 0
    broken: Mapping[str, Contract] = {}

    @property
    def spaces(self) -> dict[str, str]:
        """Of the taught models, by version."""
        return {model.version: model.space for model in self.taught}


class Listing(NamedTuple):
    """Search results. images: how many images are kept of each."""

    found: Finding
    images: Mapping[str, int]


class Shown(NamedTuple):
    """Stored products without a query; otherwise as `Listing`."""

    products: list[StoredProduct]
    facets: Mapping[str, Sequence[tuple[str, int]]]
    total: int
    images: Mapping[str, int]


class Overview(NamedTuple):
    """waiting: how many products wait for a verdict; decisions: how many products have each; categories: how many lie
    at each node of the tree or below it.
    """

    products: int
    waiting: int
    decisions: Mapping[str, int]
    categories: Mapping[str, int]


class Queue(NamedTuple):
    """Some of the products that wait for a person. after: where the next page starts, "" at the end; total: of all
    pages; menu: what the queue can be restricted to, on the first page; stored: how many products there are in all.
    """

    products: list[StoredProduct]
    images: Mapping[str, int]
    after: str
    total: int
    menu: Menu | None
    stored: int


class AuditState(NamedTuple):
    """runs: the newest first; counts: of the last one's findings, by code and state; merging: what is promised of its
    duplicates.
    """

    runs: list[Run]
    counts: Mapping[str, Mapping[State, int]]
    merging: Outcome


class FindingsQuery(NamedTuple):
    """See `catalog.quality.audit.History.page`."""

    state: State | None = "open"
    code: str = ""
    product: str = ""
    after: int = 0
    limit: int = 20


class Findings(NamedTuple):
    """titles, images: of the products that they are of and tell of, by id; how many images are kept of each."""

    told: list[Told]
    titles: Mapping[str, str]
    images: Mapping[str, int]


class StoreApi(SellingApi):
    """Each method of `CatalogStore`, asynchronous: arguments and answers can be pickled. It raises what the store
    raises, and IndexNotReady where the store is in another process that does not answer.
    """

    # Not repeated when their process is lost: the first call may have had its effect.
    ONCE = frozenset(
        {
            "delete",
            "take_back",
            "forget_model",
            "forget_user",
            "add_category",
            "take_confirmation_back",
            "reopen_finding",
            "remove_review",
            "delete_document",
        }
    )

    async def describe(self) -> StoreInfo:
        return await self._call("describe")

    async def choose_model(self, version: str) -> None:
        await self._call("choose_model", version)

    async def taught_files(self, version: str) -> TaughtFiles:
        return await self._call("taught_files", version)

    async def filings(self, after: int) -> FilingsPart:
        return await self._call("filings", after)

    async def add_category(self, path: tuple[str, ...], names: Mapping[str, Floats], filings: Sequence[Filing]) -> str:
        return await self._call("add_category", path, names, filings)

    async def forget_model(self, version: str) -> None:
        await self._call("forget_model", version)

    async def category_map(self, target: Target) -> MapState:
        return await self._call("category_map", target)

    async def category_list(self, target: Target) -> Taxonomy:
        return await self._call("category_list", target)

    async def keep_category_list(self, target: Target, tree: Taxonomy) -> None:
        await self._call("keep_category_list", target, tree)

    async def confirm_category(
        self, target: Target, category: str, counterpart: str | None, given_by: str
    ) -> Confirmed:
        return await self._call("confirm_category", target, category, counterpart, given_by)

    async def take_confirmation_back(self, id: int) -> None:
        await self._call("take_confirmation_back", id)

    async def search(self, query: IndexQuery, facets: Sequence[str] = ()) -> Listing:
        return await self._call("search", query, facets)

    async def names(self) -> Names:
        return await self._call("names")

    async def browse(
        self, filter: Filter | None, sort: Sort, limit: int, offset: int, facets: Sequence[str] = ()
    ) -> Shown:
        return await self._call("browse", filter, sort, limit, offset, facets)

    async def overview(self) -> Overview:
        return await self._call("overview")

    async def get(self, ids: Sequence[str]) -> list[StoredProduct | None]:
        return await self._call("get", ids)

    async def versions(self, ids: Sequence[str]) -> list[StoredVersion | None]:
        return await self._call("versions", ids)

    async def ids(self, after: str = "") -> tuple[list[str], str]:
        return await self._call("ids", after)

    async def products(self, after: str = "") -> tuple[list[StoredProduct], str]:
        return await self._call("products", after)

    async def begin_audit(self) -> None:
        await self._call("begin_audit")

    async def stage_findings(self, findings: Sequence[Fault]) -> None:
        await self._call("stage_findings", findings)

    async def finish_audit(self, products: int, figures: Mapping[str, float]) -> Run:
        return await self._call("finish_audit", products, figures)

    async def audits(self) -> AuditState:
        return await self._call("audits")

    async def findings(self, query: FindingsQuery) -> Findings:
        return await self._call("findings", query)

    async def found_together(self, ids: Sequence[str]) -> list[Told]:
        return await self._call("found_together", ids)

    async def judge_finding(self, id: str, verdict: Verdict, value: str, given_by: str) -> Findings:
        return await self._call("judge_finding", id, verdict, value, given_by)

    async def reopen_finding(self, id: str) -> None:
        await self._call("reopen_finding", id)

    async def corrections(self, after: Place) -> tuple[list[Told], Place | None]:
        return await self._call("corrections", after)

    async def images(self, id: str) -> list[bytes]:
        return await self._call("images", id)

    async def put(
        self,
        stored: StoredProduct,
        images: Sequence[bytes] | None,
        unless_changed_from: ContentHashes | None = None,
    ) -> StoredProduct:
        return await self._call("put", stored, images, unless_changed_from)

    async def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        return await self._call("upsert", products)

    async def update_offers(self, offers: Sequence[Offer]) -> int:
        return await self._call("update_offers", offers)

    async def keep_images(self, images: Mapping[str, Sequence[bytes]]) -> None:
        await self._call("keep_images", images)

    async def flush(self) -> None:
        await self._call("flush")

    async def delete(self, id: str, erase: bool = False) -> None:
        await self._call("delete", id, erase)

    async def delete_all(self, ids: Sequence[str]) -> None:
        await self._call("delete_all", ids)

    async def review(self, query: QueueQuery) -> Queue:
        return await self._call("review", query)

    async def alike(self, id: str, above: float, limit: int) -> Listing:
        return await self._call("alike", id, above, limit)

    async def judge(self, verdicts: Sequence[Said]) -> list[Feedback | CatalogError]:
        return await self._call("judge", verdicts)

    async def judge_alike(
        self, said: Said, others: Sequence[str] | None, above: float
    ) -> list[Feedback | CatalogError]:
        return await self._call("judge_alike", said, others, above)

    async def take_back(self, id: int, group: bool = False) -> None:
        await self._call("take_back", id, group)

    async def feedback(self, query: FeedbackQuery) -> list[Feedback]:
        return await self._call("feedback", query)

    async def proposals(self) -> list[tuple[str, int]]:
        return await self._call("proposals")

    async def labelled(self, after: int = 0) -> LabelledPart:
        return await self._call("labelled", after)

    async def forget_user(self, user: str) -> None:
        await self._call("forget_user", user)
