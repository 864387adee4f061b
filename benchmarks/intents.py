"""Intents of messages: the shipped examples, each left out in turn, and messages that were written apart from them.

    python -m benchmarks.intents [--model nano]

Beside it the simplest alternatives: the nearest example by the same vectors, and by character n-grams.
"""

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from catalog.arrays import Floats
from catalog.language.intents import UNKNOWN, Example, Prototypes, shipped_examples
from catalog.language.texts.ngrams import grams, inverse_frequencies
from catalog.understand import Understander
from training.classifiers.linear import matrix

MESSAGES = Path(__file__).with_name("intents.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="default: the shipped model")
    reader = Understander.load(parser.parse_args().model)
    examples = shipped_examples()
    table = tomllib.loads(MESSAGES.read_text(encoding="utf-8"))
    messages = [Example(intent, text) for intent, texts in table.items() for text in texts]
    vector_NE, vector_ME = (reader.embed([one.text for one in some]) for some in (examples, messages))
    known = Prototypes(examples, vector_NE)
    intents_N = np.array([known.names[one] != UNKNOWN for one in known.intent_N])
    best_N = intents_N & (known.unseen_NC.max(1) >= known.min_score)
    right_N = known.unseen_NC.argmax(1) == known.intent_N
    share, right = best_N.sum() / intents_N.sum(), right_N[best_N].mean()
    print(f"{intents_N.sum()} examples, each left out: {right_N[intents_N].mean():.3f} right, {known.share=}")
    print(f"  told from {known.min_score:.3f} on: {share:.3f} of them, {right:.3f} right")
    found = known.classify([one.text for one in messages], vector_ME)
    for name, some in (("all", messages), *((intent, messages) for intent in known.names if intent != UNKNOWN)):
        tell(
            name,
            [(one.name, given.intent) for one, given in zip(found, some, strict=True) if name in ("all", given.intent)],
        )
    for language in (True, False):
        pairs = [
            (one.name, given.intent)
            for one, given in zip(found, messages, strict=True)
            if given.text.isascii() is language
        ]
        tell("English" if language else "Chinese", pairs)
    alternatives(examples, messages, vector_NE, vector_ME)


def tell(name: str, pairs: Sequence[tuple[str, str]]) -> None:
    """pairs: what was told, and what is right."""
    of_intents = [(told, right) for told, right in pairs if right != UNKNOWN]
    others = [told for told, right in pairs if right == UNKNOWN]
    answered = [(told, right) for told, right in of_intents if told != UNKNOWN]
    share = len(answered) / max(1, len(of_intents))
    precision = np.mean([told == right for told, right in answered]) if answered else float("nan")
    line = f"  {name}: told of {share:.2f} of {len(of_intents)} messages with an intent, {precision:.3f} of these right"
    if others:
        line += f"; {others.count(UNKNOWN)} of {len(others)} others are unknown"
    print(line)


def alternatives(
    examples: Sequence[Example], messages: Sequence[Example], vector_NE: Floats, vector_ME: Floats
) -> None:
    """The nearest example of all, without a threshold, of messages that have an intent."""
    counted = [grams(one.text) for one in examples]
    idf_B = inverse_frequencies(counted)
    gram_NB, gram_MB = matrix(counted, idf_B), matrix([grams(one.text) for one in messages], idf_B)
    ridge = Prototypes(examples, vector_NE)
    ridge.min_score = 0.0
    told = {
        "ridge regression, as shipped, always told": [
            one.name for one in ridge.classify([one.text for one in messages], vector_ME)
        ],
        "nearest example by vectors": [examples[n].intent for n in (vector_ME @ vector_NE.T).argmax(1)],
        "nearest example by n-grams": [examples[n].intent for n in (gram_MB @ gram_NB.T).toarray().argmax(1)],
    }
    for name, names in told.items():
        pairs = [(one, given.intent) for one, given in zip(names, messages, strict=True) if given.intent != UNKNOWN]
        print(f"  {name}: {np.mean([one == right for one, right in pairs]):.3f} right")


if __name__ == "__main__":
    main()
