"""Questions about products: is the right attribute first, and is it noticed that nothing answers?

    python -m benchmarks.questions --data-root DATA [--model FOLDER] [--fit]

semipqa `dev`: questions with all attributes of a product, of which people marked those that answer. The weights are
fitted anew for each of five parts of the products, on the other four and on hetpqa `dev`, so nothing is measured on
what was fitted. Beside it BM25 of the words and the frozen text encoder of the model, which are not fitted. The same
weights say whether anything answers. subjqa_electronics `dev`, which nothing was fitted or chosen on: questions with a
review of which people marked the answer, or that there is none.

--fit: write the weights that ship, of both sets, with the threshold that tells questions with an answer best from the
same questions of which the right attributes are taken out, by scores that are held out.
"""

import argparse
import csv
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from catalog.arrays import Floats
from catalog.index.keywords import document_terms, query_terms
from catalog.model.folder import open_model, shipped_model
from catalog.questions import Passage, Ranker, sentences, shipped
from catalog.questions.features import OF_VECTORS, OF_WORDS, features, read
from catalog.questions.ranker import SHIPPED, written

PARTS, SEED = 5, 0
INVERSE_PENALTY = 10.0
NOT_FOUND = "ANSWERNOTFOUND"
# Of a value in semipqa's notation, what is no name of a part.
PLAIN_KEYS = {"value", "unit", "normalized_value", "standardized_values", "currency", "quantity"}


class Asked(NamedTuple):
    """right: for each passage whether people say that it answers. product: a number of the set of passages."""

    question: str
    passages: list[Passage]
    right: list[bool]
    product: int

    @property
    def answerable(self) -> bool:
        return any(self.right)


Scores = list[list[float]]
Cosines = Sequence[Floats] | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=shipped_model())
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--cache", type=Path, help="A folder that keeps the embeddings: they take minutes.")
    options = parser.parse_args()
    root = options.data_root / "questions"
    semi, het = read_set(root / "semipqa" / "dev.csv"), read_set(root / "hetpqa" / "dev.csv")
    embed = Embedder(options.model, options.cache)
    read_semi, read_het = cosines(semi, embed), cosines(het, embed)
    by_words = held_out(semi, het, None, None)
    by_vectors = held_out(semi, het, read_semi, read_het)
    if options.fit:
        both = {
            "by_vectors": (by_vectors, fit([*semi, *het], [*read_semi, *read_het])),
            "by_words": (by_words, fit([*semi, *het], None)),
        }
        write_weights(open_model(options.model).space, semi, both)
    frozen = [cosine_P2[:, 1].tolist() for cosine_P2 in read_semi]
    ways = {"BM25": bm25(semi), "frozen vectors": frozen, "ours by words": by_words, "ours by vectors": by_vectors}
    for name, scores in ways.items():
        print(f"semipqa dev, {name}: right attribute first {first(semi, scores):.3f},", end=" ")
        print(f"AUROC of not answered {not_answered(semi, scores):.3f}")
    rankers = shipped()
    print(f"semipqa dev, by words: {at_threshold(semi, by_words, rankers.by_words.threshold)}")
    print(f"semipqa dev, by vectors: {at_threshold(semi, by_vectors, rankers.by_vectors.threshold)}")
    tell_reviews(read_reviews(root / "subjqa_electronics" / "dev.csv"), embed)


def tell_reviews(reviews: Sequence[Asked], embed: "Embedder") -> None:
    seen = cosines(reviews, embed)
    ways = {
        "BM25": bm25(reviews),
        "frozen vectors": [cosine_P2[:, 1].tolist() for cosine_P2 in seen],
        "ours by words": by_ranker(reviews, None, shipped().by_words),
        "ours by vectors": by_ranker(reviews, seen, shipped().by_vectors),
    }
    for name, scores in ways.items():
        print(f"subjqa dev, {name}: AUROC of not answered {not_answered(reviews, scores):.3f}")


