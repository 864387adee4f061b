"""Teach a model a merchant's categories twice, as usual and with encoders tuned on his products, and keep the better.

The encoders learn from three quarters of the products. What they learnt from cannot tell how good they are, so every
figure, threshold and promise of the tuned model is measured on the other quarter alone.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from catalog.feeds import Feed
from catalog.images import ImageReader
from catalog.ingest.pipeline import LocalWorker
from catalog.model.checkpoint import Checkpoint
from catalog.model.contract import Targets
from catalog.model.runtime.pytorch import TorchRuntime
from catalog.taxonomy.tree import Taxonomy
from catalog.teaching.examples import Example, own_vectors
from catalog.teaching.gather import Gathered, duration, seconds_each
from catalog.teaching.head.fit import leaf_shares
from catalog.teaching.learned import Names
from catalog.teaching.teach import (
    Outcome,
    Taught,
    filed_examples,
    name_vectors,
    teach,
    telling,
    write_outcome,
)
from catalog.teaching.tree import nodes_of
from catalog.understand import Understander
from training.device import best_device
from training.finetune.compare import Comparison, compare, held_out
from training.finetune.features import Features, read_features, vectors
from training.finetune.run import FineTuning, Labelled, Settings, leaf_vectors
from training.pretrain.tuning import claim, learn
from training.pretrain.write import precision, round_weights, write_model

ENCODERS = "encoders"
COMPARED = 8  # texts on which the graphs' answers are compared
CARD = (
    "# Encoders that were tuned on a merchant's products\n\nMade by `shelflens teach --deep` from the model {start}.\n"
)
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Asked:
    """See `catalog.teaching.teach.teach_gathered`."""

    separator: str | None = None
    tree: Taxonomy | None = None
    targets: Targets | None = None
    attributes: Collection[str] = ()


class Source(NamedTuple):
    """The feed, and where its images are."""

    feed: Feed
    images: ImageReader


class Lesson(NamedTuple):
    """What was taught as usual. examples, held_N: which of them are held out of the fine-tuning."""

    usual: Taught
    names: Names
    examples: Sequence[Example]
    held_N: NDArray[np.bool_]


def teach_deep(
    gathered: Gathered,
    source: Source,
    reader: Understander,
    start: Checkpoint,
    output: Path,
    settings: Settings,
    asked: Asked,
    progress: Progress = lambda step: None,
) -> tuple[Outcome, Comparison]:
    """Teach `reader`, whose weights `start` has, and write the better of both models into the folder `output`.

    The features of the products and the checkpoint are in OUTPUT.run until then, Ctrl-C leaves them there, and raises
    KeyboardInterrupt. Raises ConfigInvalid if a run of another feed or model is there, and TooFewProducts.
    """
    examples, left_out = filed_examples(gathered, asked.attributes, asked.separator, asked.tree)
    names = Names(reader.embed)
    with telling(left_out):
        usual = teach(examples, names, reader.calibration, asked.tree, asked.targets, progress, asked.attributes)
        examples = list(usual.learned.examples)
        held_N = held_out(usual.learned.groups_N, [example.path for example in examples], settings.seed)
    lesson = Lesson(usual, names, examples, held_N)
    folder = output.with_name(f"{output.name}.run")
    claim(folder, settings, fingerprint(source.feed, examples), start.version)
    features = read(source, start, lesson, folder, progress)
    steps = tune(settings, start, features, lesson, folder, progress)
    tuned, kept = teach_tuned(start, features, lesson, folder / ENCODERS, asked, progress)
    held = [number for number in kept if held_N[number]]
    before = [usual.unseen[number] for number in held]
    comparison = compare(before, tuned.unseen, usual.learned.groups_N[held], len(kept) - len(held), steps)
    better, base = (tuned, folder / ENCODERS) if comparison.better else (usual, start.path)
    outcome = write_outcome(better, base, output, left_out)
    shutil.rmtree(folder)
    return outcome, comparison


def fingerprint(feed: Feed, examples: Sequence[Example]) -> str:
    """Of the feed, and of what is taught of it."""
    digest = hashlib.sha256(feed.fingerprint.encode())
    for example in examples:
        digest.update(repr((example.id, example.path)).encode())
    return digest.hexdigest()


def read(source: Source, start: Checkpoint, lesson: Lesson, folder: Path, progress: Progress) -> Features:
    model = start.model.to(best_device())
    reader = Understander(start, TorchRuntime(model, best_device().type, familiarity=start.familiarity))
    ids = {example.id for example in lesson.examples}
    progress(f"read {len(ids):,} products for the fine-tuning, about {duration(len(ids) * seconds_each(reader))}")
    with tqdm(total=len(ids), unit="row", desc="read") as bar:
        worker = LocalWorker(reader, source.images)
        return read_features(source.feed, ids, worker, reader, start, folder, bar.update)


def tune(
    settings: Settings, start: Checkpoint, features: Features, lesson: Lesson, folder: Path, progress: Progress
) -> int:
    """Tune `start.model`. -> the number of steps. Raises KeyboardInterrupt after Ctrl-C, when the state is saved."""
    run = FineTuning(settings, start, features, labelled(features, lesson))
    run.resume(folder)
    if seconds := run.plan():
        progress(f"fine-tune in {run.total:,} steps, about {duration(seconds)}")
    if not learn(run, folder, "fine-tune"):
        raise KeyboardInterrupt
    run.save(folder)
    round_weights(run.model, precision(start.path))
    return run.step


def labelled(features: Features, lesson: Lesson) -> Labelled:
    """Those that are not held out."""
    tree, place = lesson.usual.tree, features.place
    node_of = nodes_of(tree, (example.path for example in lesson.examples))
    chosen = [
        example
        for example, held in zip(lesson.examples, lesson.held_N, strict=True)
        if not held and example.id in place
    ]
    nodes = [node_of[example.path] for example in chosen]
    start_CE = leaf_vectors(name_vectors(tree, lesson.names), own_vectors(chosen), leaf_shares(tree, nodes))
    return Labelled([place[example.id] for example in chosen], nodes, tree, start_CE)


def teach_tuned(
    start: Checkpoint, features: Features, lesson: Lesson, encoders: Path, asked: Asked, progress: Progress
) -> tuple[Taught, list[int]]:
    """Write the tuned model into the folder `encoders` and teach it what the usual one was taught. -> also the numbers
    of the examples that could be read again, which are all but what became unreadable meanwhile.
    """
    place = features.place
    kept = [number for number, example in enumerate(lesson.examples) if example.id in place]
    rows = [place[lesson.examples[number].id] for number in kept]
    found = vectors(start, features, rows)
    texts = [text for text in features.texts if text][-COMPARED:] or [start.taxonomy.nodes[0].label]
    write_model(start, encoders, texts, CARD.format(start=start.version))
    examples = [
        replace(lesson.examples[n], used=features.used[row], vectors=vector, judged=bool(lesson.held_N[n]))
        for n, row, vector in zip(kept, rows, found, strict=True)
    ]
    usual, names = lesson.usual, Names(Understander.load(encoders, best_device().type).embed)
    base, groups_N = start.calibration, usual.learned.groups_N[kept]
    taught = teach(examples, names, base, usual.tree, asked.targets, progress, asked.attributes, groups_N)
    # A label is doubted by a model that never saw it: of the usual one that is any.
    return replace(taught, report=replace(taught.report, doubts=usual.report.doubts)), kept
