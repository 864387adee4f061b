"""Seconds from the start of a process to its first answer: the library, the command, and the service on Ray.

    python benchmarks/cold_start.py [--picture FILE] [--model FOLDER] [--rounds 5] [--json FILE]

Each round starts new processes, in turns. The files were read before, so the disk does not count. "PyTorch" is the
library as it is for a model without graphs.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.traffic import DEMO, Address, Client, analyze_ask, free_port

LIBRARY = """
import sys
from pathlib import Path
from catalog import Product, Understander
picture = Path(sys.argv[1]).read_bytes()
model = Understander.load(sys.argv[2] or None)
print(model.understand([Product(title="red shoe", images=(picture,))])[0].category.id)
"""
PYTORCH = LIBRARY.replace(
    "model = Understander.load(sys.argv[2] or None)",
    "from catalog.model.folder import open_model, shipped_model\n"
    "from catalog.model.runtime.pytorch import TorchRuntime\n"
    "opened = open_model(Path(sys.argv[2]) if sys.argv[2] else shipped_model())\n"
    "model = Understander(opened, TorchRuntime.load(opened))",
)
WAIT_SECONDS = 240.0


def main() -> None:
    arguments = parsed()
    image, model = str(arguments.image), str(arguments.model or "")
    chosen = ["--model", model] if model else []
    starts: dict[str, Callable[[], float]] = {
        "library": lambda: finished([sys.executable, "-c", LIBRARY, image, model]),
        "library, PyTorch": lambda: finished([sys.executable, "-c", PYTORCH, image, model]),
        "shelflens understand": lambda: finished([sys.executable, "-m", "shelflens", "understand", image, *chosen]),
        "shelflens serve": lambda: served(arguments.image, chosen),
    }
    taken: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(arguments.rounds):
        for name, start in starts.items():
            taken[name].append(start())
    rows = {name: {"median_s": median(seconds), "slowest_s": max(seconds)} for name, seconds in taken.items()}
    print("| from the start of the process to its first answer, s | median | slowest |\n|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['median_s']:.2f} | {row['slowest_s']:.2f} |")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


def finished(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def served(image: Path, chosen: list[str]) -> float:
    ask = analyze_ask(image.read_bytes())
    address = Address("127.0.0.1", free_port())
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "shelflens",
            "serve",
            "--port",
            str(address.port),
            "--index",
            folder,
            *chosen,
        ]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not asyncio.run(Client(address).ask(ask)).good:
                if time.perf_counter() - started > WAIT_SECONDS or process.poll() is not None:
                    raise SystemExit("The service did not start.")
                time.sleep(0.05)
            return time.perf_counter() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(WAIT_SECONDS)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picture", type=Path, default=DEMO / "beige-chinos.jpg")
    parser.add_argument("--model", type=Path, help="a model folder; without it, the shipped model")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
