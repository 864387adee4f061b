"""Make the tagger that is shipped.

    python -m training.attributes.build --data-root DATA --output assets/attributes/tagger.safetensors

DATA/attributes has oa_mine/train.jsonl and zh_dsner/train.txt; DATA/taxonomies/shopify the Chinese names of categories,
which are known phrases.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from catalog.language.attributes.grammar.read import by_grammar
from catalog.language.attributes.tagging.tagger import Tagger
from training.attributes.field import FieldConfig, fit, phrases_of
from training.attributes.titles import CHINESE, Title, read_oa_mine, read_tagged
from training.attributes.write import write
from training.texts.shopify import ShopifyTaxonomy

CONFIG = FieldConfig()
SHORTEST = 2  # of a Chinese category's name that is a known phrase


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    root = given.data_root
    titles = [
        *read_oa_mine(root / "attributes" / "oa_mine" / "train.jsonl"),
        *read_tagged(root / "attributes" / "zh_dsner" / "train.txt", CHINESE, "\t"),
    ]
    names = category_names(ShopifyTaxonomy.load(root / "taxonomies" / "shopify"))
    write(fitted(titles, names, FieldConfig(seed=given.seed)), given.output)


def fitted(titles: Sequence[Title], names: Sequence[str], config: FieldConfig = CONFIG) -> Tagger:
    """names: of categories, in Chinese."""
    return fit(titles, phrases_of(titles, {"category": names}), by_grammar, config)


def category_names(shopify: ShopifyTaxonomy) -> list[str]:
    """The Chinese names of all categories, those joined by a mark in their parts."""
    parts = {
        part
        for path in shopify.names.get("zh-CN", {}).values()
        for name in path
        for part in re.split(r"[/、（）()和与及]", name)
    }
    return sorted(part for part in parts if len(part) >= SHORTEST)


if __name__ == "__main__":
    main()
