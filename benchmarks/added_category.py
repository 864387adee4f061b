"""What a category is worth that is added at once (`POST /v1/taxonomy`), to a model that was taught the others.

    python benchmarks/added_category.py --data-root DATA [--vectors FOLDER]

Each second-level category of othershops/flipkart with 12 products or more is left out in its turn. Half of the products
of the others teach a model; the category is then added by its name, or by its name and five products. Of its other
products, the share that is filed in it; of the other half of the others, the share that is filed elsewhere than
before, and of those among them that were accepted unseen. Beside it the model that is taught anew with the five. The
mean of seeds 0 to 2, and the seconds that it takes to write the model.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.teaching import cut, read
from catalog.filing import Filer
from catalog.filing import Filing as Filed
from catalog.model.contract import Targets
from catalog.model.folder import shipped_model
from catalog.teaching.examples import Example, Filing
from catalog.teaching.extend import extend
from catalog.teaching.learned import Names
from catalog.teaching.teach import teach, write_taught
from catalog.understand import Understander

SEEDS = range(3)
PRODUCTS, SHOWN = 12, 5
TARGET = 0.95


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, default=Path())
    asked = parser.parse_args()
    reader = Understander.load(shipped_model())
    examples = cut(read(asked.data_root / "othershops/flipkart", reader, asked.vectors).examples, 2)
    counted = Counter(one.path for one in examples)
    large = sorted(path for path, count in counted.items() if count >= PRODUCTS)
    names = Names(reader.embed)
    with tempfile.TemporaryDirectory() as folder:
        found = [added(examples, path, large, seed, names, reader, Path(folder)) for seed in SEEDS for path in large]
    print("| added by | filed in it | others filed elsewhere | of those accepted before | seconds |")
    print("|---|---|---|---|---|")
    for number, way in enumerate(("its name", "five products", "teaching anew")):
        shown = np.array([one[number] for one in found])
        accepted = shown[:, 2:4].sum(0)
        print(
            f"| {way} | {shown[:, 0].mean():.3f} | {shown[:, 1].mean():.4f} | {accepted[0]:.0f} of {accepted[1]:,.0f} |"
            f" {shown[:, 4].mean():.2f} |",
            flush=True,
        )


def added(
    examples: Sequence[Example],
    path: tuple[str, ...],
    large: Sequence[tuple[str, ...]],
    seed: int,
    names: Names,
    reader: Understander,
    folder: Path,
) -> list[list[float]]:
    """By name, by five products, and taught anew: see `compared`, and the seconds."""
    draw = np.random.default_rng(seed)
    others = [one for one in examples if one.path in large and one.path != path]
    half = draw.permutation(len(others)) % 2 == 0
    taught = [one for one, chosen in zip(others, half, strict=True) if chosen]
    asked = [one for one, chosen in zip(others, half, strict=True) if not chosen]
    mine = [one for one in examples if one.path == path]
    order = draw.permutation(len(mine))
    shown, rest = [mine[n] for n in order[:SHOWN]], [mine[n] for n in order[SHOWN:]]
    write_taught(teach(taught, names, reader.calibration, targets=Targets(TARGET)), shipped_model(), folder / "before")
    before = Filer.open(folder / "before")
    found = []
    for filings in ([], [Filing(0, path, one.used, one.vectors[one.used], True) for one in shown]):
        started = time.perf_counter()
        extend(folder / "before", folder / "after", path, filings, names.embed)
        seconds = time.perf_counter() - started
        found.append([*compared(before, Filer.open(folder / "after"), rest, asked), seconds])
    started = time.perf_counter()
    anew = teach([*taught, *shown], names, reader.calibration, targets=Targets(TARGET))
    write_taught(anew, shipped_model(), folder / "after")
    seconds = time.perf_counter() - started
    return [*found, [*compared(before, Filer.open(folder / "after"), rest, asked), seconds]]


def compared(
    before: Filer, after: Filer, rest: Sequence[Example], asked: Sequence[Example]
) -> tuple[float, float, int, int]:
    """The share of `rest` that is filed right; of `asked` the share that is filed elsewhere; how many of those that
    were accepted unseen are not filed as before, and how many there were.
    """
    right = [likeliest(after, one) == one.path for one in rest]
    moved = [likeliest(after, one) != likeliest(before, one) for one in asked]
    pairs = [(filed(before, one), filed(after, one)) for one in asked]
    accepted = [said(was) != said(now) for was, now in pairs if was.decision == "auto"]
    return float(np.mean(right)), float(np.mean(moved)), sum(accepted), len(accepted)


def filed(filer: Filer, one: Example) -> Filed:
    return filer.categories.file(*filer.judged(one.vectors[one.used]), one.used, 1)


def said(filing: Filed) -> tuple[tuple[str, ...] | None, str]:
    return filing.category.path if filing.category else None, filing.decision


def likeliest(filer: Filer, one: Example) -> tuple[str, ...]:
    logits_C, _ = filer.judged(one.vectors[one.used])
    return filer.categories.likeliest(logits_C[None], one.used)[0].path


if __name__ == "__main__":
    main()
