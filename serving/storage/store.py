"""The one owner of the product index, of the products' thumbnails, and of the verdicts on them.

An embedded index belongs to one process. The routes therefore ask this class alone, through `StoreApi`: in the same
process, or in the deployment `IndexOwner` of Ray Serve.
"""

import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from catalog.arrays import Floats
from catalog.errors import CatalogError, ProductNotFound, StateDamaged
from catalog.index.backend import IndexModel
from catalog.index.filters import And, CategoryUnder, Filter, OneOf
from catalog.index.listing import Sort
from catalog.index.names import Names
from catalog.index.product_index import ProductIndex
from catalog.index.query import Finding, IndexQuery
from catalog.model.folder import TaughtFiles, named_folder
from catalog.product import ContentHashes, Offer, StoredProduct, StoredVersion
from catalog.quality.arrivals import Arrivals, Doubles
from catalog.quality.arrivals.statistics import NAME as WORDS
from catalog.quality.audit import History, Run, Told, Verdict
from catalog.quality.audit.changes import takes_value
from catalog.quality.audit.history import NAME as AUDITS
from catalog.quality.audit.history import TOGETHER, Place
from catalog.quality.finding import Finding as Fault
from catalog.storage.database import SharedDatabase, State, StorePlace
from catalog.storage.notes import open_notes
from catalog.storage.seal import Unsealed
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Filing
from serving.errors import (
    FindingNotFound,
    ModelInUse,
    ModelNotTaught,
    ProductChanged,
    RequestInvalid,
    UserNotFound,
)
from serving.portions import PORTION_BYTES
from serving.storage.active_model import ActiveModel
from serving.storage.category_map import NAME, CategoryMap, Confirmed, MapState, Target
from serving.storage.erasure import JOBS, SOMEBODY, Erasure
from serving.storage.outbox import Event
from serving.storage.review import waiting
from serving.storage.review.feedback import NAME as FEEDBACK
from serving.storage.review.feedback import FeedbackLog, FeedbackQuery
from serving.storage.review.filings import FilingsPart, filings
from serving.storage.review.informative import InformativeOrder
from serving.storage.review.judging import Judging
from serving.storage.review.promises import Promises
from serving.storage.review.verdicts import Feedback, Said, applied
from serving.storage.review.waiting import QueueQuery
from serving.storage.selling.store import SellingStore
from serving.storage.store_api import (
    AuditState,
    Findings,
    FindingsQuery,
    Listing,
    Overview,
    Queue,
    Shown,
    StoreInfo,
    TaughtModel,
)
from serving.storage.taught_models import TaughtModels
from serving.storage.thumbnails import NAME as IMAGES
from serving.storage.thumbnails import ThumbnailStore
from serving.storage.training_set import LabelledPart, LabelledProduct, labelled

MAX_NODES = 100_000
VERDICTS_AT_ONCE = 100
QUEUED = "queued"  # a note: the queue has been stored as this release sorts it
FOLLOW_SECONDS = 1.0
MAX_TITLED = 20  # others that a finding tells of

logger = logging.getLogger(__name__)


