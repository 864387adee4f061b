"""Pairs and groups of offers, by words alone: what `catalog.quality.groups` finds, beside what is commonly tried.

    python benchmarks/matching.py --data-root DIR [--sets abt_buy ...] [--split valid]
        [--only pairs|groups|variants|probabilities] [--json FILE]

pairs: F1 on four public sets of judged pairs, by the weights that ship, which have seen none of them, and by weights
taught the set's `train`. The threshold is always chosen on `train`, out of fold where something is taught. Beside them
TF-IDF cosine with a threshold, and logistic regression on four plain similarities. Then the promise of 0.98: fitted on
out-of-fold scores of `train`, its precision and coverage on the split.
groups: pairwise F1 on the offers of a price comparison, which has the colours of a model together, and how the time
grows. probabilities: of pairs of `train` that are told as doubles, how many are, by the probability. variants: how
many pairs are typed right, of fashion titles and of made-up titles.
"""

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from timing import growth

from catalog import Product
from catalog.model.contract import Promise
from catalog.model.contract.binomial import lower_bound
from catalog.quality.groups import Grouping, Item, Scorer, fit, promised

SETS = ("abt_buy", "walmart_amazon", "amazon_google", "wdc_all")
FIELD = re.compile(r"COL (\S+) VAL (.*?)(?= COL \S+ VAL |$)")
PROBABILITIES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 0.95, 1.01)
COLOURS = ("black", "white", "red", "blue", "green", "grey", "brown", "pink", "purple", "yellow", "beige", "navy blue")
Pair = tuple[str, str]
Truths = NDArray[np.bool_]
Doubles = NDArray[np.float64]


class Judged:
    """The pairs of a set, those of `train` first."""

    def __init__(self, folder: Path, split: str) -> None:
        self.products: dict[str, Product] = {}
        self.pairs: list[Pair] = []
        same: list[bool] = []
        for part in ("train", split):
            for line in (folder / f"{part}.txt").read_text(encoding="utf-8").rstrip("\n").split("\n"):
                left, right, label = line.split("\t")
                self.pairs.append((self._product(left), self._product(right)))
                same.append(label == "1")
            if part == "train":
                self.taught = len(same)
        self.same = np.array(same)

    def _product(self, text: str) -> str:
        if text not in self.products:
            fields = {name: value.strip() for name, value in FIELD.findall(text)}
            price = re.search(r"\d+(?:\.\d+)?", fields.get("price", "").replace(",", ""))
            self.products[text] = Product(
                id=str(len(self.products)),
                title=fields.get("title") or fields.get("name", ""),
                description=fields.get("description", ""),
                brand=fields.get("brand") or fields.get("manufacturer", ""),
                mpn=fields.get("modelno", ""),
                price=float(price[0]) if price else None,
            )
        return self.products[text].id

    @property
    def texts(self) -> list[str]:
        return [f"{one.title} {one.description} {one.brand} {one.mpn}" for one in self.products.values()]


def f1(said_N: Truths, same_N: Truths) -> float:
    return float(2 * (said_N & same_N).sum() / max(said_N.sum() + same_N.sum(), 1))


def best_threshold(score_N: Doubles, same_N: Truths) -> float:
    """That of the best F1, half way to the next score below."""
    order = np.argsort(-score_N)
    found_N = np.cumsum(same_N[order])
    best = int(np.argmax(2 * found_N / (np.arange(1, len(order) + 1) + same_N.sum())))
    return float(score_N[order][best : best + 2].mean())


def folds(same_N: Truths) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    yield from StratifiedKFold(5, shuffle=True, random_state=0).split(same_N, same_N)


def scores(scorer: Scorer, values: Iterable[Mapping[str, float]]) -> Doubles:
    return np.array([scorer.score(one).total for one in values])


