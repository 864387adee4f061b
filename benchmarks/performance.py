"""Every benchmark of speed, one after the other, and one page of what they found, with plots.

    python benchmarks/performance.py --output runs/performance [--data DATA] [--int8 FOLDER] [--infinity PROGRAM]
                                     [--only NAME ...] [--page docs/performance.md]

Each is a script of its own in this folder, run in a process of its own; what it prints becomes a part of the page, its
JSON stays in the output folder. What is there already is not run again, so an interrupted run goes on; `--only` runs
those named again. Without `--data` the images are the demo's, and ingest is left out; without `--int8` and
`--infinity` (see benchmarks/peers.py) what needs them is, too. Takes half an hour, and an idle machine. A million
products in the index are another twenty minutes: `--products 1000 10000 100000 1000000`.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.plots import draw

COMMAND = "python benchmarks/performance.py --output runs/performance --data DATA --int8 INT8 --infinity PROGRAM"
HEAD = """# Performance

```bash
{command}
```

Date and machine: {when}, {machine}.

Timings on a shared machine vary by a quarter from run to run. Compare only figures of the same run, where the
candidates took turns. **Bold** misses its target.

- INT8: the shipped model after `shelflens export --int8 --config configs/fusion.toml --data-root DATA --output INT8`.
  The command prints the loss of accuracy and refuses more than half a point.
- nano: the small model that is shipped.
- GPU: none was available. `python benchmarks/gpu.py` checks the outputs on a GPU and times its options.
"""


class Part(NamedTuple):
    """arguments: of the script, whose name the part has. needs: the options without which it is left out."""

    script: str
    title: str
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    note: str = ""


class Row(NamedTuple):
    """A line of the summary. said: what the figure is made of; at_least, at_most: its target."""

    on: str
    figure: float
    said: str
    at_least: float = float("-inf")
    at_most: float = float("inf")


PARTS = (
    Part(
        "runtimes",
        "The forward pass, and the alternatives",
        ("{int8}", "--nano", "nano", "--batches", "1", "32", "--rounds", "12"),
        note="ONNX Runtime and PyTorch both run the shipped model, in float32. "
        '"MiniLM" and sentence-transformers are our text encoder alone; the two ViTs have random weights.',
    ),
    Part(
        "throughput",
        "Batches, cores and image sizes",
        ("{int8}",),
        note="Dashed: one core. With nano, decoding large photographs dominates, even at a reduced scale.",
    ),
    Part("roofline", "The limit", ("--rounds", "8"), note="Bytes are those of weights, inputs and outputs."),
    Part("stages", "One product, stage by stage, and decoding", ("{clothing}", "--rounds", "12")),
    Part("fusions", "What a fusion costs", ("--rounds", "8"), note="In PyTorch, on top of the encoders."),
    Part("cold_start", "From nothing to the first answer", ("--rounds", "2")),
    Part("ingest", "Bulk ingest", ("--data-root", "{data}", "--rows", "6000"), ("data",)),
    Part("feed_scale", "Bulk ingest, against the length of the feed"),
    Part("service", "The service", ("{clothing}",)),
    Part("clients", "The service, against the number of clients"),
    Part("peers", "The service, against infinity-emb", ("--infinity", "{infinity}", "--rounds", "2"), ("infinity",)),
    Part(
        "index_scale",
        "Search, against the size of the catalogue",
        ("--brief", "--products", "{products}"),
        note="A million products, and every other figure: [catalog.md](catalog.md).",
    ),
)


def main() -> None:
    arguments = parsed()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        wanted = part.script in arguments.only if arguments.only else not text(arguments.output, part).exists()
        if wanted and all(getattr(arguments, need) for need in part.needs):
            run(part, options(part, arguments), arguments.output)
    drawn = draw(arguments.output, arguments.page.parent / "images")
    arguments.page.write_text(page(arguments.output, drawn, arguments.page.parent), encoding="utf-8")


def options(part: Part, arguments: argparse.Namespace) -> list[str]:
    """The part's arguments, with what was given in the place of what is in braces."""
    given = {
        "{clothing}": ["--data", f"{arguments.data}/clothing"] if arguments.data else [],
        "{int8}": ["--int8", str(arguments.int8)] if arguments.int8 else [],
        "{data}": [str(arguments.data)],
        "{infinity}": [str(arguments.infinity)],
        "{products}": [str(count) for count in arguments.products],
    }
    return [option for each in part.arguments for option in given.get(each, [each])]


