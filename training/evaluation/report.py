"""An evaluation for people: a Markdown page, a confusion matrix and a reliability plot, beside the JSON."""

import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from catalog.taxonomy.tree import Taxonomy
from training.evaluation.evaluate import CategoryResult, Classes, Report

matplotlib.use("Agg")
from matplotlib import pyplot as plt

MAX_CONFUSED = 20


def write_report(folder: Path, report: Report, result: CategoryResult, classes: Classes, taxonomy: Taxonomy) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "report.md").write_text(markdown(report))
    reliability_plot(result, report["calibration"]["ece"], folder / "reliability.png")
    confusion_plot(result, classes, taxonomy, folder / "confusion.png")


def markdown(report: Report) -> str:
    """The report's figures as one table, a row a figure."""
    shown = f"{report['split']}, {report['modalities']}" + (", label words masked" if report["mask_labels"] else "")
    lines = [f"### {shown}: {report['products']['scored']} products", "", "| figure | value |", "|---|---|"]
    for group in ("category", "calibration", "retrieval", "tags"):
        lines += _rows(group, report[group] or {})
    left_out = report["products"]["without_category"]
    if left_out:
        lines.append(f"| products left out: the tree lacks their category | {left_out} |")
    for name, scores in report["attributes"].items():
        lines += _rows(f"attribute {name}", {key: scores[key] for key in ("accuracy", "macro_f1", "products")})
    return "\n".join(lines) + "\n"


def _rows(group: str, figures: dict[str, Any]) -> list[str]:
    rows = []
    for name, value in figures.items():
        if isinstance(value, dict):
            rows += _rows(f"{group} {name.replace('_', ' ')}", value)
        elif value is not None:
            rows.append(
                f"| {group} {name.replace('_', ' ')} | {value:.4f} |"
                if isinstance(value, float)
                else f"| {group} {name.replace('_', ' ')} | {value} |"
            )
    return rows


def reliability_plot(result: CategoryResult, error: float, path: Path, bins: int = 15) -> None:
    """Accuracy against confidence: on the diagonal a score means what it says."""
    index_N = np.minimum((result.confidence_N * bins).astype(int), bins - 1)
    used = np.unique(index_N)
    confidence = [float(result.confidence_N[index_N == b].mean()) for b in used]
    accuracy = [float(result.correct_N[index_N == b].mean()) for b in used]
    share = [float((index_N == b).mean()) for b in used]
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(5.2, 6.2), sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    upper.plot((0, 1), (0, 1), color="0.6", linestyle="--", linewidth=1, label="perfect")
    upper.plot(confidence, accuracy, marker="o", color="#2563eb", label=f"model (ECE {error:.3f})")
    upper.set(ylabel="accuracy", ylim=(0, 1.02), title="Does a score mean what it says?")
    upper.legend(loc="upper left", frameon=False)
    lower.bar((used + 0.5) / bins, share, width=0.9 / bins, color="#93c5fd")
    lower.set(xlabel="score of the category", ylabel="share", xlim=(0, 1))
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def confusion_plot(result: CategoryResult, classes: Classes, taxonomy: Taxonomy, path: Path) -> None:
    """The classes that lose most products to others (all of them where they are few), each row summing to 1."""
    counts_KK = np.zeros((len(classes.nodes), len(classes.nodes)))
    np.add.at(counts_KK, (result.gold_N, result.predicted_N), 1)
    lost_K = counts_KK.sum(1) - np.diag(counts_KK)
    shown = np.sort(np.argsort(-lost_K, kind="stable")[:MAX_CONFUSED])
    total_K1 = np.maximum(counts_KK.sum(1, keepdims=True), 1)
    part = (counts_KK / total_K1)[np.ix_(shown, shown)]
    labels = [taxonomy.node(classes.nodes[k]).label for k in shown]
    side = 3 + 0.3 * len(shown)
    figure, axes = plt.subplots(figsize=(side, side), layout="constrained")
    axes.imshow(part, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(shown)), labels, rotation=90, fontsize=8)
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.set(xlabel="predicted", ylabel="labelled", title=f"Confusion: the {len(shown)} classes with most errors")
    for i, j in np.argwhere(part >= 0.05):
        colour = "white" if part[i, j] > 0.5 else "0.2"
        axes.text(j, i, f"{part[i, j]:.0%}", ha="center", va="center", fontsize=6, color=colour)
    figure.savefig(path, dpi=110)
    plt.close(figure)
