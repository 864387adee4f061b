"""Draws docs/architecture.svg: the rooms by layer, and who imports whom.

What a room is called, its layer and its imports are read from the code. Imports that follow from others are left out,
and so are those of the lowest rooms, which everything may import.
"""

import itertools
from collections.abc import Sequence
from html import escape

from scripts.generate.layers import Package, read_packages, reduced
from scripts.generate.placement import Node, place

# What is in a room, in a few words. A test says which room has none.
ROOMS = {
    "catalog": {
        "behaviour": "events, recommendations",
        "arrays": "array types, softmax",
        "cache": "what was worked out",
        "cores": "cores it may use",
        "demand": "forecasts of sales",
        "drafts": "texts of listings",
        "errors": "errors and their codes",
        "evidence": "what speaks for an answer",
        "feeds": "files to rows",
        "html_report": "pages that stand alone",
        "filing": "scores to a category",
        "images": "untrusted bytes to RGB",
        "index": "store, find, filter, rank",
        "ingest": "a feed into an index",
        "labelling": "texts to labels",
        "knowledge": "a graph, and documents",
        "language": "what words say",
        "lexicon": "words for colours, units …",
        "links": "which links are shown",
        "model": "encoders, fusion, runtimes",
        "origin": "the model of an index",
        "categories": "trees of others, mapped",
        "pricing": "prices of products alike",
        "product": "the data types",
        "questions": "answers, word for word",
        "sales": "when a sale lasts",
        "quality": "faults of a catalogue",
        "search": "a query to matches",
        "storage": "private files, SQLite",
        "synonyms": "spellings of a value",
        "taxonomy": "the category tree",
        "teaching": "a shop's own categories",
        "understand": "products to understandings",
        "writing": "facts to a text",
    },
    "serving": {
        "api": "app, context, routes, schemas",
        "calls": "a method, wherever it runs",
        "client": "Client, AsyncClient",
        "deployments": "Ray Serve and Ray Data",
        "error_responses": "errors to HTTP",
        "errors": "errors of the service",
        "inference": "batches for the model",
        "jobs": "feeds in the background",
        "mcp": "tools for assistants",
        "middleware": "keys, limits, deadlines",
        "portions": "parts of large messages",
        "settings": "flags, environment, TOML",
        "storage": "store, thumbnails, verdicts",
        "telemetry": "logs, metrics, traces",
        "webhooks": "signed events",
    },
    "training": {
        "attributes": "the tagger of words",
        "batch_loss": "the loss of a batch",
        "classifiers": "labels of texts",
        "drafts": "writers of drafts",
        "compare": "several runs, one table",
        "config": "TrainConfig",
        "conflicts": "swapped titles",
        "data": "manifests, samples, titles",
        "device": "CPU or CUDA",
        "distillation": "a teacher's outputs",
        "evaluation": "metrics, predictions, report",
        "export": "ONNX, int8, calibration",
        "features": "cached encoder outputs, maps",
        "finetune": "on a merchant's products",
        "initial_weights": "where training starts",
        "likeness": "what is like the examples",
        "losses": "the loss functions",
        "pretrain": "on a catalog, without labels",
        "pruning": "a smaller vocabulary",
        "run": "model, data, optimizer",
        "sequence": "what shoppers come to next",
        "taxonomy": "the tree of every department",
        "texts": "teaching the text encoder",
        "train": "the loop",
        "weights": "pretrained encoders",
    },
}
# Of each package: its colour, and the rooms that all others may import, whose arrows would hide the rest.
COLOURS = {"shelflens": "#6d4c9f", "serving": "#1f6f8b", "training": "#9a5b13", "catalog": "#2f7d4f"}
EVERYWHERE = {
    "catalog": ("product", "errors", "arrays", "links", "lexicon", "synonyms"),
    "serving": ("calls", "errors", "portions"),
    "training": ("config", "data", "device", "losses", "weights"),
}

BOX, GAP, CHARACTER = 44, 22, 6.3
STEP, HEAD, PAD, MARGIN = 84, 44, 24, 24
FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