class CatalogStore(SellingStore):
    """Synchronous, and safe to call from several threads. Every method may raise IndexFailed or StateDamaged, or what
    derives from them.
    """

    def __init__(
        self,
        index: ProductIndex,
        state: Path,
        models: Sequence[IndexModel] = (),
        ledger: Path | None = None,
        tell: Callable[[Event], None] = lambda event: None,
        database: SharedDatabase | None = None,
    ) -> None:
        """state: the folder for images and feedback; models: those that may store, with their folders; ledger: of
        ingests by command, usually in the state folder, too; tell: takes the events of products and promises.
        database: what holds all of that instead, but for copies, of any number of stores, each with a folder of its
        own; then the index is one that they share.
        """
        kept = State(state, database)
        # Held by what reads and then writes.
        writing = database.alone("writing") if database else threading.RLock()
        super().__init__(index, kept, ThumbnailStore(kept.place(IMAGES)), writing)
        self._tell = tell
        self._models = {model.version: model for model in models}
        self._feedback = FeedbackLog(kept.place(FEEDBACK))
        self._map = CategoryMap(kept.place(NAME))
        self._audits = History(kept.place(AUDITS))
        bases = [named_folder(model.folder) for model in models if model.folder]
        self._taught = TaughtModels(state, database, bases)
        self._promises = Promises(self._feedback, [*models, *(one.for_index for one in self._taught.all())], tell)
        self._informative = InformativeOrder(index)
        self._judging = Judging(index, self._feedback, self._promises)
        self._arrivals = Arrivals(index, Doubles(index, state / WORDS, self._told_apart), self._promises.obeyed)
        self._space = self._space_of_index()
        self._notes = open_notes(state, database)
        self._active = ActiveModel(self._notes, self._taught, self._models)
        self._erasure = self._erasing(kept.place(JOBS), ledger or state / "ledger.sqlite")
        self._closing = threading.Event()
        self._queuer = ThreadPoolExecutor(1, "queue")
        self._following = threading.Thread(target=self._follow, name="follow", daemon=True)
        self._begin(shared=database is not None)

    def _erasing(self, jobs: StorePlace, ledger: Path) -> Erasure:
        audits, others = self._audits.file, (self._behaviour.file, self._reviews.file, self._documents.file)
        files = (self._thumbnails.file, self._feedback.file, audits, *others)
        return Erasure(self._index, files, self._notes, jobs, ledger)

    def _begin(self, shared: bool) -> None:
        """What goes on beside the requests."""
        with suppress(Unsealed):
            if self._notes.read(QUEUED) is None:
                self._queuer.submit(self._queue)
        self._reopen(self._promises.ended)
        self._queuer.submit(self._refile)
        if shared:
            self._following.start()

    def _follow(self) -> None:
        """Take up what other nodes have changed, for as long as the store is open."""
        while not self._closing.wait(FOLLOW_SECONDS):
            with suppress(CatalogError):  # the next look tries again
                self._reopen(self._promises.follow())
                self._space = self._space or self._space_of_index()
                if self._active.follow():
                    if taught := self._taught.get(self._active.version):
                        self._promises.learn(taught.for_index)
                    self._queuer.submit(self._refile)

    def _space_of_index(self) -> str:
        model = self._index.model if self._index.count() else None
        return model.vectors if model else ""

    def describe(self) -> StoreInfo:
        index, taught = self._index, self._taught.all()
        chosen = self._active.version
        files = (
            self._thumbnails.file,
            self._feedback.file,
            self._map.file,
            self._audits.file,
            self._behaviour.file,
            self._reviews.file,
            self._active,
            self._taught,
            self._erasure,
            self._documents.file,
        )
        damages = (*(file.damage for file in files), self._damaged_products())
        damaged = tuple(filter(None, damages))
        return StoreInfo(
            index.identity,
            index.count(),
            index.indexed,
            self._space,
            chosen,
            damaged,
            self._promises.standing,
            taught,
            self._active.done if self._active.refiling else None,
            learner := self._learner(chosen, taught),
            self._feedback.count_after(max(one.verdicts for one in (*taught, learner))) if learner else 0,
            self._promises.broken,
        )

    def _learner(self, chosen: str, taught: Sequence[TaughtModel]) -> TaughtModel | None:
        """The active model, if it was taught: here, or before the service was started with it."""
        for model in taught:
            if model.version == chosen:
                return model
        started = self._models.get(chosen) or next(iter(self._models.values()), None)
        return self._taught.started(Path(started.folder)) if started and started.folder else None

    def filings(self, after: int) -> FilingsPart:
        """What people filed since a verdict, in parts."""
        return filings(self._feedback, self._index, after)

    def _damaged_products(self) -> str:
        if not self._index.damaged:
            return ""
        return (
            f"{self._index.damaged:,} products met so far are damaged in the index (payload_storage) and left out. To"
            " repair, ingest their feed again: it stores them anew."
        )

    def choose_model(self, version: str) -> None:
        """Remember, also over a restart, which model is to be active. By one of the index's space, all products are
        filed anew, which goes on after this returns.

        Raises CheckpointDamaged or CheckpointInvalid for a taught one that cannot be read.
        """
        with self._writing:
            self._active.choose(version)
        if taught := self._taught.get(version):
            self._promises.learn(taught.for_index)
        self._queuer.submit(self._refile)

    def taught_files(self, version: str) -> TaughtFiles:
        """Raises ModelUnknown, CheckpointDamaged or CheckpointInvalid."""
        return self._taught.files(version)

    def add_category(self, path: tuple[str, ...], names: Mapping[str, Floats], filings: Sequence[Filing]) -> str:
        """Have the active model know a category more. -> the version of the model that does, which is active then.
        names: vectors of the category's name and path; filings: products of it.

        Raises ModelNotTaught, CategoryMisplaced or CheckpointInvalid.
        """
        with self._writing:
            learner = self._learner(self._active.version, self._taught.all())
            if learner is None:
                raise ModelNotTaught
            version = self._taught.extend(learner, path, names, filings)
            self.choose_model(version)
        return version

    def forget_model(self, version: str) -> None:
        """Raises ModelUnknown, or ModelInUse for the active one."""
        if self._active.version == version:
            raise ModelInUse
        self._taught.forget(version)

    def category_map(self, target: Target) -> MapState:
        """What was confirmed of the map from the models' categories to those of Google's."""
        return self._map.state(target)

    def category_list(self, target: Target) -> Taxonomy:
        """Raises CategoryListMissing."""
        return self._map.tree(target)

    def keep_category_list(self, target: Target, tree: Taxonomy) -> None:
        self._map.keep_tree(target, tree)

    def confirm_category(self, target: Target, category: str, counterpart: str | None, given_by: str) -> Confirmed:
        """See `CategoryMap.confirm`."""
        return self._map.confirm(target, category, counterpart, given_by)

    def take_confirmation_back(self, id: int) -> None:
        """Raises ConfirmationNotFound."""
        self._map.take_back(id)

    def _refile(self) -> None:
        """File all products anew, if they are not filed by the active model."""
        filer = self._active.refiling
        if filer is None:
            return

        def count(products: int) -> None:
            self._active.done += products

        if self._store_anew(None, count, self._is_filed_otherwise):
            self._active.end_refiling(filer)

    def _filed(self, stored: StoredProduct) -> StoredProduct:
        """The product as the active model files it, where that need not read it."""
        filer = self._active.filer
        return filer.filed(stored) if filer and self._is_filed_otherwise(stored) else stored

    def _is_filed_otherwise(self, stored: StoredProduct) -> bool:
        """Whether the active model would file it anew."""
        filer = self._active.filer
        if filer is None or stored.model == filer.version or filer.space != self._space_of(stored.model):
            return False
        return filer.can_file(stored)

    def _space_of(self, version: str) -> str:
        model = self._index.model
        if model and version in model.versions:
            return model.vectors
        return self._named(version).vectors

    def _named(self, version: str) -> IndexModel:
        taught = self._taught.get(version)
        return taught.for_index if taught else self._models.get(version, IndexModel(version))

    def search(self, query: IndexQuery, facets: Sequence[str] = ()) -> Listing:
        """Raises SearchInvalid."""
        found = self._index.find(query, facets)
        return Listing(found, self.image_counts([match.stored.id for match in (*found.matches, *found.nearest)]))

    def names(self) -> Names:
        """The categories and attributes that products have."""
        return self._index.names()

    def browse(self, filter: Filter | None, sort: Sort, limit: int, offset: int, facets: Sequence[str] = ()) -> Shown:
        """Products in an order, without a query. Raises SearchInvalid."""
        products = self._index.browse(filter, sort, limit, offset)
        counts = self._index.facets(facets, filter) if facets else {}
        images = self.image_counts([stored.id for stored in products])
        return Shown(products, counts, self._index.count(filter), images)

    def overview(self) -> Overview:
        counts = self._index.facets(("category", "decision"), limit=MAX_NODES)
        unsure = waiting.count(self._index, QueueQuery())
        return Overview(self._index.count(), unsure, dict(counts["decision"]), dict(counts["category"]))

    def get(self, ids: Sequence[str]) -> list[StoredProduct | None]:
        return self._index.get(ids)

    def versions(self, ids: Sequence[str]) -> list[StoredVersion | None]:
        return self._index.hashes(ids)

    def ids(self, after: str = "") -> tuple[list[str], str]:
        """Of all products, a page from where the one before ended; "" is the first, and follows the last."""
        return self._index.ids_page(after)

    def products(self, after: str = "") -> tuple[list[StoredProduct], str]:
        """As `ids`, the products with their embeddings."""
        return self._index.page(after=after)

    def begin_audit(self) -> None:
        self._audits.begin()

    def stage_findings(self, findings: Sequence[Fault]) -> None:
        self._audits.stage(findings)

    def finish_audit(self, products: int, figures: Mapping[str, float]) -> Run:
        return self._audits.finish(products, figures)

    def audits(self) -> AuditState:
        return AuditState(self._audits.runs(), self._audits.counts(), self._audits.merging())

    def findings(self, query: FindingsQuery) -> Findings:
        return self._titled(self._audits.page(*query))

    def found_together(self, ids: Sequence[str]) -> list[Told]:
        """See `History.together`."""
        return self._audits.together(ids)

    def judge_finding(self, id: str, verdict: Verdict, value: str, given_by: str) -> Findings:
        """Raises FindingNotFound, and RequestInvalid for a value of what takes none."""
        known = self._audits.get(id)
        if verdict == "corrected" and known and not takes_value(known.finding):
            raise RequestInvalid("What is of several products together has no field to correct.", "verdict")
        told = self._audits.judge(id, verdict, value, given_by)
        if told is None:
            raise FindingNotFound
        self._look_again(told.finding)
        return self._titled([told])

    def reopen_finding(self, id: str) -> None:
        """Raises FindingNotFound."""
        known = self._audits.get(id)
        if not self._audits.reopen(id):
            raise FindingNotFound
        if known:
            self._look_again(known.finding)

    def _look_again(self, finding: Fault) -> None:
        """Note anew what products double of which a person has said something."""
        if finding.code in TOGETHER:
            with self._writing:
                self._arrivals.look_again((finding.product, *finding.others))

    def corrections(self, after: Place) -> tuple[list[Told], Place | None]:
        """See `History.some_corrections`."""
        return self._audits.some_corrections(after)

    def _titled(self, told: list[Told]) -> Findings:
        ids = list({id: None for one in told for id in (one.finding.product, *one.finding.others[:MAX_TITLED])})
        return Findings(told, self._index.titles(ids), self.image_counts(ids))

    def images(self, id: str) -> list[bytes]:
        """The kept images of a product as WebP, in the merchant's order."""
        return self._thumbnails.get(id)

    def put(
        self,
        stored: StoredProduct,
        images: Sequence[bytes] | None,
        unless_changed_from: ContentHashes | None = None,
    ) -> StoredProduct:
        """Insert or replace. images: thumbnails, in place of the kept ones; None keeps those. Returns the product as
        it is stored, with what people said of it.

        Raises ProductChanged if the stored product is no longer of these hashes, or IndexOfOtherModel.
        """
        with self._writing:
            if unless_changed_from is not None:
                (version,) = self._index.hashes([stored.id])
                if version is None or version.hashes != unless_changed_from:
                    raise ProductChanged
            if images is not None:
                self._thumbnails.put({stored.id: images})
            (judged,) = self.upsert([stored])
        return judged

    def upsert(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        """Insert or replace many. -> the products as they are stored, with the verdicts on them. Raises
        IndexOfOtherModel.
        """
        with self._writing:
            kept = self._arrivals.upsert(self._judged(products))
            self._space = self._space_of_index() if kept else self._space
        self._tell_contradictions(kept)
        return kept

    def _tell_contradictions(self, products: Sequence[StoredProduct]) -> None:
        found = [{"id": one.id, "codes": list(one.contradictions)} for one in products if one.contradictions]
        if found:
            self._tell(Event("products.contradict_themselves", json.dumps(found), {"products": found}))

    def _judged(self, products: Sequence[StoredProduct]) -> list[StoredProduct]:
        """As the active model, verdicts and promises have them. Raises IndexOfOtherModel."""
        products = [self._filed(stored) for stored in products]
        for version in {stored.model for stored in products} - self._index.versions:
            self._index.claim(self._named(version))
        said = self._feedback.latest(products)
        return [self._promises.obeyed(applied(stored, said.get(stored.id))) for stored in products]

    def update_offers(self, offers: Sequence[Offer]) -> int:
        with self._writing:
            return self._arrivals.update_offers(offers)

    def _told_apart(self, ids: Sequence[str]) -> Collection[frozenset[str]]:
        """What people have dismissed; nothing while that cannot be read."""
        try:
            return self._audits.told_apart(ids)
        except StateDamaged:
            return ()

    def keep_images(self, images: Mapping[str, Sequence[bytes]]) -> None:
        """Thumbnails of several products, by id."""
        self._thumbnails.put(images)

    def flush(self) -> None:
        with self._writing:
            self._arrivals.flush()

    def delete(self, id: str, erase: bool = False) -> None:
        """erase: leave nothing of it on disk. That goes on after this returns, for minutes, and also after a crash.

        Raises ProductNotFound.
        """
        with self._writing:
            if erase:
                self._erasure.note(id)
                self._feedback.erase([id])
                self._behaviour.erase([id])
                self._reviews.erase([id])
                self._documents.erase([id])
                self._arrivals.forget()
            self._leave_out([id], erase)
            self._thumbnails.delete([id])
            deleted = self._arrivals.delete([id])
            if not self._index.count():
                self._space = ""
        if erase:
            self._erasure.begin()
        if not deleted:
            raise ProductNotFound

    def _leave_out(self, ids: Sequence[str], erase: bool = False) -> None:
        """From the findings. While these cannot be read, a product can be deleted, but not erased."""
        try:
            self._audits.forget(ids, erase)
        except StateDamaged:
            if erase:
                raise

    def delete_all(self, ids: Sequence[str]) -> None:
        """Those that are stored."""
        with self._writing:
            self._leave_out(ids)
            self._thumbnails.delete(ids)
            self._arrivals.delete(ids)
            if not self._index.count():
                self._space = ""

    def _queue(self) -> None:
        """Store what is not sure once more: an index of a release before has not what the queue is sorted by."""
        if self._store_anew(waiting.UNSURE):
            self._notes.write(QUEUED, "")

    def _store_anew(
        self,
        filter: Filter | None,
        progress: Callable[[int], object] = lambda products: None,
        changed: Callable[[StoredProduct], bool] = lambda stored: True,
    ) -> bool:
        """Store products once more, as verdicts, promises and the active model have them. -> whether it came to the
        end. progress: is told of products as they are done. changed: tells which are to be stored.
        """
        after, ended = "", False
        try:
            while not (ended or self._closing.is_set()):
                products, after = self._index.page(filter, after)
                ids = [one.id for one in products if changed(one)]
                with self._writing:
                    self._index.upsert(self._judged([stored for stored in self._index.get(ids) if stored]))
                progress(len(products))
                ended = not after
        except CatalogError:
            ended = False
            logger.exception("products are not all stored once more; the next start tries again")
        return ended

    def _reopen(self, nodes: Sequence[str]) -> None:
        """Have what was accepted below these nodes wait for a person, without waiting for it."""
        if nodes:
            accepted = And((CategoryUnder(tuple(nodes)), OneOf("decision", ("auto",)), waiting.UNJUDGED))
            self._queuer.submit(self._store_anew, accepted)

    def review(self, query: QueueQuery) -> Queue:
        """Products of low confidence on which nobody has given a verdict. Raises SearchInvalid for a bad `after`."""
        products, after = waiting.read(self._index, self._informative, query)
        images = self.image_counts([stored.id for stored in products])
        menu = None if query.after else waiting.menu(self._index, query)
        return Queue(products, images, after, waiting.count(self._index, query), menu, self._index.count())

    def alike(self, id: str, above: float, limit: int) -> Listing:
        """The waiting products nearest to a stored one, of a cosine similarity of at least `above`. Raises
        ProductNotFound.
        """
        matches = waiting.alike(self._index, id, above, limit)
        images = self.image_counts([match.stored.id for match in matches])
        return Listing(Finding(matches, total=len(matches)), images)

    def judge(self, verdicts: Sequence[Said]) -> list[Feedback | CatalogError]:
        """Keep verdicts and apply them. For each, as it is kept; or ProductNotFound, or NothingToAccept."""
        with self._writing:
            results, ended = self._judging.judge(verdicts)
        self._reopen(ended)
        return results

    def judge_alike(self, said: Said, others: Sequence[str] | None, above: float) -> list[Feedback | CatalogError]:
        """One verdict for a product and for others, by default all waiting ones of a cosine similarity of at least
        `above` to it. They are kept as one group, the first one first; results as of `judge`. Raises ProductNotFound or
        NothingToAccept for the first.
        """
        with self._writing:
            if others is None:
                others = waiting.all_alike(self._index, said.product_id, above)
            results, ended = self._judging.judge(self._judging.spread(said, others), grouped=True)
        self._reopen(ended)
        return results

    def take_back(self, id: int, group: bool = False) -> None:
        """Forget a verdict: what counts of the product is the one before it, or else the model's own answer. group:
        and all that were given as one with it. Raises FeedbackNotFound.
        """
        with self._writing:
            again, ended = self._judging.take_back(id, group)
            if again:
                self._index.upsert(self._judged(again))
            self._reopen(ended)

    def feedback(self, query: FeedbackQuery) -> list[Feedback]:
        """The last verdict on each product and what conflicts with it, or some of them, with the products' titles."""
        found = self._feedback.page(query)
        titles = self._index.titles([feedback.product_id for feedback in found])
        return [replace(feedback, title=titles.get(feedback.product_id, "")) for feedback in found]

    def proposals(self) -> list[tuple[str, int]]:
        """Categories that the tree lacks, with how many products they are proposed for."""
        return self._feedback.proposals()

    def labelled(self, after: int = 0) -> LabelledPart:
        """Judged products for training, those that were judged behind a place (0: from the first)."""
        found, left_out, size = list[LabelledProduct](), Counter[str](), 0
        judged = self._feedback.page(FeedbackQuery(after=after, limit=VERDICTS_AT_ONCE, last=True))
        for feedback in judged:
            example = self._example(feedback)
            if isinstance(example, str):
                left_out[example] += 1
            else:
                found.append(example)
                size += len(example.image) + len(example.row["description"])
            if size >= PORTION_BYTES:
                return LabelledPart(found, left_out, feedback.id)
        return LabelledPart(found, left_out, judged[-1].id if judged else None)

    def _example(self, feedback: Feedback) -> LabelledProduct | str:
        """The product for training, or why it is none."""
        (stored,) = self._index.get([feedback.product_id])
        if stored is None:
            return "no longer stored"
        if feedback.conflicting:
            return "of which people say different things"
        if feedback.verdict == "reject":
            return "rejected, without what is right"
        if stored.id not in self._feedback.latest([stored]):
            return "changed since the verdict"
        return labelled(stored, self._thumbnails.get(stored.id)) or "without a category"

    def forget_user(self, user: str) -> None:
        """Have everything as if the user had never come. That nothing is left on disk goes on after this returns, and
        also after a crash. Raises UserNotFound.
        """
        self._erasure.note(SOMEBODY)
        count = self._behaviour.forget(user)
        self._erasure.begin()
        if not count:
            raise UserNotFound

    def close(self) -> None:
        self._closing.set()
        if self._following.ident is not None:
            self._following.join()
        self._queuer.shutdown()
        self._erasure.close()
        self._index.close()
        self._thumbnails.close()
        self._feedback.close()
        self._map.close()
        self._audits.close()
        self._behaviour.close()
        self._reviews.close()
        self._documents.close()
