"""Attributes from words: what the grammar and the tagger find, beside a dictionary of the training values.

    python benchmarks/attributes_from_words.py --data-root DATA [--folds 5] [--run 5] [--seed 0] [--sets SET ...]

DATA has attributes/ and taxonomies/shopify. A value counts as right where attribute and words are equal; of WDC-PAVE,
whose values are rewritten, where attribute and rewritten value are.

- oa_mine: cross-validation on `train`. `dictionary`: the training values of the kind of product, longest first, where
  they stand in the title. `grammar`: without anything learned. `tagger`: as shipped, fitted without the titles.
- zh_dsner: fitted on `train`, measured on `dev`. zh_titles: the same tagger on another set's `dev`, brand and product.
- wdc_pave: cross-validation on `train`. What a measure, a number or a code is of (width or length, part or model) is
  learned by its context, and values that are classes (product type, colour) by the words: both for this table alone,
  nothing of this set is shipped. `measures`: of the measures whose unit the set rewrites, the share whose value the
  grammar reads exactly among what it finds of that kind, and the share of those said that are exactly right.
- spans: of all found attributes the share whose span gives its value. time: a title, on one thread, CPU time.
"""

import argparse
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from catalog.language.attributes import FoundAttribute, find_attributes
from catalog.language.attributes.grammar.read import by_grammar
from catalog.language.attributes.tagging.tagger import Tagged
from training.attributes.build import category_names, fitted
from training.attributes.field import FieldConfig
from training.attributes.titles import CHINESE, Title, read_oa_mine, read_tagged
from training.texts.shopify import ShopifyTaxonomy

Values = set[tuple[str, str]]
# The grammar's names -> those of OA-Mine that say the same; a title's kind has one of them.
IN_OA_MINE = {
    "weight": ("net_content", "volume", "dosage"),
    "volume": ("net_content", "volume"),
    "count": ("net_content", "pack_size", "load_size"),
    "pack_count": ("pack_size", "net_content"),
    "color": ("color",),
    "material": ("material",),
    "gender": ("gender",),
    "age": ("age",),
    "age group": ("age",),
    "closure": ("closure",),
    "spf": ("protection_level",),
    "ply": ("layer",),
}
IN_ZH_TITLES = {"HC": "product_type", "HP": "brand"}
# WDC-PAVE: attributes by how their values are found.
LENGTHS = ("Width", "Height", "Depth", "Length")
MEMORIES = ("Capacity", "Cache")
MEASURES = (*LENGTHS, *MEMORIES, "Rotational Speed", "Size/Weight", "Paper Weight")
PLACED = (
    *MEASURES,
    "Pack Quantity",
    "Manufacturer Stock Number",
    "Part Number",
    "Model Number",
    "Retail UPC",
)
REWRITTEN = re.compile(r"[0-9./-]+(?: (?:Tera|Giga|Mega|Kilo)bytes| Watts)?")
BYTES = (("Terabytes", 1e12), ("Gigabytes", 1e9), ("Megabytes", 1e6), ("Kilobytes", 1e3))
KILOGRAMS_A_POUND = 0.453  # as the set rounds it
SETS = ("zh", "wdc_pave", "oa_mine")
SURE = 0.4  # of a class or a candidate, to be said


