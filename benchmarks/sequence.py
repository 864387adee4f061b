"""What a trained sequence model adds to recommendations, on the questions that they are measured by.

    python -m benchmarks.sequence --data-root DIR [--only baskets sequences speed] [--vectors FILE] [--seed 0]
        [--limit 2000] [--products 20000] [--json FILE]

baskets: of completejourney, as in `benchmarks.recommendations`: the baskets of the last weeks, by the words' vectors of
the shipped model. sequences: of amazon_beauty, ids alone: the last product of each sequence. There are no product
vectors: they are made of the pairs of every other shopper's sequence (truncated SVD of positive pointwise mutual
information), and the model is trained on the sequences of the others, since it would learn its own sequences back from
vectors that were made of them. Both vectors and model are of everything but the last two products.

speed: recommendations over an index of made-up products, without a model and with one.

"alike" compares with the same vectors without a model: it is the source `alike`, which ids alone do not have.
How these vectors are made was chosen on the last product but one of amazon_beauty. That the share is chosen by NDCG@10
and not by EM is what the last products said of EM: they measure EM, and are no test of what took its place.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from benchmarks.recommendations import (
    AT,
    DAY,
    Stock,
    baskets,
    event_log,
    fill,
    grocer,
    mean_recall,
    timed,
    word_vectors,
)
from catalog.behaviour.events import Event
from catalog.behaviour.log import EventLog
from catalog.behaviour.mixture import Mixture, fit
from catalog.behaviour.recommend import ReadOnce, Wanted, chosen, weights_for
from catalog.behaviour.sequence import LEARNT, SequenceModel, Shape, Taken
from catalog.behaviour.shop import Behaviour
from catalog.behaviour.sources import Sources, situation
from catalog.index.product_index import open_index
from training.sequence.compare import Judge, Quality, Verdict
from training.sequence.histories import QUESTIONS, Question, known_products, questions_between, sequences_of
from training.sequence.learn import SequenceRun, Settings, learn
from training.sequence.network import SequenceNetwork

T = TypeVar("T")
PARTS = ("baskets", "sequences", "speed")
WINDOW, VECTOR = 5, 128  # products between two of a pair; length of a vector that is made of pairs
CHOSEN = 0.9  # share of the training events, by time, before the questions that say how much the model counts


def trained(
    histories: Sequence[Sequence[Event]],
    choose: Sequence[Question],
    earlier: Sequence[Event],
    stock: Stock,
    settings: Settings,
) -> tuple[SequenceModel, dict[str, Any]]:
    """histories: to train on; choose: later questions; earlier: the events from before them, which are counted."""
    known = known_products(histories, stock.vectors(stock.ids))
    run = SequenceRun(settings, known, sequences_of(histories, known), choose)
    learn(run, lambda state: None)
    model = SequenceModel(Shape(known.vectors_NE.shape[1]), run.weights(), Taken("", 0.0, 0.0))
    with event_log(earlier) as log:
        taken = Judge(log, stock, fit(log, stock)).shares(model, choose)
    about = {"epochs": run.step // run.steps_an_epoch, "first": round(taken.first, 3), "during": round(taken.during, 3)}
    return replace(model, taken=taken), about


def by_shopper(events: Sequence[Event]) -> list[list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        found[event.shopper].append(event)
    return list(found.values())


def next_baskets(
    folder: Path, stock: Stock, weeks: tuple[int, int], settings: Settings, limit: int | None
) -> dict[str, Any]:
    since, until = weeks
    events, _ = grocer(folder)
    train = [event for week, event in events if week <= since]
    cut = train[int(CHOSEN * len(train))].time
    early = [event for event in train if event.time < cut]
    choose = questions_between(by_shopper(train), cut, float("inf"), settings.seed)
    model, about = trained(by_shopper(early), choose, early, stock, settings)
    asked = sampled(list(baskets(events, since, until)), limit)
    questions = [
        Question(f"{number}", situation(history, moment), target)
        for number, (history, moment, sought) in enumerate(asked)
        for target in sorted(sought)
    ]
    with event_log(train) as log:
        mixture, sources = fit(log, stock), Sources(log, stock, sequence=model)
        beside = mixture.with_sequence(model.taken)
        found: dict[str, list[Sequence[str]]] = {"recommendations": [], "with the sequence": []}
        for history, moment, _ in asked:
            now = situation(history, moment)
            given = sources.read(now)
            for name, weights in (("with the sequence", beside), ("recommendations", mixture)):
                best = chosen(given, weights_for(now, weights), now, Wanted(limit=AT), ReadOnce(stock))
                found[name].append([one.stored.id for one in best])
                given.pop("sequence", None)
        verdict = Judge(log, stock, mixture).verdict(model, questions)
    wanted = [sought for *_, sought in asked]
    recall = {name: mean_recall(some, wanted) for name, some in found.items()}
    return about | {"baskets": len(asked), f"recall@{AT}": recall, "each product of a basket": said(verdict)}


def last_of_sequences(path: Path, settings: Settings, limit: int | None) -> dict[str, Any]:
    rows = [line.split() for line in path.read_text().splitlines()]
    histories = [
        [Event(who, "view", id, 1e9 + at * DAY, "", f"{who}-{at}") for at, id in enumerate(ids)] for who, *ids in rows
    ]
    early = [events[:-2] for events in histories]
    stock = pair_vectors(early[::2])
    choose = random.Random(settings.seed).sample([asked(events, -2) for events in histories], QUESTIONS)
    model, about = trained(early[1::2], choose, [event for events in early for event in events], stock, settings)
    questions = sampled([asked(events, -1) for events in histories], limit)
    with event_log(event for events in histories for event in events[:-1]) as log:
        ids_alone = Stock([], np.zeros((0, 1), np.float32))
        nothing = replace(model, taken=Taken("", 0.0, 0.0))
        without = Judge(log, ids_alone, fit(log, ids_alone)).verdict(nothing, questions)
        verdict = Judge(log, stock, fit(log, stock)).verdict(model, questions)
        alone = Judge(log, stock, Mixture()).verdict(replace(model, taken=Taken("", 1.0, 1.0)), questions)
    qualities = {
        "recommendations, ids alone": without.without,
        "with the vectors as `alike`": verdict.without,
        "with the sequence": verdict.with_it,
        "the sequence alone": alone.with_it,
    }
    table = {name: rounded(quality) for name, quality in qualities.items()}
    return about | {"sequences": len(questions), "found": table, "verdict": said(verdict)}


def sampled(questions: list[T], limit: int | None) -> list[T]:
    return questions if limit is None else random.Random(0).sample(questions, min(limit, len(questions)))


def asked(events: Sequence[Event], place: int) -> Question:
    target, before = events[place], events[:place]
    return Question(target.shopper, situation(before, target.time), target.product)


def said(verdict: Verdict) -> dict[str, Any]:
    figures = {name: round(value, 4) for name, value in (("gain", verdict.gain), ("error", verdict.error))}
    sides = {"without": rounded(verdict.without), "with": rounded(verdict.with_it)}
    return {"questions": verdict.questions, **sides, **figures, "taken": verdict.is_better}


def rounded(quality: Quality) -> dict[str, float]:
    return {"hit rate@10": round(quality.hit_rate, 4), "NDCG@10": round(quality.ndcg, 4)}


def pair_vectors(histories: Sequence[Sequence[Event]]) -> Stock:
    """Of the products that occur beside others: the nearer two are, the more their pair counts."""
    ids = sorted({event.product for events in histories for event in events})
    rows, counts = {id: row for row, id in enumerate(ids)}, Counter[tuple[int, int]]()
    for events in histories:
        some = [rows[event.product] for event in events]
        for at, one in enumerate(some):
            for distance in range(1, min(at, WINDOW) + 1):
                if one != (other := some[at - distance]):
                    counts[one, other] += 1 / distance  # type: ignore[assignment]
                    counts[other, one] += 1 / distance  # type: ignore[assignment]
    firsts, seconds = (list(side) for side in zip(*counts, strict=True))
    weight_P = np.array(list(counts.values()))
    total_N = np.bincount(firsts, weight_P, len(ids))
    information_P = np.log(weight_P * weight_P.sum() / (total_N[firsts] * total_N[seconds]))
    table_NN = csr_matrix((np.maximum(information_P, 0), (firsts, seconds)), shape=(len(ids), len(ids)))
    left_NK, spread_K, _ = svds(table_NN, k=min(VECTOR, len(ids) - 1), v0=np.ones(len(ids)))
    vectors_NK = (left_NK * np.sqrt(spread_K)).astype(np.float32)
    length_N = np.linalg.norm(vectors_NK, axis=1)
    there = np.flatnonzero(length_N > 0)
    return Stock([ids[row] for row in there], vectors_NK[there] / length_N[there, None])


def speed(products: int) -> dict[str, Any]:
    """Milliseconds of processor time of recommendations, by turns without a model and with one of random weights."""
    shape, draw, dice = Shape(256), np.random.default_rng(0), random.Random(0)
    weights = {
        name: draw.normal(scale=0.1, size=weight.shape).astype(np.float32)
        for name, weight in SequenceNetwork(shape).state_dict().items()
    }
    with tempfile.TemporaryDirectory() as folder, open_index(f"{folder}/index", shape.embedding) as index:
        fill(index, products)
        place, now = Path(folder) / "behaviour.sqlite", time.time()
        ids = [id for some in index.ids() for id in some]
        shoppers = [f"s{number}" for number in range(500)]
        with closing(EventLog(place)) as log:
            for who in shoppers:
                log.add(Event(who, "view", dice.choice(ids), now - 30 * DAY * dice.random()) for _ in range(20))
            with closing(Behaviour(place, index)) as without, closing(Behaviour(place, index)) as with_it:
                without.learn()
                taken = Taken(index.model.vectors if index.model else "", 0.3, 0.3)
                log.keep_learnt(LEARNT, "made up", SequenceModel(shape, weights, taken).to_bytes())
                with_it.learn()
                times: dict[str, list[float]] = {"without": [], "with": []}
                for who in shoppers:
                    for name, shop in (("without", without), ("with", with_it)):
                        times[name].append(timed(partial(shop.recommend, who, Wanted(), now))[1])
    medians = {name: round(float(np.median(some)), 2) for name, some in times.items()}
    return {"products": products, "processor p50, ms": medians}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--vectors", type=Path, default=None)
    parser.add_argument("--train-until", type=int, default=46, help="The last week that is learnt from.")
    parser.add_argument("--test-until", type=int, default=53)
    parser.add_argument("--limit", type=int, default=None, help="Baskets and sequences that are asked; default: all.")
    parser.add_argument("--products", type=int, default=20_000, help="Of speed.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    data, settings = arguments.data_root / "behaviour", Settings(seed=arguments.seed)
    figures: dict[str, Any] = {}
    if "baskets" in arguments.only:
        grocery = data / "completejourney"
        stock = word_vectors(grocer(grocery)[1], arguments.vectors)
        weeks = (arguments.train_until, arguments.test_until)
        figures["baskets"] = next_baskets(grocery, stock, weeks, settings, arguments.limit)
    if "sequences" in arguments.only:
        path = data / "amazon_beauty" / "sequences.txt"
        figures["sequences"] = last_of_sequences(path, settings, arguments.limit)
    if "speed" in arguments.only:
        figures["speed"] = speed(arguments.products)
    text = json.dumps(figures, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
