"""Shopify's categories mapped to Google's by names alone, with Shopify's own rules as the truth.

    python benchmarks/taxonomy_map.py --data-root DATA [--vectors FILE] [--language LANGUAGE] [--json FILE]

The rules name Google's categories by ids, and the file of Google's beside them has running numbers instead. So which
category an id means is told by the rules themselves: by the one of its Shopify categories that has a path, else a name
below the same root, of Google's. Ids that this leaves open are counted as wrong in the column of all rules. The weights
of the mapping were chosen on the half `dev` (seed 0); the other half is `held`. `finer` are the rules of `held` for
categories without an equal path, which are those that need more than a comparison.

Beside it: an equal path, else the most alike by letters (`fuzzy`); an equal path, else that of the nearest category
above it that has one (`nearest`).

--language: names of Shopify's in another language, such as zh-CN, against Google's English ones. --vectors: where the
embeddings of names by the shipped model are kept, and made if missing; without, letters alone count.
"""

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.categories import map_trees, read_source
from catalog.categories.likeness import Embed, Likeness
from catalog.categories.shopify import google_rules
from catalog.taxonomy.tree import Taxonomy
from catalog.understand import Understander

FIRST = 5
SEED = 0
Answers = Mapping[str, Sequence[str]]  # a category of Shopify's -> Google's, best first


@dataclass(frozen=True)
class Row:
    """first, in_five: shares of the rules whose category of Google's is proposed first, among the first five."""

    way: str
    rules: str
    number: int
    first: float
    in_five: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--language", default="en")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    folder = given.data_root / "taxonomies"
    english, google = read_source("shopify", folder / "shopify", ["en"]), read_source("google", folder / "google")
    rules = google_rules((folder / "shopify" / "from_shopify_to_google.yml").read_text(encoding="utf-8"))
    truth = truth_of(rules, english, google)
    named = read_source("shopify", folder / "shopify", [given.language])
    embed = kept(given.vectors) if given.vectors else None
    ways: dict[str, Answers] = {"nearest": nearest(english, google)} if given.language == "en" else {}
    if given.language == "en":
        ways["fuzzy"] = fuzzy(english, google)
    ways["map"] = {
        one.node.id: [proposal.node.id for proposal in one.proposals] for one in map_trees(named, google, embed, FIRST)
    }
    rows = [row for way, answers in ways.items() for row in measured(way, answers, truth, rules, english, google)]
    print(f"{len(rules):,} rules, of which {len(truth):,} have a category of Google's that is known")
    for row in rows:
        print(f"{row.way:8} {row.rules:6} {row.number:6,}  first {row.first:.4f}  in five {row.in_five:.4f}")
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))


def paths(tree: Taxonomy) -> dict[str, tuple[str, ...]]:
    return {node.id: tree.path(node.id) for node in tree.nodes}


def truth_of(rules: Mapping[str, str], shopify: Taxonomy, google: Taxonomy) -> dict[str, str]:
    """Of each rule's category of Shopify's the node of Google's, as far as its id's meaning is known."""
    own, others = paths(shopify), paths(google)
    by_path = {path: id for id, path in others.items()}
    by_name: dict[tuple[str, str], set[str]] = defaultdict(set)
    for id, path in others.items():
        by_name[path[0], path[-1].casefold()].add(id)
    meant: dict[str, list[str]] = defaultdict(list)
    for category, id in rules.items():
        meant[id].append(category)
    known: dict[str, str] = {}
    for id, categories in meant.items():
        equal = {by_path[own[one]] for one in categories if own[one] in by_path}
        named = {other for one in categories for other in by_name[own[one][0], own[one][-1].casefold()]}
        found = equal or named
        if len(found) == 1:
            known[id] = found.pop()
    return {category: known[id] for category, id in rules.items() if id in known}


def nearest(shopify: Taxonomy, google: Taxonomy) -> Answers:
    by_path = {path: id for id, path in paths(google).items()}
    found = {}
    for id, path in paths(shopify).items():
        known = [by_path[path[:end]] for end in range(len(path), 0, -1) if path[:end] in by_path]
        found[id] = known[:FIRST]
    return found


def fuzzy(shopify: Taxonomy, google: Taxonomy) -> Answers:
    by_path = {path: id for id, path in paths(google).items()}
    likeness = Likeness(shopify.nodes, google.nodes, None)
    found = {}
    for row, (id, path) in enumerate(paths(shopify).items()):
        alike = [google.nodes[at].id for at in np.argsort(-likeness.of(row), kind="stable")[:FIRST]]
        equal = [by_path[path]] if path in by_path else []
        found[id] = list(dict.fromkeys((*equal, *alike)))[:FIRST]
    return found


def measured(
    way: str, answers: Answers, truth: Mapping[str, str], rules: Mapping[str, str], shopify: Taxonomy, google: Taxonomy
) -> Iterator[Row]:
    shuffled = sorted(truth)
    random.Random(SEED).shuffle(shuffled)
    dev, held = shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]
    known, own = set(paths(google).values()), paths(shopify)
    parts = {"dev": dev, "held": held, "finer": [id for id in held if own[id] not in known], "all": list(rules)}
    for name, ids in parts.items():
        first = sum(list(answers[id][:1]) == [truth.get(id)] for id in ids)
        in_five = sum(truth.get(id) in answers[id] for id in ids)
        yield Row(way, name, len(ids), first / len(ids), in_five / len(ids))


def kept(path: Path) -> Embed:
    """The shipped model's embeddings of names, made once for each name and kept in the file."""

    def embed(texts: Sequence[str]) -> Floats:
        vectors: dict[str, Floats] = {}
        if path.exists():
            stored = np.load(path)
            vectors = dict(zip(map(str, stored["texts"]), stored["vectors"], strict=True))
        if missing := sorted(set(texts) - vectors.keys(), key=len):
            vectors.update(zip(missing, Understander.load().embed(missing), strict=True))
            np.savez(path, texts=np.array(list(vectors)), vectors=np.stack(list(vectors.values())))
        return np.stack([vectors[text] for text in texts])

    return embed


if __name__ == "__main__":
    main()