def read_set(path: Path) -> list[Asked]:
    groups = defaultdict[str, list[Mapping[str, str]]](list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            groups[row["qid"]].append(row)
    found = []
    for rows in groups.values():
        passages = [to_passage(row) for row in rows]
        product = zlib.crc32(repr(sorted(row["candidate"] for row in rows)).encode())
        found.append(Asked(rows[0]["question"], passages, [row["label"] != "0" for row in rows], product))
    return found


def to_passage(row: Mapping[str, str]) -> Passage:
    """An attribute in semipqa's notation: band: { material:[ { value:"steel" } ] } -> band material: steel."""
    if row.get("source", "attribute") != "attribute":
        return Passage(row["candidate"], "description")
    name, _, rest = row["candidate"].partition(":")
    rest = re.sub(r"normalized_value:\{[^{}]*\}", "", rest)
    keys = [key for key in re.findall(r"([a-z_]+)\s*:", rest) if key not in PLAIN_KEYS]
    value = re.sub(r'\b[a-z_]+\s*:(?=[\s\[{"\w-])', " ", rest)
    text = " ".join(re.sub(r'[\[\]{}";]+', " ", value).split())
    return Passage(text, "attribute", " ".join(dict.fromkeys([name, *keys])).replace("_", " "))


def read_reviews(path: Path) -> list[Asked]:
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            passages = [Passage(text, "review") for _, text in sentences(row["review"].replace(NOT_FOUND, ""))]
            answered = row["human_ans_spans"] != NOT_FOUND
            found.append(Asked(row["question"], passages, [answered] * len(passages), 0))
    return found


class Embedder:
    """The frozen text encoder of a model, which reads a text once."""

    def __init__(self, model: Path, cache: Path | None) -> None:
        self._model, self._cache = model, cache
        self._rows = dict[str, Floats]()
        if cache and (cache / "texts.json").exists():
            texts = json.loads((cache / "texts.json").read_text(encoding="utf-8"))
            self._rows = dict(zip(texts, np.load(cache / "vectors.npy"), strict=True))

    def __call__(self, texts: Sequence[str]) -> Floats:
        """(N, E)"""
        if missing := list(dict.fromkeys(text for text in texts if text not in self._rows)):
            from catalog.understand import Understander

            self._rows |= dict(zip(missing, Understander.load(self._model).embed(missing), strict=True))
            if self._cache:
                self._cache.mkdir(parents=True, exist_ok=True)
                (self._cache / "texts.json").write_text(json.dumps(list(self._rows)), encoding="utf-8")
                np.save(self._cache / "vectors.npy", np.stack(list(self._rows.values())))
        return np.stack([self._rows[text] for text in texts])


def cosines(asked: Sequence[Asked], embed: Embedder) -> list[Floats]:
    """For each question (P, 2): see `catalog.questions.features`."""
    texts = [[one.question, *(text for passage in one.passages for text in written(passage))] for one in asked]
    rows = embed([text for group in texts for text in group])
    ends = np.cumsum([len(group) for group in texts])[:-1]
    return [(vector_TE[1:] @ vector_TE[0]).reshape(-1, 2) for vector_TE in np.split(rows, ends)]


def held_out(semi: Sequence[Asked], het: Sequence[Asked], of_semi: Cosines, of_het: Cosines) -> Scores:
    """Scores by weights that were fitted without the product. of_semi, of_het: None for words alone."""
    products = sorted({one.product for one in semi})
    order = np.random.default_rng(SEED).permutation(len(products))
    part = {product: int(order[place]) % PARTS for place, product in enumerate(products)}
    scores: Scores = [[] for _ in semi]
    for left_out in range(PARTS):
        kept = [place for place, one in enumerate(semi) if part[one.product] != left_out]
        known = [*(of_semi[place] for place in kept), *of_het] if of_semi and of_het else None
        ranker = fit([*(semi[place] for place in kept), *het], known)
        for place in set(range(len(semi))) - set(kept):
            (scores[place],) = by_ranker([semi[place]], [of_semi[place]] if of_semi else None, ranker)
    return scores


def fit(asked: Sequence[Asked], cosines: Cosines) -> Ranker:
    values, right = [], []
    for one, cosine_P2 in zip(asked, cosines or [None] * len(asked), strict=True):
        values += features(read(one.question, one.passages), one.passages, cosine_P2)
        right += one.right
    fitted = LogisticRegression(C=INVERSE_PENALTY, max_iter=3000).fit(np.array(values), right)
    return Ranker([round(float(weight), 4) for weight in (fitted.intercept_[0], *fitted.coef_[0])], 0.5)


def by_ranker(asked: Sequence[Asked], cosines: Cosines, ranker: Ranker) -> Scores:
    return [
        ranker.scores(read(one.question, one.passages), one.passages, cosine_P2)
        for one, cosine_P2 in zip(asked, cosines or [None] * len(asked), strict=True)
    ]


def bm25(asked: Sequence[Asked]) -> Scores:
    """By the words of names and values, as the index weighs them; rarity over the whole set."""
    documents = [
        [dict(zip(*document_terms(f"{one.name} {one.text}"), strict=True)) for one in group.passages] for group in asked
    ]
    counts = Counter(term for group in documents for terms in group for term in terms)
    total = sum(map(len, documents))

    def rarity(term: int) -> float:
        return float(np.log(1 + (total - counts[term] + 0.5) / (counts[term] + 0.5)))

    return [
        [sum(terms.get(term, 0.0) * rarity(term) for term in query_terms(one.question).indices) for terms in group]
        for one, group in zip(asked, documents, strict=True)
    ]


def first(asked: Sequence[Asked], scores: Scores) -> float:
    """Of the questions that have an answer, the share of which the best is right."""
    pairs = [(one, found) for one, found in zip(asked, scores, strict=True) if one.answerable]
    return sum(one.right[int(np.argmax(found))] for one, found in pairs) / len(pairs)


def not_answered(asked: Sequence[Asked], scores: Scores) -> float:
    return float(roc_auc_score([not one.answerable for one in asked], [-max(found) for found in scores]))


def at_threshold(asked: Sequence[Asked], scores: Scores, threshold: float) -> str:
    """Of the questions that have an answer; the second figure, of the same without their right attributes."""
    best, without = with_and_without(asked, scores)
    right = [first for first, is_right in best if first >= threshold and is_right]
    wrong = [first for first, is_right in best if first >= threshold and not is_right]
    declined = sum(score < threshold for score in without)
    return (
        f"{len(right) / len(best):.3f} answered rightly, {len(wrong) / len(best):.3f} wrongly;"
        f" {declined / len(without):.3f} declined where the right attribute is taken out"
    )


def with_and_without(asked: Sequence[Asked], scores: Scores) -> tuple[list[tuple[float, bool]], list[float]]:
    """Of each question that has an answer the best score, and whether it is right; and the best of what is wrong."""
    best, without = [], []
    for one, found in zip(asked, scores, strict=True):
        wrong = [score for score, right in zip(found, one.right, strict=True) if not right]
        if one.answerable and wrong:
            place = int(np.argmax(found))
            best.append((found[place], one.right[place]))
            without.append(max(wrong))
    return best, without


def write_weights(space: str, semi: Sequence[Asked], fitted: Mapping[str, tuple[Scores, Ranker]]) -> None:
    """fitted: by name the scores that are held out, and the ranker of all."""
    document: dict[str, object] = {"space": space, "features": ["1", *OF_WORDS, *OF_VECTORS]}
    for name, (scores, ranker) in fitted.items():
        document[name] = {"threshold": round(best_threshold(semi, scores), 4), "weights": list(ranker.weights)}
    SHIPPED.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def best_threshold(asked: Sequence[Asked], scores: Scores) -> float:
    """That tells questions that have an answer best from the same without it (Youden's J)."""
    best, without = with_and_without(asked, scores)
    answered = np.array([score for score, _ in best])

    def told(threshold: float) -> float:
        return float((answered >= threshold).mean() - (np.array(without) >= threshold).mean())

    return max(sorted(set(answered.tolist())), key=told)


if __name__ == "__main__":
    main()