def measure_pairs(name: str, judged: Judged) -> dict[str, Any]:
    same_T, same_V = judged.same[: judged.taught], judged.same[judged.taught :]
    catalogue = Grouping()
    catalogue.add_all(map(Item, judged.products.values()), judged.pairs)
    values = [catalogue.comparison(*pair).values for pair in judged.pairs]
    taught, asked = values[: judged.taught], values[judged.taught :]
    left_out_T = np.zeros(judged.taught)
    for known, held in folds(same_T):
        left_out_T[held] = scores(fit([taught[n] for n in known], same_T[known]), [taught[n] for n in held])
    scorer = fit(taught, same_T)
    shipped = Scorer.shipped()
    answers = {
        "shipped": (scores(shipped, taught), scores(shipped, asked)),
        "taught": (left_out_T, scores(scorer, asked)),
        **baselines(judged),
    }
    result: dict[str, Any] = {"set": name, "pairs": len(same_V)}
    result |= {who: f1(asked_V >= best_threshold(ours_T, same_T), same_V) for who, (ours_T, asked_V) in answers.items()}
    result["shipped at 0"] = f1(answers["shipped"][1] > 0, same_V)
    # What people judge is what was found: duplicates of the weights that ship, but for axes that contradict each other.
    found = [np.array([catalogue.duplicate_score(*pair) for pair in part]) for part in _parts(judged)]
    ways = {"as found, shipped": (found[0], found[1], 0.0), **{who: (*answers[who], -np.inf) for who in answers}}
    result["promises"] = {who: promise_of(*way, same_T, same_V) for who, way in ways.items()}
    return result


def _parts(judged: Judged) -> tuple[list[Pair], list[Pair]]:
    return judged.pairs[: judged.taught], judged.pairs[judged.taught :]


def promise_of(taught_T: Doubles, asked_V: Doubles, least: float, same_T: Truths, same_V: Truths) -> str:
    """What verdicts on pairs of `train` above `least` promise, and how it goes on the split."""
    told_T = taught_T > least
    outcome = promised(taught_T[told_T].tolist(), same_T[told_T].tolist())
    if not isinstance(outcome, Promise):
        return str(outcome)
    merged_V = (asked_V >= outcome.threshold) & (asked_V > least)
    count, right = int(merged_V.sum()), int((merged_V & same_V).sum())
    share = right / same_V.sum()
    bound = lower_bound(count, count - right)
    return f"{outcome.bound:.4f} promised; {right} of {count} right, {bound:.3f} at least, {share:.0%} of the pairs"


def measure_probabilities(names: Sequence[str], root: Path) -> dict[str, Any]:
    """How many pairs of `train` that the shipped weights tell as doubles are, by the probability that is told."""
    told: dict[str, list[tuple[float, bool]]] = {}
    for name in names:
        judged = Judged(root / "matching" / name, "valid")
        catalogue = Grouping()
        pairs = judged.pairs[: judged.taught]
        catalogue.add_all(map(Item, judged.products.values()), pairs)
        likely = [1 / (1 + np.exp(-catalogue.duplicate_score(*pair))) for pair in pairs]
        told[name] = list(zip(likely, judged.same[: judged.taught].tolist(), strict=True))
    told["all"] = [one for of_set in told.values() for one in of_set]
    result: dict[str, Any] = {}
    for low, high in pairwise(PROBABILITIES):
        row = {}
        for name, of_set in told.items():
            same = [right for probability, right in of_set if low <= probability < high]
            row[name] = f"{sum(same) / max(len(same), 1):.2f} of {len(same)}"
        result[f"{low:.2f} to {min(high, 1):.2f}"] = row
    return result