def run(part: Part, options: list[str], output: Path) -> None:
    print(f"{part.title} …", flush=True)
    command = [sys.executable, f"benchmarks/{part.script}.py", *options]
    done = subprocess.run(
        [*command, "--json", str(output / f"{part.script}.json")], check=True, stdout=subprocess.PIPE, text=True
    )
    (output / f"{part.script}.command").write_text(" ".join(["python", *command[1:]]), encoding="utf-8")
    text(output, part).write_text(done.stdout.strip() + "\n", encoding="utf-8")


def text(output: Path, part: Part) -> Path:
    return output / f"{part.script}.md"


def page(output: Path, drawn: dict[str, Path], folder: Path) -> str:
    when = date.fromtimestamp(max(path.stat().st_mtime for path in output.iterdir())).isoformat()
    head = HEAD.format(command=COMMAND, when=when, machine=machine())
    return "\n".join([head, summary(output), "", *winners(output), *sections(output, drawn, folder)])


def winners(output: Path) -> Iterator[str]:
    """Who is fastest, also where it is not us: a line for each time that was measured beside another's."""
    yield "| task, float32 | winner | runner-up |\n|---|---|---|"
    for row in read(output, "runtimes") or ():
        full = {name: ms for name, ms in row["ms"].items() if name not in ("int8", "nano")}
        yield won(f"{row['products']}, batch {row['batch']}, ms a product", full)
    for name, way in (read(output, "stages") or {"decoding": {}})["decoding"].items():
        yield won(f"decoding, photos {name}, ms", {"Shelflens": way["ours"], "plain Pillow": way["plain"]})
    for run in (read(output, "index_scale") or {"runs": ()})["runs"]:
        times = {"the index": run["search p50"], "an exact scan with NumPy": run["search, scan p50"]}
        yield won(f"search among {run['products']:,}, ms", times)
    if found := read(output, "peers"):
        times = {name: 1000 / max(rates[1:]) for name, rates in found["a_second"].items()}
        yield won("service, 16 clients, ms a request", times)


def won(on: str, times: dict[str, float]) -> str:
    first, second, *_ = sorted(times, key=times.__getitem__)
    return f"| {on} | {first}: {times[first]:.2f} | {second}: {times[second]:.2f} |"


def sections(output: Path, drawn: dict[str, Path], folder: Path) -> Iterator[str]:
    for part in PARTS:
        if text(output, part).exists():
            command = (output / f"{part.script}.command").read_text(encoding="utf-8")
            yield f"\n## {part.title}\n\n`{anonymous(command)}`\n"
            if part.note:
                yield f"{part.note}\n"
            yield text(output, part).read_text(encoding="utf-8")
            if part.script in drawn:
                yield f"![{part.title}]({drawn[part.script].relative_to(folder)})\n"


def anonymous(command: str) -> str:
    """Without the folders of this machine."""
    names = {
        "--data": "DATA/clothing",
        "--data-root": "DATA",
        "--int8": "INT8",
        "--infinity": "infinity/bin/infinity_emb",
    }
    words = command.split()
    return " ".join(names.get(before, word) for before, word in zip(["", *words], words, strict=False))


def summary(output: Path) -> str:
    lines = ["| on | target | measured |", "|---|---|---|"]
    for row in rows(output):
        bounds = {"≥": row.at_least, "≤": row.at_most}
        target = "".join(f"{sign} {bound:g}" for sign, bound in bounds.items() if abs(bound) < float("inf"))
        figure = f"{row.figure:.2f}" if row.at_least <= row.figure <= row.at_most else f"**{row.figure:.2f}**"
        lines.append(f"| {row.on} | {target} | {figure} ({row.said}) |")
    return "\n".join(lines)


