"""Texts of every department, each in English with its translations and with queries that should find it.

Names of Shopify's categories and of their attributes' values, titles put together from both, Google's category paths,
and titles of the training sets. An English text is what the teachers read; the others mean the same, or ask for it.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from catalog.errors import FileNotReadable
from catalog.taxonomy.tree import SEPARATOR, Node, Taxonomy
from training.config import CorpusConfig
from training.data.titles import BRANDS
from training.texts.shopify import ShopifyTaxonomy

READ = ("zh-CN", "zh-TW", "de", "fr", "es")  # besides English: languages whose script the text encoder's vocabulary has
SHARES = {"names": 0.2, "paths": 0.1, "values": 0.07, "synthetic": 0.43, "titles": 0.2}  # of the texts of a step
# What a title may say after its product, in English and Chinese.
ENDINGS = (
    ("size M", "M码"),
    ("set of 2", "两件装"),
    ("pack of 6", "6件装"),
    ("500 g", "500克"),
    ("1 L", "1升"),
    ("10 x 20 cm", "10x20厘米"),
    ("for every day", "日常款"),
    ("for home and office", "家用办公"),
    ("new season", "当季新款"),
    ("2024 collection", "2024新款"),
    ("free delivery", "包邮"),
    ("gift", "送礼"),
    ("large", "大号"),
    ("small", "小号"),
    ("lightweight", "轻便"),
    ("professional", "专业级"),
)
# What a title rather says of a product; other attributes are drawn less often.
COMMON = ("Color", "Pattern", "Target gender", "Age group")


@dataclass(frozen=True)
class Text:
    """kind: names, paths, values, synthetic or titles. same: translations. queries: shorter, in any language. node: the
    id of the category that it names or whose product it is of, if the tree has it.
    """

    kind: str
    english: str
    same: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    node: str = ""


def read_corpus(config: CorpusConfig, data: Path, tree: Taxonomy) -> list[Text]:
    """The same texts in every run. data: the data root. Raises FileNotReadable."""
    draw = random.Random(0)
    shopify = ShopifyTaxonomy.load(data / config.shopify)
    try:
        titles = titles_of([data / manifest for manifest in config.titles])
        texts = [
            *category_texts(shopify),
            *value_texts(shopify),
            *google_paths(data / config.google),
            *tree_texts(tree),
        ]
        texts += real_titles(list(titles), draw)
    except (OSError, UnicodeDecodeError, ValueError):
        raise FileNotReadable("A file of [corpus] cannot be read.") from None
    texts += [synthetic_text(shopify, draw) for _ in range(config.synthetic)]
    texts += [tree_title(tree, draw) for _ in range(config.synthetic // 4)]
    known = {node.id for node in tree.nodes}
    return [text if text.node in known else replace(text, node="") for text in texts[:: config.every]]


def rows_by_kind(texts: Sequence[Text]) -> dict[str, list[int]]:
    return {kind: [n for n, text in enumerate(texts) if text.kind == kind] for kind in SHARES}


def drawn_rows(of_kind: dict[str, list[int]], size: int, draw: random.Random) -> list[int]:
    """At most `size` different rows, of each kind its share."""
    kinds = [kind for kind in SHARES if of_kind[kind]]
    drawn = draw.choices(kinds, [SHARES[kind] for kind in kinds], k=size)
    return list(dict.fromkeys(draw.choice(of_kind[kind]) for kind in drawn))


def category_texts(shopify: ShopifyTaxonomy) -> Iterator[Text]:
    for id, path in shopify.names["en"].items():
        others = [shopify.names[language][id] for language in READ if id in shopify.names.get(language, ())]
        yield Text("names", path[-1], tuple(other[-1] for other in others), (), id)
        yield Text("paths", SEPARATOR.join(path), tuple(SEPARATOR.join(other) for other in others), (path[-1],), id)


def value_texts(shopify: ShopifyTaxonomy) -> Iterator[Text]:
    for id, name in shopify.values["en"].items():
        others = [shopify.values[language][id] for language in READ if id in shopify.values.get(language, ())]
        if re.search(r"[^\W\d]{3}", name):
            yield Text("values", name, tuple(others))


def google_paths(path: Path) -> Iterator[Text]:
    """From `ID | [range] | A > B > C`, one a line."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.count("|") == 2 and not line.startswith("#"):
            yield Text("paths", line.rsplit("|", 1)[1].strip())


def tree_texts(tree: Taxonomy) -> Iterator[Text]:
    for node in tree.nodes:
        chinese = [name for name in (node.label_zh, *node.synonyms) if not name.isascii() and SEPARATOR not in name]
        for name in (node.label, *node.synonyms):
            if name.isascii() and SEPARATOR not in name:
                yield Text("names", name, tuple(chinese), (), node.id)