class Panel:
    """One package: its rooms by layer, as SVG at the origin, with its size in pixels."""

    def __init__(self, package: Package, edge_gap: float = GAP) -> None:
        self.name, self.colour = package.name, COLOURS[package.name]
        self.texts = ROOMS[package.name]
        lowest = EVERYWHERE[package.name]
        layers = [tuple(room for room in layer if room not in lowest) for layer in package.layers]
        drawn = [(a, b) for a, b in package.imports if a not in lowest and b not in lowest]
        self.lowest = [room for layer in package.layers for room in layer if room in lowest]
        widths = {room: self.box_width(room) for layer in package.layers for room in layer}
        placed = place([layer for layer in layers if layer], reduced(drawn), widths, edge_gap)
        self.rows, self.paths = placed.rows, placed.paths
        right = max(node.x + node.width / 2 for row in self.rows for node in row)
        self.bottom_width = sum(widths[room] + GAP for room in self.lowest) - GAP if self.lowest else 0.0
        self.width = max(right, self.bottom_width) + 2 * PAD
        self.left = PAD + (self.width - 2 * PAD - right) / 2
        self.height = HEAD + len(self.rows) * STEP - (STEP - BOX) + PAD + (STEP if self.lowest else 0)

    def box_width(self, room: str) -> float:
        return round(max(len(self.texts.get(room, "")) * CHARACTER * 0.87, len(room) * CHARACTER * 1.25) + 22)

    def svg(self, width: float) -> list[str]:
        """width: of the whole panel, at least its own."""
        extra = (width - self.width) / 2
        parts = [
            f'<rect width="{width:.0f}" height="{self.height:.0f}" rx="12" fill="{self.colour}" fill-opacity="0.07" '
            f'stroke="{self.colour}" stroke-opacity="0.45"/>',
            text(PAD, 28, f"{self.name}/", 17, self.colour, bold=True),
        ]
        left = self.left + extra
        parts += [self.arrow(path, left) for path in self.paths]
        for depth, row in enumerate(self.rows):
            parts += [self.box(node.name, left + node.x, self.top(depth), node.width) for node in row if node.name]
        return parts + self.lowest_row(width)

    def lowest_row(self, width: float) -> list[str]:
        if not self.lowest:
            return []
        y = self.height - PAD - BOX
        x = (width - self.bottom_width) / 2
        parts = [
            f'<line x1="{PAD}" x2="{width - PAD:.0f}" y1="{y - 18:.0f}" y2="{y - 18:.0f}" stroke="{self.colour}" '
            f'stroke-opacity="0.5" stroke-dasharray="2 5"/>',
            text(width - PAD, y - 24, "everything above may import these", 10.5, self.colour, anchor="end"),
        ]
        for room in self.lowest:
            parts.append(self.box(room, x + self.box_width(room) / 2, y, self.box_width(room)))
            x += self.box_width(room) + GAP
        return parts

    def top(self, depth: int) -> float:
        return HEAD + depth * STEP

    def box(self, room: str, x: float, y: float, width: float) -> str:
        return "\n".join(
            [
                f'<rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX}" rx="7" fill="#ffffff" '
                f'stroke="{self.colour}" stroke-width="1.2"/>',
                text(x, y + 19, room, 13, "#1d2530", bold=True, anchor="middle"),
                text(x, y + 35, self.texts.get(room, ""), 10.5, "#566070", anchor="middle"),
            ]
        )

    def arrow(self, path: Sequence[Node], left: float) -> str:
        """From the bottom of the first box through the places between to the top of the last."""
        depth = next(number for number, row in enumerate(self.rows) if any(node is path[0] for node in row))
        start, end = port(path[0], path[1], "below"), port(path[-1], path[-2], "above")
        points = [(left + start, self.top(depth) + BOX)]
        for step, node in enumerate(path[1:-1], 1):
            y = self.top(depth + step)
            points += [(left + node.x, y - 6), (left + node.x, y + BOX + 6)]
        points.append((left + end, self.top(depth + len(path) - 1) - 1))
        drawn = [f"M{points[0][0]:.1f},{points[0][1]:.1f}"]
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            middle = (y0 + y1) / 2
            drawn.append(f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}")
        return (
            f'<path d="{" ".join(drawn)}" fill="none" stroke="{self.colour}" stroke-width="1.4" '
            f'stroke-opacity="0.8" marker-end="url(#{self.name})"/>'
        )