@dataclass(frozen=True)
class Row:
    data: str
    way: str
    number: int
    precision: float
    recall: float
    f1: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--run", type=int, help="how many of the folds; all unless given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    run = given.run or given.folds
    root = given.data_root / "attributes"
    names = category_names(ShopifyTaxonomy.load(given.data_root / "taxonomies" / "shopify"))
    english = read_oa_mine(root / "oa_mine" / "train.jsonl")
    offers = [json.loads(line) for line in (root / "wdc_pave_normalized" / "train.jsonl").open(encoding="utf-8")]
    measured = {
        "zh": lambda: chinese(root, names, given.seed),
        "wdc_pave": lambda: wdc(offers, given.folds, run, given.seed),
        "oa_mine": lambda: oa_mine(english, names, given.folds, run, given.seed),
    }
    rows = []
    for name in given.sets:
        for row in measured[name]():
            rows.append(row)
            print(
                f"{row.data:10} {row.way:24} {row.number:6,}  "
                f"precision {row.precision:.4f}  recall {row.recall:.4f}  F1 {row.f1:.4f}",
                flush=True,
            )
    texts = [*(title.text for title in english), *(offer["input_title"] for offer in offers)]
    print(f"spans      {spans([*texts, *(offer['input_description'] for offer in offers)]):.4%} give the value")
    print(f"time       {milliseconds(texts):.2f} ms a title")
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def folds(number: int, parts: int, run: int, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """train, test"""
    order = list(range(number))
    random.Random(seed).shuffle(order)
    for part in range(run):
        test = set(order[part::parts])
        yield [at for at in order if at not in test], sorted(test)


def counted(data: str, way: str, pairs: Sequence[tuple[Values, Values]]) -> Row:
    """pairs: what was said, what is true"""
    right = sum(len(said & true) for said, true in pairs)
    said, true = (sum(map(len, column)) for column in zip(*pairs, strict=True))
    return Row(data, way, true, right / max(said, 1), right / max(true, 1), 2 * right / max(said + true, 1))


# --- titles ---


def oa_mine(titles: Sequence[Title], names: Sequence[str], parts: int, run: int, seed: int) -> Iterator[Row]:
    pairs: dict[str, list[tuple[Values, Values]]] = defaultdict(list)
    for train, test in folds(len(titles), parts, run, seed):
        known = [titles[at] for at in train]
        tagger = fitted(known, names, FieldConfig(seed=seed))
        look_up = dictionary(known)
        labels: dict[str, set[str]] = defaultdict(set)
        for title in known:
            labels[title.kind] |= {name for name, _ in title.values}
        for title in (titles[at] for at in test):
            true = set(title.values)
            found = by_grammar(title.text)
            tagged = tagger.tag(title.text, title.kind, found)
            pairs["dictionary"].append((look_up(title), true))
            pairs["grammar"].append((by_rules(found, labels[title.kind]), true))
            pairs["tagger"].append((words(tagged, title.text), true))
            sure = [one for one in tagged if one.confidence >= 0.9]
            pairs["tagger, confidence 0.9"].append((words(sure, title.text), true))
    yield from (counted("oa_mine", way, found) for way, found in pairs.items())


def words(tagged: Sequence[Tagged], text: str) -> Values:
    return {(one.label, text[one.start : one.end]) for one in tagged}


def by_rules(found: Sequence[FoundAttribute], labels: set[str]) -> Values:
    named = ((next((name for name in IN_OA_MINE.get(one.name, ()) if name in labels), ""), one) for one in found)
    return {(name, one.value) for name, one in named if name}


def dictionary(titles: Sequence[Title]) -> Callable[[Title], Values]:
    values: dict[str, dict[str, str]] = defaultdict(dict)
    for (kind, value), name in Counter(
        ((title.kind, value.lower()), name) for title in titles for name, value in title.values
    ):
        values[kind].setdefault(value, name)
    patterns = {
        kind: re.compile("|".join(edge(value) for value in sorted(own, key=lambda value: (-len(value), value))))
        for kind, own in values.items()
    }

    def look_up(title: Title) -> Values:
        found = patterns[title.kind].finditer(title.text.lower())
        return {(values[title.kind][one[0]], title.text[one.start() : one.end()]) for one in found}

    return look_up


def edge(value: str) -> str:
    return rf"(?<![a-z0-9]){re.escape(value)}(?![a-z0-9])"


def chinese(root: Path, names: Sequence[str], seed: int) -> Iterator[Row]:
    train, dev = (read_tagged(root / "zh_dsner" / f"{part}.txt", CHINESE, "\t") for part in ("train", "dev"))
    other = read_tagged(root / "zh_titles" / "dev.bieos", IN_ZH_TITLES, "\t")
    tagger = fitted(train, names, FieldConfig(seed=seed))
    look_up = dictionary(train)
    for data, titles in (("zh_dsner", dev), ("zh_titles", other)):
        yield counted(data, "dictionary", [(look_up(title), set(title.values)) for title in titles])
        said = [words(tagger.tag(title.text, title.kind, by_grammar(title.text)), title.text) for title in titles]
        if data == "zh_titles":
            said = [{one for one in own if one[0] in IN_ZH_TITLES.values()} for own in said]
        yield counted(data, "tagger", [(own, set(title.values)) for own, title in zip(said, titles, strict=True)])


# --- offers with rewritten values ---


@dataclass(frozen=True)
class Candidate:
    """A value that an attribute of PLACED can have: what the grammar found, as the set writes it."""

    attributes: tuple[str, ...]
    value: str
    context: Mapping[str, float]


def wdc(offers: Sequence[dict[str, Any]], parts: int, run: int, seed: int) -> Iterator[Row]:
    truths = [truth(offer) for offer in offers]
    candidates = [candidates_of(offer) for offer in offers]
    pairs: dict[str, list[tuple[Values, Values]]] = defaultdict(list)
    for train, test in folds(len(offers), parts, run, seed):
        place = placing([candidates[at] for at in train], [truths[at] for at in train])
        classify = classes([offers[at] for at in train])
        look_up = wdc_dictionary([offers[at] for at in train])
        for at in test:
            said = place(candidates[at], set(offers[at]["target_scores"])) | classify(offers[at])
            pairs["dictionary"].append((look_up(offers[at]), truths[at]))
            pairs["grammar and classes"].append((said, truths[at]))
            measures = {one for one in truths[at] if one[0] in MEASURES}
            pairs["measures"].append(({one for one in said if one[0] in MEASURES}, measures))
    yield from (counted("wdc_pave", way, found) for way, found in pairs.items())
    readable = [
        (
            {(name, one.value) for one in own for name in one.attributes} & true,
            {t for t in true if t[0] in MEASURES and REWRITTEN.fullmatch(t[1])},
        )
        for own, true in zip(candidates, truths, strict=True)
    ]
    yield counted("wdc_pave", "measures read at all", [(said & true, true) for said, true in readable])


def truth(offer: Mapping[str, Any]) -> Values:
    return {(name, value) for name, given in offer["target_scores"].items() for value in given if value != "n/a"}


def candidates_of(offer: Mapping[str, Any]) -> list[Candidate]:
    category = offer["category"]
    found = []
    for part, text in enumerate((offer["input_title"], offer["input_description"])):
        read = by_grammar(text)
        for at, one in enumerate(read):
            for side, (attributes, value) in enumerate(values_of(one)):
                before = re.findall(r"[A-Za-z]+|\S", text[max(0, one.start - 30) : one.start].lower())[-2:]
                after = re.findall(r"[A-Za-z]+|\S", text[one.end : one.end + 30].lower())[:2]
                shape = re.sub(r"\d+", "9", re.sub(r"[A-Z]+", "A", one.value))
                words = [
                    f"category {category}",
                    f"part {part}",
                    f"name {one.name} {category}",
                    f"name {one.name} side {side} {category}",
                    f"at {min(at, 5)} part {part} {category}",
                    f"before {before[-1:]}",
                    f"two before {before}",
                    f"after {after[:1]}",
                    f"two after {after}",
                    f"shape {shape[:20]} {category}",
                    f"sure {one.confidence}",
                    f"starts {one.value[:3]}",
                ]
                found.append(Candidate(attributes, value, dict.fromkeys(words, 1.0)))
    return found


def values_of(one: FoundAttribute) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each number of a measure with the attributes that it can be of, as the set writes it."""
    numbers = one.normalised if isinstance(one.normalised, tuple) else (one.normalised,)
    known = [number for number in numbers if number is not None]
    if one.unit == "byte" and len(known) == 2:
        first, second = (rewritten(replace(one, normalised=number))[0][1] for number in known)
        yield MEMORIES, f"{first.split()[0]}/{second}"
    for number in known:
        yield from rewritten(replace(one, normalised=number))


def rewritten(one: FoundAttribute) -> list[tuple[tuple[str, ...], str]]:
    number = one.normalised
    if isinstance(number, str | tuple):
        return code(one.name, str(number))
    if one.unit == "byte":
        unit, size = next(((unit, size) for unit, size in BYTES if number >= size), ("Bytes", 1.0))
        return [(MEMORIES, f"{number / size:g} {unit}")]
    if one.unit == "kilogram":
        pounds = KILOGRAMS_A_POUND / 0.45359237 if "lb" in one.value else 1.0
        return [(("Size/Weight",), f"{number * 1000:.0f}"), (("Paper Weight",), f"{number * pounds:.1f}")]
    if one.name == "rotation_speed":
        return [(("Rotational Speed",), f"{number * 60:.0f}")]
    simple = {
        "metre": (LENGTHS, f"{number * 100:.1f}"),
        "watt": (("Capacity",), f"{number:g} Watts"),
        "count": (("Pack Quantity",), f"{number:.0f}"),
    }
    return [simple[one.unit]] if one.unit in simple else []


def code(name: str, digits: str) -> list[tuple[tuple[str, ...], str]]:
    if name == "gtin":
        return [(("Retail UPC",), str(int(digits[-12:][1:6])))]
    known = ("part_number", "model_number")
    return [(("Manufacturer Stock Number", "Part Number", "Model Number"), digits)] if name in known else []


def placing(
    candidates: Sequence[Sequence[Candidate]], truths: Sequence[Values]
) -> Callable[[Sequence[Candidate], set[str]], Values]:
    contexts, labels = [], []
    for own, true in zip(candidates, truths, strict=True):
        for one in own:
            contexts.append(one.context)
            labels.append(next((name for name in one.attributes if (name, one.value) in true), ""))
    model = make_pipeline(DictVectorizer(), LogisticRegression(C=3, max_iter=300))
    model.fit(contexts, labels)
    names = list(model.classes_)

    def place(own: Sequence[Candidate], asked: set[str]) -> Values:
        if not own:
            return set()
        said: Values = set()
        for one, chances in zip(own, model.predict_proba([one.context for one in own]), strict=True):
            fitting = [(chance, name) for chance, name in zip(chances, names, strict=True) if name in one.attributes]
            chance, name = max(((c, n) for c, n in fitting if n in asked), default=(0.0, ""))
            if chance >= SURE:
                said.add((name, one.value))
        return said

    return place


def classes(offers: Sequence[dict[str, Any]]) -> Callable[[Mapping[str, Any]], Values]:
    """Values that are classes, by a title's and a description's words; within the category."""
    models: dict[tuple[str, str], Any] = {}
    for category in sorted({offer["category"] for offer in offers}):
        own = [offer for offer in offers if offer["category"] == category]
        texts = [text_of(offer) for offer in own]
        for name in sorted({name for offer in own for name in offer["target_scores"]} - set(PLACED)):
            given = [[value for value in offer["target_scores"].get(name, {}) if value != "n/a"] for offer in own]
            for value in sorted({value for values in given for value in values}):
                labels = [value in values for values in given]
                if 1 < sum(labels) < len(labels):
                    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
                    model = make_pipeline(words, LogisticRegression(C=30, max_iter=200))
                    models[category, f"{name}\n{value}"] = model.fit(texts, labels)
                elif all(labels):
                    models[category, f"{name}\n{value}"] = None

    def classify(offer: Mapping[str, Any]) -> Values:
        said: Values = set()
        for (category, label), model in models.items():
            name, value = label.split("\n", 1)
            if category == offer["category"] and (model is None or model.predict_proba([text_of(offer)])[0, 1] >= SURE):
                said.add((name, value))
        return said

    return classify


def text_of(offer: Mapping[str, Any]) -> str:
    return f"{offer['input_title']} {offer['input_description']}"


def wdc_dictionary(offers: Sequence[dict[str, Any]]) -> Callable[[Mapping[str, Any]], Values]:
    values: dict[str, Values] = defaultdict(set)
    for offer in offers:
        values[offer["category"]] |= truth(offer)

    def look_up(offer: Mapping[str, Any]) -> Values:
        text = text_of(offer).lower()
        return {one for one in values[offer["category"]] if re.search(edge(one[1].lower()), text)}

    return look_up


# --- all ---


def spans(texts: Sequence[str]) -> float:
    found = [(text, one) for text in texts for one in find_attributes(text)]
    return sum(text[one.start : one.end] == one.value for text, one in found) / len(found)


def milliseconds(titles: Sequence[str]) -> float:
    find_attributes(titles[0])
    start = time.process_time()
    for title in titles:
        find_attributes(title)
    return 1000 * (time.process_time() - start) / len(titles)


if __name__ == "__main__":
    main()
