"""The benchmarks' JSON as images, for benchmarks/performance.py."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter

BLUE, GREY, COLOURS = "#2f6fb2", "#b8bec6", ("#2f6fb2", "#e08a2e", "#4f9d69", "#b5485d")


def draw(output: Path, folder: Path) -> dict[str, Path]:
    """An image for each part of `output` that has one, in `folder`. -> the part's name -> the image."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {}
    for name, plot in PLOTS.items():
        source = output / f"{name}.json"
        if source.exists():
            drawn[name] = folder / f"performance-{name.replace('_', '-')}.png"
            plot(json.loads(source.read_text(encoding="utf-8")))
            pyplot.savefig(drawn[name], dpi=110)
            pyplot.close()
    return drawn


def panels(count: int, height: float = 3.4) -> list[Axes]:
    _, axes = pyplot.subplots(1, count, figsize=(9.5, height), layout="constrained", squeeze=False)
    for axis in axes[0]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(True, color="#e8eaed", linewidth=0.8)
        axis.set_axisbelow(True)
    return list(axes[0])


def runtimes(rows: list[dict[str, Any]]) -> None:
    """Bars: milliseconds a product, the largest batch and a lone product."""
    cores = max(row["cores"] for row in rows)
    both = [row for row in rows if row["cores"] == cores and row["products"] == "both"]
    for axis, row in zip(panels(len(both)), both, strict=True):
        ranked = sorted(row["ms"].items(), key=lambda one: -one[1])
        ours = ("ONNX Runtime", "int8", "nano")
        bars = axis.barh(
            [n for n, _ in ranked], [ms for _, ms in ranked], color=[BLUE if n in ours else GREY for n, _ in ranked]
        )
        axis.bar_label(bars, fmt="%.1f", padding=3, fontsize=9)
        axis.margins(x=0.12)
        axis.grid(False, axis="y")
        axis.set_title(f"A picture and words, batch {row['batch']}: ms a product", fontsize=10)


def throughput(report: dict[str, Any]) -> None:
    left, right = panels(2)
    cores = sorted({row["cores"] for row in report["batches"]})
    for colour, name in zip(COLOURS, report["batches"][0]["a_second"], strict=False):
        for count, style in zip(cores, ("--", "-"), strict=False):
            rows = [row for row in report["batches"] if row["cores"] == count]
            sizes, rates = [row["batch"] for row in rows], [row["a_second"][name] for row in rows]
            left.plot(sizes, rates, style, color=colour, marker="o", label=f"{name}, {count} core{'s' * (count > 1)}")
        pixels, rates = zip(*((row["pixels"], row["a_second"][name]) for row in report["pictures"]), strict=True)
        right.plot(pixels, rates, color=colour, marker="o", label=name)
    logarithmic(left, "batch size", "products a second, decoded before", x_only=True)
    logarithmic(right, "pixels of the picture's longer side", "products a second, decoding included", x_only=True)


def feed_scale(report: dict[str, Any]) -> None:
    (axis,) = panels(1, 2.8)
    rows = [run["rows"] for run in report["runs"]]
    for colour, (name, label) in zip(
        COLOURS, {"first": "into a new index", "again": "the same feed again"}.items(), strict=False
    ):
        label = f"{label}: n to the {report['growth'][name]:.2f}" if report["growth"][name] else label
        axis.plot(rows, [run[name] for run in report["runs"]], color=colour, marker="o", label=label)
    logarithmic(axis, "rows of the feed", "seconds of an ingest")


def clients(report: dict[str, Any]) -> None:
    left, right = panels(2)
    counts = [row["clients"] for row in report["rows"]]
    left.plot(counts, [row["a_second"] for row in report["rows"]], color=BLUE, marker="o", label="answers")
    for colour, share in zip(COLOURS, ("p50", "p99"), strict=False):
        right.plot(counts, [row[f"{share}_ms"] for row in report["rows"]], color=colour, marker="o", label=share)
    logarithmic(left, "clients", "answers a second", x_only=True)
    logarithmic(right, "clients", "milliseconds")


def index_scale(report: dict[str, Any]) -> None:
    left, right = panels(2)
    sizes = [run["products"] for run in report["runs"]]
    for colour, (name, label) in zip(
        COLOURS,
        {"search p50": "index", "search, scan p50": "exact scan with NumPy", "hybrid p50": "by words, too"}.items(),
        strict=False,
    ):
        power = f", n to the {report['growth'][name]:.2f}" if name in report["growth"] else ""
        left.plot(sizes, [run[name] for run in report["runs"]], color=colour, marker="o", label=label + power)
    name = "load and index, s"
    power = f", n to the {report['growth'][name]:.2f}" if name in report["growth"] else ""
    right.plot(sizes, [run[name] for run in report["runs"]], color=BLUE, marker="o")
    logarithmic(left, "products", "milliseconds a search, p50")
    logarithmic(right, "products", f"seconds to load and index{power}")


def logarithmic(axis: Axes, x: str, y: str, x_only: bool = False) -> None:
    axis.set_xscale("log")
    if x_only:
        axis.set_ylim(0, 1.45 * axis.get_ylim()[1])  # room for the legend
    else:
        axis.set_yscale("log")
    ticks = sorted({float(value) for line in axis.get_lines() for value in line.get_xdata()})
    axis.set_xticks(ticks)
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter(ScalarFormatter())
        each.set_minor_formatter(NullFormatter())
    axis.set_xticklabels([f"{tick:,.0f}" for tick in ticks])
    axis.set_xlabel(x, fontsize=9)
    axis.set_title(y, fontsize=10)
    axis.tick_params(labelsize=9)
    if len(axis.get_lines()) > 1:
        axis.legend(frameon=False, fontsize=8, ncols=2 if x_only else 1, loc="upper left" if x_only else "best")


PLOTS: dict[str, Callable[[Any], None]] = {
    "runtimes": runtimes,
    "throughput": throughput,
    "feed_scale": feed_scale,
    "clients": clients,
    "index_scale": index_scale,
}