def rows(output: Path) -> Iterator[Row]:
    """What the speed was to reach, as far as its parts were run."""
    if found := read(output, "runtimes"):
        yield from forward(found)
    if found := read(output, "roofline"):
        rate, limit = found["rows"]["both"]["a_second"] / 1e9, found["limit"] / 1e9
        said = f"{rate:.0f} of {limit:.0f} billion a second"
        yield Row("operations over those of the machine's matrix product", rate / limit, said, at_least=0.6)
    if found := read(output, "stages"):
        for name, way in found["decoding"].items():
            least = 2 if name != "as they are" else float("-inf")
            said = f"{way['ours']:.1f} against {way['plain']:.1f} ms"
            yield Row(f"decode and resize over plain Pillow, photos {name}", way["ratio"], said, at_least=least)
    if found := read(output, "peers"):
        yield Row("service, 16 clients, over infinity-emb of as many operations", found["ratio"], "requests", 1.3)
    if found := read(output, "ingest"):
        said = f"{found['ingest_per_second']:.1f} a second"
        yield Row("ingest over the model alone, all cores", found["ingest_over_all_cores"], said, 0.92)
        yield Row("… over the model alone, a core each", found["ingest_over_model_alone"], said, 0.92)
    if found := read(output, "cold_start"):
        for name, limit in (("library", 5.0), ("shelflens serve", 20.0)):
            seconds = found[name]["median_s"]
            yield Row(f"seconds to the first answer, {name}", seconds, "median", at_most=limit)


def forward(found: list[dict[str, Any]]) -> Iterator[Row]:
    cores = max(row["cores"] for row in found)
    ms = {(row["products"], row["batch"]): row["ms"] for row in found if row["cores"] == cores}
    whole, alone = ms["both", 32], ms["both", 1]
    yield ratio("picture and words, batch 32, over PyTorch", whole, "PyTorch", "ONNX Runtime", 2.2)
    if "int8" in whole:
        yield ratio("… in int8, over float32", whole, "ONNX Runtime", "int8", 1.3)
    yield ratio("… over a ViT-S/14 and a MiniLM in PyTorch", whole, "ViT-S/14 + MiniLM", "ONNX Runtime", 6)
    yield ratio("… nano, which is in int8, over the shipped model", whole, "ONNX Runtime", "nano", 3)
    if "int8" in whole:
        yield ratio("… nano over the shipped model in int8", whole, "int8", "nano", 3)
    share = alone["ONNX Runtime"] / alone["PyTorch"]
    said = f"{alone['ONNX Runtime']:.1f} over {alone['PyTorch']:.1f} ms"
    yield Row("one product, over PyTorch", share, said, at_most=0.5)


def ratio(on: str, ms: dict[str, float], slower: str, faster: str, target: float) -> Row:
    said = f"{ms[slower]:.1f} over {ms[faster]:.1f} ms a product"
    return Row(on, ms[slower] / ms[faster], said, at_least=target)


def read(output: Path, part: str) -> Any:
    path = output / f"{part}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    flags = {flag for line in lines if line.startswith("flags") for flag in line.split()}
    known = [name for name in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if name in flags]
    return (
        f"{os.cpu_count()} cores, {', '.join(named) or platform.processor()} ({', '.join(known)}), {platform.system()}"
    )


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    parser.add_argument("--data", type=Path, help="a folder with the labelled data sets")
    parser.add_argument("--int8", type=Path, help="the shipped model in int8")
    parser.add_argument("--infinity", type=Path, help="the program infinity_emb")
    parser.add_argument("--products", type=int, nargs="+", default=(1_000, 10_000, 100_000), help="in the index")
    parser.add_argument("--only", nargs="+", default=(), choices=[part.script for part in PARTS])
    return parser.parse_args()


if __name__ == "__main__":
    main()
