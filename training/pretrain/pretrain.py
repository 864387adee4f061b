"""Pretrain a model on a feed, measure it before and after, and write it only if it is better."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tqdm import tqdm

from catalog.errors import ConfigInvalid
from catalog.feeds import Feed
from catalog.images import ImageReader
from catalog.ingest.ledger import Failure
from catalog.ingest.pipeline import LocalWorker
from catalog.model.checkpoint import Checkpoint, load_model
from catalog.model.runtime.pytorch import TorchRuntime
from catalog.understand import Understander
from training.device import best_device
from training.pretrain.catalogue import Catalogue, read_catalogue, split
from training.pretrain.measure import Verdict, compare, measure
from training.pretrain.run import PretrainRun, Settings
from training.pretrain.tuning import claim, learn
from training.pretrain.write import precision, round_weights, write_model

FEATURES = "catalogue.pt"
COMPARED = 8  # texts on which the graphs' answers are compared
CARD = """# A model pretrained on a catalogue

Made by `shelflens pretrain` from the model {start}, on {trained:,} products without labels. What is not listed as
measured here is that model's. Calibration and familiarity are its own, too: they were measured for the model as it was.

```text
{table}
```
"""


@dataclass(frozen=True)
class Report:
    """rows: of the feed. failures: those that were skipped. trained: products that were learnt from, in `steps` of the
    `wanted` steps. verdict: None where the run was stopped before its end. version: of what was written, if it was.
    """

    rows: int
    failures: tuple[Failure, ...]
    trained: int
    steps: int
    wanted: int
    start: str
    verdict: Verdict | None = None
    version: str | None = None


def pretrain(source: Feed, images: ImageReader, model: Path, output: Path, settings: Settings) -> Report:
    """Pretrain to the end, from the last checkpoint if there is one, and write `output` if the model is better.

    The checkpoint is in OUTPUT.run until then; Ctrl-C leaves it there. Raises ConfigInvalid if the output exists or
    another run's checkpoint does, TooFewProducts, and what `load_model` and reading a feed raise.
    """
    if output.exists():
        raise ConfigInvalid(f"{output.name!r} already exists. Give the name of a new folder.")
    checkpoint = load_model(model)
    checkpoint.model.to(best_device())
    folder = output.with_name(output.name + ".run")
    fresh = not folder.exists()
    claim(folder, settings, source.fingerprint, checkpoint.version)
    try:
        catalogue = features(source, images, checkpoint, settings.seed, folder / FEATURES)
        train_rows, held_rows = split(catalogue, settings.seed)
    except BaseException:
        if fresh:  # nothing of it is worth going on from
            shutil.rmtree(folder)
        raise
    before = measure(checkpoint, catalogue, held_rows)
    run = PretrainRun(settings, checkpoint, catalogue, train_rows)
    run.resume(folder)
    finished = learn(run, folder, "pretrain")
    report = Report(
        catalogue.rows, tuple(catalogue.failures), len(train_rows), run.step, run.wanted, checkpoint.version
    )
    if not finished:
        return report
    round_weights(run.model, precision(checkpoint.path))
    verdict = compare(before, measure(checkpoint, catalogue, held_rows))
    version = None
    if not verdict.reasons:
        texts = [catalogue.items[row].text for row in held_rows[:COMPARED]]
        card = CARD.format(start=checkpoint.version, trained=len(train_rows), table=verdict.table())
        version = write_model(checkpoint, output, texts, card).version
    shutil.rmtree(folder)
    return replace(report, verdict=verdict, version=version)


def features(source: Feed, images: ImageReader, checkpoint: Checkpoint, seed: int, path: Path) -> Catalogue:
    """The catalogue, from the file if an earlier attempt has read it."""
    if path.exists():
        return Catalogue.load(path)
    runtime = TorchRuntime(checkpoint.model, best_device().type, familiarity=checkpoint.familiarity)
    reader = Understander(checkpoint, runtime)
    with tqdm(desc="read", total=source.total, unit="row") as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        worker = LocalWorker(reader, images)
        catalogue = read_catalogue(source, worker, checkpoint.model, checkpoint.tokenizer, seed, progress=progress)
    catalogue.save(path)
    return catalogue