def baselines(judged: Judged) -> dict[str, tuple[Doubles, Doubles]]:
    """Name -> scores of `train` (out of fold), and of the split."""
    texts, numbers = judged.texts, {one.id: n for n, one in enumerate(judged.products.values())}
    left = [numbers[one] for one, _ in judged.pairs]
    right = [numbers[other] for _, other in judged.pairs]
    words = TfidfVectorizer(sublinear_tf=True).fit_transform(texts)
    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True).fit_transform(texts)
    cosine_N, spelling_N = (np.asarray(each[left].multiply(each[right]).sum(1)).ravel() for each in (words, grams))
    sets = [frozenset(text.split()) for text in texts]
    jaccard_N = [len(sets[a] & sets[b]) / max(len(sets[a] | sets[b]), 1) for a, b in zip(left, right, strict=True)]
    prices = [one.price or 0 for one in judged.products.values()]
    price_N = [
        abs(np.log(prices[a] / prices[b])) if prices[a] and prices[b] else 0.3 for a, b in zip(left, right, strict=True)
    ]
    plain_NF = np.stack([cosine_N, spelling_N, jaccard_N, price_N], 1)
    taught, same_T = judged.taught, judged.same[: judged.taught]
    model = LogisticRegression(max_iter=1000)
    left_out_T = cross_val_predict(model, plain_NF[:taught], same_T, cv=5, method="decision_function")
    plain_V = model.fit(plain_NF[:taught], same_T).decision_function(plain_NF[taught:])
    return {"TF-IDF": (cosine_N[:taught], cosine_N[taught:]), "plain regression": (left_out_T, plain_V)}