def port(node: Node, other: Node, side: str) -> float:
    """Where on the box's lower or upper side the line to `other` ends: lines stand side by side in order."""
    neighbours = sorted(node.below if side == "below" else node.above, key=lambda each: each.x)
    place = next(number for number, each in enumerate(neighbours) if each is other)
    step = min(26.0, (node.width - 30) / max(1, len(neighbours)))
    return node.x + (place - (len(neighbours) - 1) / 2) * step


def text(x: float, y: float, words: str, size: float, colour: str, bold: bool = False, anchor: str = "start") -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}>' + (
        f"{escape(words)}</text>"
    )


def marker(name: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0,0.6 L7.6,4 L0,7.4 z" fill="{COLOURS[name]}"/></marker>'
    )


def at(x: float, y: float, parts: Sequence[str]) -> list[str]:
    return [f'<g transform="translate({x:.0f},{y:.0f})">', *parts, "</g>"]


def between(x: float, y0: float, y1: float, colour: str) -> str:
    """A thick arrow from one package down to another."""
    return (
        f'<path d="M{x:.0f},{y0:.0f} L{x:.0f},{y1 - 9:.0f}" stroke="{colour}" stroke-width="4" stroke-opacity="0.55"/>'
        f'<path d="M{x - 9:.0f},{y1 - 11:.0f} L{x + 9:.0f},{y1 - 11:.0f} L{x:.0f},{y1:.0f} z" fill="{colour}" '
        f'fill-opacity="0.75"/>'
    )


def front_panel(width: float) -> list[str]:
    colour = COLOURS["shelflens"]
    return [
        f'<rect width="{width:.0f}" height="64" rx="12" fill="{colour}" fill-opacity="0.08" stroke="{colour}" '
        f'stroke-opacity="0.45"/>',
        text(PAD, 28, "shelflens/", 17, colour, bold=True),
        text(PAD, 48, "the names that users import, and cli/, one module a command", 11.5, "#566070"),
    ]


def draw() -> str:
    """The whole picture as SVG. Equal code gives equal text."""
    panels = {package.name: Panel(package) for package in read_packages()}
    serving, training, catalog = panels["serving"], panels["training"], panels["catalog"]
    inner = max(serving.width + training.width + 28, catalog.width)
    extra = inner - serving.width - training.width - 28
    serving_width, training_width = serving.width + extra / 2, training.width + extra / 2
    upper, lower = MARGIN + 64 + 40, MARGIN + 64 + 40 + max(serving.height, training.height) + 40
    serving.height = training.height = max(serving.height, training.height)
    training_left = MARGIN + serving_width + 28
    height, width = lower + catalog.height + MARGIN, inner + 2 * MARGIN
    middles = (MARGIN + serving_width / 2, training_left + training_width / 2)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="{FONT}" role="img" aria-label="The rooms of Shelflens by layer">',
        "<!-- Drawn by scripts/generate/diagram.py from the imports: do not edit. -->",
        f"<defs>{''.join(marker(name) for name in COLOURS)}</defs>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="14" fill="#ffffff"/>',
        *at(MARGIN, MARGIN, front_panel(inner)),
        *(between(x, MARGIN + 64 + 4, upper - 4, COLOURS["shelflens"]) for x in middles),
        *at(MARGIN, upper, serving.svg(serving_width)),
        *at(training_left, upper, training.svg(training_width)),
        between(middles[0], lower - 36, lower - 4, COLOURS["serving"]),
        between(middles[1], lower - 36, lower - 4, COLOURS["training"]),
        *at(MARGIN, lower, catalog.svg(inner)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
