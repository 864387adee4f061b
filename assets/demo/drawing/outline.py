"""Outlines in design units (one unit is one pixel of the finished picture), x to the right and y down."""

import math
from itertools import pairwise

Point = tuple[float, float]
Outline = list[Point]


def spline(text: str, closed: bool = True, steps: int = 12) -> Outline:
    """A smooth curve through points written "x,y x,y x,y!"; an exclamation mark makes that point a corner.

    Cubic Hermite segments with chord-length tangents (non-uniform Catmull-Rom), which do not overshoot.
    """
    words = text.split()
    knots = [(float(x), float(y)) for x, y in (word.rstrip("!").split(",") for word in words)]
    corner = [word.endswith("!") for word in words]
    if not closed:
        corner[0] = corner[-1] = True
    count = len(knots)
    curve: Outline = []
    for i in range(count if closed else count - 1):
        j = (i + 1) % count
        before, start, end, after = knots[i - 1], knots[i], knots[j], knots[(i + 2) % count]
        leave = _slope(start, start, end) if corner[i] else _slope(before, start, end)
        arrive = _slope(start, end, end) if corner[j] else _slope(start, end, after)
        curve += _hermite(start, end, leave, arrive, 1 if corner[i] and corner[j] else steps)
    return curve if closed else [*curve, knots[-1]]


def _slope(before: Point, here: Point, after: Point) -> Point:
    """Unit-speed direction of travel at `here`; at a corner, `before` or `after` repeats `here`."""
    first, second = math.dist(before, here), math.dist(here, after)
    if first == 0 or second == 0:
        length = (first + second) or 1.0
        return (after[0] - before[0]) / length, (after[1] - before[1]) / length
    total = first + second
    return (
        ((here[0] - before[0]) / first * second + (after[0] - here[0]) / second * first) / total,
        ((here[1] - before[1]) / first * second + (after[1] - here[1]) / second * first) / total,
    )


def _hermite(start: Point, end: Point, leave: Point, arrive: Point, steps: int) -> Outline:
    """Points from `start` up to, but without, `end`."""
    length = math.dist(start, end)
    points = []
    for step in range(steps):
        t = step / steps
        a, b = 2 * t**3 - 3 * t**2 + 1, t**3 - 2 * t**2 + t
        c, d = -2 * t**3 + 3 * t**2, t**3 - t**2
        x = a * start[0] + c * end[0] + length * (b * leave[0] + d * arrive[0])
        y = a * start[1] + c * end[1] + length * (b * leave[1] + d * arrive[1])
        points.append((x, y))
    return points


def flip(points: Outline, axis: float) -> Outline:
    """Mirrored left to right at x = `axis`."""
    return [(2 * axis - x, y) for x, y in points]


def symmetric(half: str, axis: float) -> Outline:
    """The whole outline from its right half, written from the top centre to the bottom centre."""
    right = spline(half, closed=False)
    return right + flip(right, axis)[::-1]


def move(points: Outline, dx: float = 0, dy: float = 0, turn: float = 0, size: float = 1) -> Outline:
    """Scaled and turned (degrees, clockwise on the screen) about the origin, then shifted."""
    cos, sin = size * math.cos(math.radians(turn)), size * math.sin(math.radians(turn))
    return [(x * cos - y * sin + dx, x * sin + y * cos + dy) for x, y in points]


def squash(points: Outline, floor: float, part: float) -> Outline:
    """Heights above y = `floor` reduced to `part`."""
    return [(x, floor - (floor - y) * part) for x, y in points]


def oval(cx: float, cy: float, rx: float, ry: float, turn: float = 0, start: float = 0, end: float = 360) -> Outline:
    """An ellipse, or the arc of it from `start` to `end` degrees (0 is to the right, 90 is down)."""
    steps = max(8, round(abs(end - start) / 4))
    angles = (math.radians(start + (end - start) * i / steps) for i in range(steps + 1))
    return move([(rx * math.cos(a), ry * math.sin(a)) for a in angles], cx, cy, turn)


def slab(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Outline:
    """A rectangle with rounded corners."""
    if radius == 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    r = radius
    return [
        *oval(left + r, top + r, r, r, start=180, end=270),
        *oval(right - r, top + r, r, r, start=270, end=360),
        *oval(right - r, bottom - r, r, r, start=0, end=90),
        *oval(left + r, bottom - r, r, r, start=90, end=180),
    ]


def beside(points: Outline, distance: list[float]) -> Outline:
    """A line with each point moved sideways by its own distance; above 0 is to the right of the way it runs."""
    moved: Outline = []
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by) = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        moved.append((x - (by - ay) / length * distance[i], y + (bx - ax) / length * distance[i]))
    return moved


def tapered(points: Outline, width: list[float]) -> Outline:
    """The outline of a band along a line with its own width at every point."""
    return beside(points, [w / 2 for w in width]) + beside(points, [-w / 2 for w in width])[::-1]


def ribbon(points: Outline, start: float, end: float | None = None) -> Outline:
    """The outline of a band along a line; its width runs evenly from `start` to `end`."""
    end = start if end is None else end
    last = len(points) - 1
    return tapered(points, [start + (end - start) * i / last for i in range(last + 1)])


def dashes(points: Outline, on: float, off: float) -> list[Outline]:
    """A line cut into dashes, lengths in design units."""
    pieces: list[Outline] = []
    piece: Outline = [points[0]]
    travelled, drawing = 0.0, True
    for (ax, ay), (bx, by) in pairwise(points):
        length, done = math.dist((ax, ay), (bx, by)), 0.0
        while length - done > 1e-9:
            step = min((on if drawing else off) - travelled, length - done)
            done, travelled = done + step, travelled + step
            piece.append((ax + (bx - ax) * done / length, ay + (by - ay) * done / length))
            if travelled >= (on if drawing else off) - 1e-9:
                pieces += [piece] if drawing else []
                piece, travelled, drawing = [piece[-1]], 0.0, not drawing
    return pieces + ([piece] if drawing and len(piece) > 1 else [])
