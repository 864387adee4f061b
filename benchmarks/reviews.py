"""Sentiment of reviews and of their aspects: the lexicon that ships, and the recipes of `shelflens train-text`.

    python -m benchmarks.reviews --data-root DATA [--texts 6000] [--cache FOLDER] [--parts zh aspects rate]

zh        zh_online_shopping, `train` in five folds: positive or not, of whole reviews. The lexicon, trained on
          nothing; n-grams of characters on all reviews; and, as the encoder takes long, all recipes on a sample of them
aspects   en_laptop_acos, taught on `train`, measured on `dev`: the sentiment of each aspect
rate      reviews a second, on one thread

What is taught here is measured and thrown away: the data may not be trained on for what ships.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import StratifiedKFold

from catalog.arrays import Floats
from catalog.language.reviews import LexiconReader, Passage, Review
from catalog.language.reviews.aspects import Named
from catalog.language.reviews.review import sentiment_of
from catalog.language.reviews.sentences import Span
from catalog.language.reviews.summary import opinion_on
from catalog.language.texts.model import Features
from catalog.understand import Understander
from training.classifiers.linear import fit
from training.classifiers.train import read_vectors

SEED, FOLDS = 0, 5
ZH, ACOS = "reviews/zh_online_shopping/train.jsonl", "reviews/en_laptop_acos"
POLARITY = {"0": "negative", "1": "neutral", "2": "positive"}
LABELS = ("negative", "neutral", "positive")
MAX_READ = 4_000  # characters; the encoder reads 96 tokens
RECIPES: tuple[Features, ...] = ("ngrams", "vectors", "both")


class Quad(NamedTuple):
    """A sentence and an aspect that it names: its first character and the one after its last; None of one that it does
    not name. row: the sentence's number.
    """

    row: int
    text: str
    aspect: Span | None
    sentiment: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=6_000, help="of the sample that the encoder reads")
    parser.add_argument("--cache", type=Path, help="folder for the encoder's vectors")
    parser.add_argument("--parts", nargs="+", default=["zh", "aspects", "rate"])
    asked = parser.parse_args()
    vectors = Vectors(asked.cache)
    if "zh" in asked.parts:
        chinese(asked.data_root / ZH, asked.texts, vectors)
    if "aspects" in asked.parts:
        aspects(asked.data_root / ACOS, vectors)
    if "rate" in asked.parts:
        rate(asked.data_root)


class Vectors:
    """Of texts by the shipped model, kept in files."""

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache

    def of(self, name: str, texts: Sequence[str]) -> Floats:
        path = self._cache / f"{name}.npz" if self._cache else None
        if path and path.exists():
            found: Floats = np.load(path)["emb"]
            if len(found) == len(texts):
                return found
        found = read_vectors([text[:MAX_READ] or "." for text in texts], Understander.load(cache_megabytes=0))
        if path:
            np.savez(path, emb=found)
        return found


def chinese(path: Path, sample: int, vectors: Vectors) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    texts, label_N = [row["text"] for row in rows], np.array([int(row["positive"]) for row in rows])
    print(f"zh_online_shopping: {len(texts):,} reviews, {label_N.mean():.3f} positive")
    scores = np.array([Review("", text, passages=found).score for text, found in read_by_lexicon(texts)])
    told_N = scores != 0
    print(f"  lexicon: {((scores > 0) == label_N)[told_N].mean():.4f} of the {told_N.mean():.3f} with an opinion,")
    print(f"    {((scores > 0) == label_N).mean():.4f} of all, where those without one are taken for negative")
    tell("ngrams, all", *folds(texts, label_N, "ngrams", None))
    chosen = sorted(random.Random(SEED).sample(range(len(texts)), min(sample, len(texts))))
    some, label_S = [texts[row] for row in chosen], label_N[chosen]
    vector_SE = vectors.of("zh", some)
    print(f"  lexicon, the sample: {((scores > 0) == label_N)[chosen].mean():.4f} of all")
    for recipe in RECIPES:
        tell(f"{recipe}, {len(some):,}", *folds(some, label_S, recipe, vector_SE))


def read_by_lexicon(texts: Sequence[str]) -> list[tuple[str, tuple[Passage, ...]]]:
    return list(zip(texts, LexiconReader().read(texts), strict=True))


def folds(
    texts: Sequence[str], label_N: NDArray[np.int64], recipe: Features, vector_NE: Floats | None
) -> tuple[list[float], float]:
    """-> the accuracy of each fold, and the seconds."""
    began, found = time.perf_counter(), []
    for learnt, held in StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(texts, label_N):
        taken = vector_NE if recipe != "ngrams" else None
        model = fit([texts[n] for n in learnt], label_N[learnt], ("no", "yes"), recipe, picked(taken, learnt))
        told = model.scores([texts[n] for n in held], picked(taken, held)).argmax(1)
        found.append(float(accuracy_score(label_N[held], told)))
    return found, time.perf_counter() - began


def tell(name: str, found: list[float], seconds: float) -> None:
    print(f"  {name}: {np.mean(found):.4f} in {FOLDS} folds, {min(found):.4f} to {max(found):.4f} ({seconds:.0f} s)")


def picked(vector_NE: Floats | None, rows: NDArray[np.int64]) -> Floats | None:
    return None if vector_NE is None else vector_NE[rows]


def aspects(folder: Path, vectors: Vectors) -> None:
    train, dev = (read_quads(folder / f"{split}.tsv") for split in ("train", "dev"))
    named = np.array([quad.aspect is not None for quad in dev[1]])
    label_D = np.array([LABELS.index(quad.sentiment) for quad in dev[1]])
    usual = Counter(quad.sentiment for quad in train[1]).most_common(1)[0][0]
    print(f"en_laptop_acos dev: {len(dev[1])} aspects, {named.sum()} of them named; {usual} always:")
    tell_aspects("always the same", np.full(len(label_D), LABELS.index(usual)), label_D, named)
    tell_aspects("lexicon", by_lexicon(dev), label_D, named)
    label_T = np.array([LABELS.index(quad.sentiment) for quad in train[1]])
    by_row = {name: vectors.of(f"acos_{name}", part[0]) for name, part in (("train", train), ("dev", dev))}
    for recipe in RECIPES:
        taken = {
            name: None if recipe == "ngrams" else by_row[name][[quad.row for quad in part[1]]]
            for name, part in (("train", train), ("dev", dev))
        }
        model = fit([near(quad) for quad in train[1]], label_T, LABELS, recipe, taken["train"])
        told = model.scores([near(quad) for quad in dev[1]], taken["dev"]).argmax(1)
        tell_aspects(recipe, told, label_D, named)


def tell_aspects(name: str, told_D: NDArray[np.int64], label_D: NDArray[np.int64], named: NDArray[np.bool_]) -> None:
    told = (
        accuracy_score(label_D, told_D),
        f1_score(label_D, told_D, average="macro"),
        (label_D == told_D)[named].mean(),
    )
    polar = label_D != LABELS.index("neutral")
    print(
        f"  {name}: accuracy {told[0]:.4f}, macro F1 {told[1]:.4f}; {told[2]:.4f} of those that are named;"
        f" {(label_D == told_D)[polar].mean():.4f} of the positive and negative ones"
    )


def read_quads(path: Path) -> tuple[list[str], list[Quad]]:
    """The sentences, and their aspects; of equal ones the first."""
    texts, found = [], {}
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        text, *quads = line.split("\t")
        texts.append(text)
        starts = np.cumsum([0, *(len(word) + 1 for word in text.split(" "))])
        for quad in quads:
            place, category, sentiment, _ = quad.split(" ")
            first, end = map(int, place.split(","))
            span = Span(int(starts[first]), int(starts[end]) - 1) if first >= 0 else None
            found.setdefault((row, span, category), Quad(row, text, span, POLARITY[sentiment]))
    return texts, list(found.values())


def by_lexicon(part: tuple[list[str], list[Quad]]) -> NDArray[np.int64]:
    read = LexiconReader().read(part[0])
    return np.array([LABELS.index(sentiment_of(score_of(quad, read[quad.row]))) for quad in part[1]])


def score_of(quad: Quad, passages: tuple[Passage, ...]) -> float:
    review = Review("", quad.text, passages=passages)
    if quad.aspect is None:
        return review.score
    return opinion_on(review, Named("", *quad.aspect), Span(0, len(quad.text)))


def near(quad: Quad) -> str:
    """The sentence from five words before the aspect to five behind it; the whole where it is not named."""
    if quad.aspect is None:
        return quad.text
    before, behind = quad.text[: quad.aspect.start].split()[-5:], quad.text[quad.aspect.end :].split()[:5]
    return " ".join([*before, quad.text[quad.aspect.start : quad.aspect.end], *behind])


def rate(root: Path) -> None:
    reviews = [json.loads(line)["text"] for line in (root / ZH).read_text(encoding="utf-8").splitlines()[:8_000]]
    english = [line.split("\t")[0] for line in (root / ACOS / "train.tsv").read_text(encoding="utf-8").splitlines()]
    lexicon = LexiconReader()
    model = fit(reviews[::8], np.arange(len(reviews[::8])) % 2, ("no", "yes"), "ngrams")
    nano = Understander.load("nano", cache_megabytes=0)
    print("texts a second of processor time, and a second")
    timed("lexicon, zh_online_shopping", lambda: lexicon.read(reviews), len(reviews))
    timed("lexicon, en_laptop_acos", lambda: lexicon.read(english), len(english))
    timed("ngrams, zh_online_shopping", lambda: model.scores(reviews), len(reviews))
    ordered = sorted(english, key=len)
    nano.embed(ordered[:256])
    timed("vectors of nano, en_laptop_acos", lambda: nano.embed(ordered), len(ordered))


def timed(name: str, work: Callable[[], object], count: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    work()
    print(f"  {name}: {count / (time.process_time() - cpu):,.0f}, {count / (time.perf_counter() - began):,.0f}")


if __name__ == "__main__":
    main()