def real_titles(titles: Sequence[str], draw: random.Random) -> Iterator[Text]:
    for title in dict.fromkeys(titles):
        yield Text("titles", title, (), (some_words(title, draw), some_words(title, draw)))


def some_words(title: str, draw: random.Random) -> str:
    """Two to four words of a title, in their order, as a shopper types them; the last words more often."""
    words = re.findall(r"[^\W_]+(?:[-'][^\W_]+)*", title.lower())[:16]
    count = min(len(words), draw.randint(2, 4))
    weights = {number: draw.random() ** (1 / (1 + number)) for number in range(len(words))}
    kept = sorted(sorted(weights, key=lambda number: weights[number])[-count:])
    return " ".join(words[number] for number in kept)


def synthetic_text(shopify: ShopifyTaxonomy, draw: random.Random) -> Text:
    """A title of a product of any category, in English, Chinese and at random another language."""
    id = draw.choice(list(shopify.names["en"]))
    named = list(shopify.attributes.get(id, ()))
    drawn = [name for name in named if draw.random() < (0.35 if name in COMMON else 1.2 / (len(named) + 1))][:3]
    values = [draw.choice(shopify.values_of[name]) for name in drawn if name in shopify.values_of]
    brand, ending = (
        draw.choice(BRANDS) if draw.random() < 0.6 else "",
        draw.choice(ENDINGS) if draw.random() < 0.5 else ("", ""),
    )
    order = draw.random()

    def told(language: str, ending: str) -> list[str]:
        said = [shopify.values[language][value] for value in values]
        return [brand, *said, shopify.names[language][id][-1], ending]

    english, chinese = told("en", ending[0]), told("zh-CN", ending[1])
    if order < 0.3:
        english = [brand, english[-2], *english[1:-2], ending[0]]
    same = ["".join(chinese) if draw.random() < 0.6 else joined(chinese)]
    if draw.random() < 0.3:
        same.append(joined(told(draw.choice(("de", "fr")), "")))
    # A query leaves out the brand and the ending, and a value at random.
    asked = [*(value for value in values if draw.random() < 0.6)]
    queries = [
        joined([*(shopify.values["en"][value] for value in asked), shopify.names["en"][id][-1]]).lower(),
        "".join([*(shopify.values["zh-CN"][value] for value in asked), shopify.names["zh-CN"][id][-1]]),
    ]
    if draw.random() < 0.3:
        queries.append(some_words(joined(english), draw))
    return Text("synthetic", joined(english), tuple(same), tuple(queries), id)


# fmt: off
COLORS = (
    ("black", "黑色"), ("white", "白色"), ("blue", "蓝色"), ("navy blue", "藏青色"), ("red", "红色"), ("green", "绿色"),
    ("grey", "灰色"), ("brown", "棕色"), ("pink", "粉色"), ("purple", "紫色"), ("yellow", "黄色"), ("beige", "米色"),
)
PEOPLE = (("men", "男士"), ("women", "女士"), ("boys", "男童"), ("girls", "女童"), ("unisex", "男女通用"))
# fmt: on


def tree_title(tree: Taxonomy, draw: random.Random, node: Node | None = None) -> Text:
    """A title of a product of the shipped tree, of this category or of any, by any of its names."""
    node = node or draw.choice(tree.nodes)
    names = [name for name in (node.label, *node.synonyms) if SEPARATOR not in name]
    english = draw.choice([name for name in names if name.isascii()] or names)
    chinese = draw.choice([node.label_zh, *(name for name in names if not name.isascii())])
    color = draw.choice(COLORS) if draw.random() < 0.6 else ("", "")
    people = draw.choice(PEOPLE) if draw.random() < 0.4 else ("", "")
    ending = draw.choice(ENDINGS) if draw.random() < 0.5 else ("", "")
    brand = draw.choice(BRANDS) if draw.random() < 0.6 else ""
    parts = [brand, people[0], color[0], english, ending[0]]
    other = [brand, color[1], people[1], chinese, ending[1]]
    queries = [joined([color[0], english]), "".join([color[1], chinese])]
    return Text("synthetic", joined(parts), ("".join(other),), tuple(queries), node.id)


def joined(parts: Sequence[str]) -> str:
    return " ".join(part for part in parts if part)


def titles_of(manifests: Sequence[Path]) -> Iterator[str]:
    """Titles of the products to train on, of manifests and of files with {"input": title} a line."""
    for manifest in manifests:
        for line in manifest.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            title = row.get("title") or row.get("input") or ""
            if title and row.get("split", "train") == "train":
                yield title.strip()
