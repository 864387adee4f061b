"""Where the processor's time of one search by words goes, without HTTP and Ray; and how much it was before.

    python benchmarks/search_stages.py --index FOLDER [--before CHECKOUT] [--queries 100] [--rounds 3]

The index is the one of `benchmarks/load.py --only search`; or any other, with `--texts FILE` of one query a line. Times
are the processor's, of all threads, in milliseconds, the median over the queries: a machine that does other work tells
them too. `--before` names a checkout of another version, which takes turns with this one.
"""

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

STAGES = (
    "plan",
    "text encoder",
    "query",
    "index, a new text",
    "index, the text again",
    "index, a new text with reasons",
    "index, the text again with reasons",
    "between processes",
    "JSON",
)
WORDS = ("red shoe", "running shoe for women", "light everyday shoe", "navy blue sneaker", "pink breathable shoe")
Result = TypeVar("Result")
Times = dict[str, list[float]]


def measure(folder: Path, texts: Sequence[str]) -> Times:
    from catalog.index.product_index import open_index
    from catalog.search import Example, Knowledge, Search, SearchPlan
    from catalog.understand import Understander
    from serving.api.schemas.search import to_response

    model = Understander.load(cache_megabytes=0)
    knowledge = Knowledge(model.taxonomy, model.config.text.scripts, model.calibration.floor)
    times: Times = {stage: [] for stage in STAGES}

    def timed(stage: str, work: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = work()
        times[stage].append(1000 * (time.process_time() - began))
        return result

    with open_index(folder) as index:
        for text in texts:
            for kind in ("", " with reasons"):
                search = Search((Example(text),), reasons=bool(kind))
                plan = timed("plan", lambda search=search: SearchPlan(search, knowledge))  # type: ignore[misc]
                read = timed("text encoder", lambda plan=plan: model.understand(plan.products, 5, evidence=False))  # type: ignore[misc]
                query = timed("query", lambda plan=plan, read=read: plan.query(read, []))  # type: ignore[misc]
                for stage in ("index, a new text", "index, the text again"):
                    found = timed(stage + kind, lambda query=query: index.find(query))  # type: ignore[misc]
                timed("between processes", lambda query=query, found=found: passed((query, found)))  # type: ignore[misc]
                timed("JSON", lambda found=found: to_response(found, {}, "", ()).model_dump_json())  # type: ignore[misc]
    return times


def passed(sent: object) -> object:
    return pickle.loads(pickle.dumps(sent, pickle.HIGHEST_PROTOCOL))


def in_process(checkout: Path, arguments: argparse.Namespace, number: int) -> Times:
    """By a process of its own, with the code of a checkout."""
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    command = [sys.executable, __file__, "--index", str(arguments.index.resolve()), "--only", str(number)]
    command += ["--queries", str(arguments.queries)]
    command += ["--texts", str(arguments.texts.resolve())] if arguments.texts else []
    done = subprocess.run(command, env=environment, cwd=checkout, stdout=subprocess.PIPE, check=True)
    read: Times = json.loads(done.stdout)
    return read


def texts_of(arguments: argparse.Namespace, number: int) -> list[str]:
    """Those of a round: other rounds have others."""
    first = number * arguments.queries
    if arguments.texts:
        lines = arguments.texts.read_text(encoding="utf-8").splitlines()
        return [lines[n % len(lines)] for n in range(first, first + arguments.queries)]
    return [f"{WORDS[n % len(WORDS)]} {n}" for n in range(first, first + arguments.queries)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, required=True, help="the folder of an index")
    parser.add_argument("--before", type=Path, help="a checkout of another version")
    parser.add_argument("--texts", type=Path, help="a file of queries")
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only is not None:
        print(json.dumps(measure(arguments.index, texts_of(arguments, arguments.only))))
        return
    checkouts = [*([arguments.before] if arguments.before else []), Path(__file__).parents[1]]
    rounds = [[in_process(checkout, arguments, number) for checkout in checkouts] for number in range(arguments.rounds)]
    heads = ["before", "now"] if arguments.before else ["now"]
    print(f"| processor ms a search, p50 | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    for stage in STAGES:
        medians = [
            statistics.median(statistics.median(one[stage]) for one in turns) for turns in zip(*rounds, strict=True)
        ]
        print(f"| {stage} | {' | '.join(f'{median:.2f}' for median in medians)} |")


if __name__ == "__main__":
    main()