def offers(root: Path) -> list[dict[str, str]]:
    path = root / "matching" / "pricerunner" / "offers.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pairwise_f1(groups: Iterable[Sequence[str]], cluster_of: Mapping[str, str]) -> dict[str, float]:
    said = [pair for group in groups for pair in combinations(group, 2)]
    right = sum(cluster_of[one] == cluster_of[other] for one, other in said)
    true = sum(count * (count - 1) // 2 for count in Counter(cluster_of.values()).values())
    return {"precision": right / max(len(said), 1), "recall": right / true, "F1": 2 * right / max(len(said) + true, 1)}


def measure_groups(root: Path) -> dict[str, Any]:
    rows = offers(root)
    sizes = [len(rows) // 4, len(rows) // 2, len(rows)]
    seconds, result = [], dict[str, Any]()
    mixed = [rows[n] for n in np.random.default_rng(0).permutation(len(rows))]
    for size in sizes:
        chosen = mixed[:size]
        started = time.process_time()
        catalogue = Grouping(ignored=("colour",))
        catalogue.add_all(Item(Product(id=row["id"], title=row["title"])) for row in chosen)
        groups = [group.products for group in catalogue.groups()]
        seconds.append(time.process_time() - started)
    cluster_of = {row["id"]: row["cluster"] for row in rows}
    result["all"] = pairwise_f1(groups, cluster_of)
    for kind in sorted({row["category"] for row in rows}):
        of_kind = {row["id"]: row["cluster"] for row in rows if row["category"] == kind}
        result[kind] = pairwise_f1([[one for one in group if one in of_kind] for group in groups], of_kind)
    started = time.process_time()
    for n, row in enumerate(mixed[:200]):
        catalogue.add(Item(Product(id=f"new {n}", title=row["title"])))
    result |= {"processor seconds": dict(zip(sizes, seconds, strict=True)), "grows as n to the": growth(sizes, seconds)}
    result["ms for a new offer"] = (time.process_time() - started) * 1000 / 200
    return result


def fashion_pairs(root: Path) -> Iterator[tuple[Product, Product, tuple[str, ...]]]:
    """Titles of one wording but for the colour that each names: the colours differ, or do not."""
    by_wording: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for line in (root / "fashion" / "products.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        colour = str(row["attributes"].get("colour", "")).lower()
        title = row["title"].lower()
        if row["split"] == "val" and colour and re.search(rf"\b{colour}\b", title):
            by_wording[re.sub(rf"\b{colour}\b", "*", title), *row["category"]].append(row)
    for rows in by_wording.values():
        for one, other in list(combinations(rows, 2))[:10]:
            apart = one["attributes"]["colour"] != other["attributes"]["colour"]
            yield _titled(one["title"]), _titled(other["title"]), ("colour",) if apart else ()


def _titled(title: str) -> Product:
    return Product(title=title)


def made_pairs() -> Iterator[tuple[Product, Product, tuple[str, ...]]]:
    things = (
        "Northfield Trail Shoe",
        "Verdano Ceramic Mug",
        "Halden Merino Sweater",
        "Corvo Desk Lamp LX20",
        "Brisk Olive Soap",
    )
    options: dict[str, list[str]] = {
        "colour": list(COLOURS),
        "size": ["size 38", "size 41", "size 44", "XL", "XS", "30 cm", "45 cm", "12 inch"],
        "capacity": ["64GB", "128 GB", "1TB", "500 ml", "1 l", "250ml"],
        "weight": ["250 g", "500g", "1 kg", "2kg"],
        "pack": ["pack of 2", "6-pack", "12 pcs", "3 pack"],
    }
    for thing in things:
        for axis, values in options.items():
            for one, other in combinations(values, 2):
                if _comparable(axis, one, other):
                    yield _titled(f"{thing} {one}"), _titled(f"{thing}, {other}"), (axis,)
        yield from ((_titled(f"{thing} {one}"), _titled(f"{one} {thing}"), ()) for one in COLOURS)


def _comparable(axis: str, one: str, other: str) -> bool:
    """Whether both say the same thing of a product: a size in letters and one in centimetres may both be true."""
    if axis not in ("size", "capacity"):
        return True
    kinds = [("size", "XL", "XS"), ("cm", "inch"), ("GB", "TB"), ("l",)]
    return any(any(end in one for end in kind) and any(end in other for end in kind) for kind in kinds)


def measure_variants(pairs: Iterable[tuple[Product, Product, tuple[str, ...]]]) -> dict[str, Any]:
    asked = list(pairs)
    products = []
    for n, (one, other, _) in enumerate(asked):
        products += [Item(Product(id=f"a{n}", title=one.title)), Item(Product(id=f"b{n}", title=other.title))]
    catalogue = Grouping()
    catalogue.add_all(products, [(f"a{n}", f"b{n}") for n in range(len(asked))])
    right, wrong = Counter[str](), list[str]()
    for n, (one, other, axes) in enumerate(asked):
        verdict = catalogue.judge(f"a{n}", f"b{n}")
        assert verdict.score == sum(reason.weight for reason in verdict.reasons)
        if verdict.kind == ("variant" if axes else "duplicate") and verdict.axes == axes:
            right[", ".join(axes) or "none"] += 1
        else:
            wrong.append(f"{one.title} | {other.title}: {verdict.kind} {verdict.axes}")
    return {"pairs": len(asked), "typed right": right.total() / len(asked), "by axis": right, "wrong": wrong[:10]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--split", default="valid")
    parser.add_argument("--only", choices=("pairs", "groups", "variants", "probabilities"), default=None)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    root, result = arguments.data_root, dict[str, Any]()
    if arguments.only in (None, "pairs"):
        for name in arguments.sets:
            result[name] = measure_pairs(name, Judged(root / "matching" / name, arguments.split))
            print(json.dumps(result[name], indent=1), flush=True)
    if arguments.only in (None, "groups"):
        result["groups"] = measure_groups(root)
        print(json.dumps(result["groups"], indent=1), flush=True)
    if arguments.only in (None, "variants"):
        result["fashion variants"] = measure_variants(fashion_pairs(root))
        result["made variants"] = measure_variants(made_pairs())
        print(json.dumps([result["fashion variants"], result["made variants"]], indent=1), flush=True)
    if arguments.only in (None, "probabilities"):
        result["probabilities"] = measure_probabilities(arguments.sets, root)
        print(json.dumps(result["probabilities"], indent=1), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
