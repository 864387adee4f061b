"""Fit the tagger: AdaGrad on the conditional likelihood, one title at a time."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Floats
from catalog.language.attributes.found import FoundAttribute
from catalog.language.attributes.tagging.tagger import NEVER, OUTSIDE, Tagger, expected_steps, marginals
from catalog.language.attributes.tagging.tokens import LONGEST_PHRASE, Phrases, features_of, tokens_of
from training.attributes.titles import Title, tags_of

Grammar = Callable[[str], Sequence[FoundAttribute]]


@dataclass(frozen=True)
class FieldConfig:
    """rate: of AdaGrad, falling to zero. l2: pull of the weights to zero. rarest: features seen less often are left
    out.
    """

    epochs: int = 8
    rate: float = 0.2
    l2: float = 1e-4
    rarest: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """rows: of the title's features; having_RT: how often each token has each; tags: places among those of the kind."""

    rows: np.ndarray
    having_RT: Floats
    tags: np.ndarray
    kind: str


def phrases_of(titles: Sequence[Title], more: Mapping[str, Sequence[str]] | None = None) -> Phrases:
    """The values of the titles by their first word; more: label -> phrases besides."""
    entries = {(_words(value), name) for title in titles for name, value in title.values}
    entries |= {(_words(phrase), name) for name, given in (more or {}).items() for phrase in given}
    found: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
    for phrase, name in sorted(entries, key=lambda entry: (-len(entry[0]), entry)):
        if 0 < len(phrase) <= LONGEST_PHRASE:
            found[phrase[0]].append((phrase, name))
    return dict(found)


def fit(titles: Sequence[Title], phrases: Phrases, grammar: Grammar, config: FieldConfig) -> Tagger:
    """A title's own values count as known phrases only where another title has them too."""
    times = Counter((_words(value), name) for title in titles for name, value in title.values)
    lone = {entry for entry, number in times.items() if number == 1}
    prepared = []
    for title in titles:
        tokens = tokens_of(title.text)
        own = frozenset((_words(value), name) for name, value in title.values) & lone
        features = features_of(tokens, title.kind, phrases, grammar(title.text), own)
        if tokens:
            prepared.append((title.kind, tags_of(title, tokens), features))
    counts = Counter(one for _, _, features in prepared for token in features for one in token)
    rows = {one: row for row, one in enumerate(one for one, number in counts.items() if number >= config.rarest)}
    tags, kinds = _tags(prepared)
    tagger = Tagger(tags, kinds, rows, _zeros(len(rows), len(tags)), *_steps(tags), phrases)
    examples = [_example(tagger, *one) for one in prepared]
    _learn(tagger, examples, config)
    return tagger


def _tags(prepared: Sequence[tuple[str, list[str], list[list[str]]]]) -> tuple[tuple[str, ...], dict[str, list[int]]]:
    labels: dict[str, set[str]] = defaultdict(set)
    for kind, tags, _ in prepared:
        labels[kind] |= {tag[2:] for tag in tags if tag != OUTSIDE}
    known = {kind: [OUTSIDE, *(f"{way}-{one}" for one in sorted(own) for way in "BI")] for kind, own in labels.items()}
    all_tags = tuple(sorted({tag for own in known.values() for tag in own}))
    places = {tag: place for place, tag in enumerate(all_tags)}
    return all_tags, {kind: sorted(places[tag] for tag in own) for kind, own in known.items()}


def _steps(tags: Sequence[str]) -> tuple[Floats, Floats]:
    """I-x follows B-x and I-x only."""
    steps = _zeros(len(tags), len(tags))
    for column, tag in enumerate(tags):
        if tag.startswith("I-"):
            steps[[before[2:] != tag[2:] or before == OUTSIDE for before in tags], column] = NEVER
    start = np.array([NEVER if tag.startswith("I-") else 0.0 for tag in tags], np.float32)
    return steps, start


def _example(tagger: Tagger, kind: str, tags: Sequence[str], features: Sequence[Sequence[str]]) -> Example:
    pairs = [(tagger.rows[one], at) for at, token in enumerate(features) for one in token if one in tagger.rows]
    places = {tagger.tags[place]: at for at, place in enumerate(tagger.kinds[kind])}
    rows, inverse = np.unique([row for row, _ in pairs], return_inverse=True)
    having = _zeros(len(rows), len(tags))
    np.add.at(having, (inverse, np.array([at for _, at in pairs])), 1)
    return Example(rows, having, np.array([places[tag] for tag in tags]), kind)


def _learn(tagger: Tagger, examples: list[Example], config: FieldConfig) -> None:
    weights, steps = tagger.weights_FL, tagger.steps_LL
    squares, step_squares = np.full_like(weights, 1e-2), np.full_like(steps, 1e-2)
    shuffled = random.Random(config.seed)
    for epoch in range(config.epochs):
        shuffled.shuffle(examples)
        rate = config.rate * (1 - epoch / config.epochs)
        for one in examples:
            places = np.array(tagger.kinds[one.kind])
            among, cells = np.ix_(places, places), (one.rows[:, None], places[None])
            known = weights[cells]
            scores = one.having_RT.T @ known
            scores[0] += tagger.start_L[places]
            tokens, *ways = marginals(scores, steps[among])
            pairs = expected_steps(steps[among], *ways)
            tokens[np.arange(len(one.tags)), one.tags] -= 1
            np.subtract.at(pairs, (one.tags[:-1], one.tags[1:]), 1)
            slope = one.having_RT @ tokens + config.l2 * known
            total = squares[cells] + slope**2
            squares[cells] = total
            weights[cells] = known - rate * slope / np.sqrt(total)
            step_squares[among] += pairs**2
            steps[among] -= rate * pairs / np.sqrt(step_squares[among])


def _words(text: str) -> tuple[str, ...]:
    return tuple(token.text.lower() for token in tokens_of(text))


def _zeros(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)
