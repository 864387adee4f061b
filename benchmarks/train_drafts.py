"""What `shelflens train-drafts` makes of a tiny model, and how many sentences of real catalogues it may be taught.

    python -m benchmarks.train_drafts --data-root DATA [--seeds 0 1 2] [--epochs 60]

Sentences: of retail_demo and flipkart, those that say nothing beyond the title, the brand, the merchant's category and
the attributes of their product. Models: a T5 and a GPT-2 of 20,000 to 50,000 weights, untrained, learn texts that are
made up by three patterns of the facts of 240 products; a fifth of the texts is held out. `words`: content words of the
accepted texts, looked up anew among the words of the facts. Beside them the template alone.
"""

import argparse
import contextlib
import io
import re
import tempfile
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from benchmarks.drafts import SETS, products_of, understood
from catalog.drafts import Fact, Verified, channels, draft, verified
from catalog.drafts.style import styled, told, traced
from catalog.drafts.write import BREAK
from catalog.writing import open_writer
from tests.support.tiny_writers import Kind, tiny_writer
from training.drafts.pairs import Pair, split
from training.drafts.tune import Settings, train_drafts

READ = ("retail_demo", "flipkart")
THINGS = ("shirt", "jacket", "bag", "shoe", "scarf", "hat", "belt", "skirt")
COLOURS, MATERIALS = ("red", "blue", "green", "white", "black", "brown"), ("cotton", "leather", "wool", "linen", "silk")
BRANDS = ("Halden", "Norvik", "Acme")
PATTERNS = (
    "This {colour} {thing} by {brand} is made of {material}.",
    "A {thing} in {colour}. {brand} made it of {material}.",
    "{brand} has this {thing} of {material} in {colour}.",
)
JOINING = frozenset(["this", "a", "by", "is", "made", "of", "in", "it", "has", "the"])
KINDS: tuple[Kind, ...] = ("t5", "gpt2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    for name in READ:
        sentences(name, given.data_root / SETS[name])
    for kind, seed in product(KINDS, given.seeds):
        measure(kind, seed, given.epochs)


def sentences(name: str, folder: Path) -> None:
    total, kept, products = 0, 0, 0
    for item, read in understood(list(products_of(folder)), False):
        known = verified(item, read)
        said = BREAK.split(known.description.value) if known.description else []
        found = [one for one in said if traced(one, told(known))]
        total, kept, products = total + len(said), kept + len(found), products + bool(found)
    print(f"{name}: {kept:,} of {total:,} sentences, of {products:,} products, say nothing beyond the facts")


def made_up() -> Iterator[Pair]:
    """Each pattern by the brand, as a shop's writers would each have their own."""
    for number, (thing, colour, material) in enumerate(product(THINGS, COLOURS, MATERIALS)):
        brand = BRANDS[number % len(BRANDS)]
        facts = [Fact(name, name, value, name) for name, value in (("colour", colour), ("material", material))]
        known = Verified(
            (Fact("title", "title", thing, "title"),), Fact("brand", "brand", brand, "brand"), None, (*facts,)
        )
        text = PATTERNS[number % len(PATTERNS)].format(thing=thing, colour=colour, material=material, brand=brand)
        yield Pair(known, text)


def measure(kind: Kind, seed: int, epochs: int) -> None:
    pairs = list(made_up())
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stderr(io.StringIO()):
        folder = Path(name)
        texts = [text for pair in pairs for text in (pair.prompt, pair.text)]
        start = tiny_writer(folder / "start", kind, texts)
        began = time.process_time()
        settings = Settings(epochs=epochs, learning_rate=3e-3, seed=seed)
        report = train_drafts(pairs, folder / "tuned", str(start), settings)
        seconds = time.process_time() - began
        traced_words, words = looked_up(folder / "tuned", pairs, seed)
    print(f"{kind}, seed {seed}: {report.held_out} of {report.pairs} held out, {seconds:.0f} s of processor time")
    print(f"  perplexity {report.perplexity_before:.1f} -> {report.perplexity:.2f}, accepted {report.accepted:.1%}")
    print(f"  overlap {report.overlap:.3f}, of the template {report.template:.3f}; words {traced_words} of {words}")


def looked_up(folder: Path, pairs: list[Pair], seed: int) -> tuple[int, int]:
    """Of the content words in accepted texts of held-out pairs, those that a fact has; and all."""
    writer, found, total = open_writer(folder), 0, 0
    for pair in split(pairs, seed)[1]:
        drafted = draft(pair.known, channels()["google"])
        accepted = styled(drafted, pair.known, writer.write(pair.prompt))
        known = {fact.value.casefold() for fact in told(pair.known)}
        words = re.findall(r"\w+", str(accepted.description).casefold()) if accepted else []
        saying = [word for word in words if word not in JOINING]
        found, total = found + sum(word in known for word in saying), total + len(saying)
    return found, total


if __name__ == "__main__":
    main()
