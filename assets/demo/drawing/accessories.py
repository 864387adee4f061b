"""Things worn besides clothes: watch, sunglasses, cap, tie, scarf, socks; and an umbrella."""

import math
from itertools import pairwise

from drawing.outline import Outline, flip, move, oval, ribbon, slab, spline
from drawing.paint import Paint, across, darker, lighter, ribbed
from drawing.scene import Scene
from drawing.surface import CARD, CLOTH, LEATHER, METAL, PATENT, Material

SILK = Material(ambient=0.44, gloss=0.16, sharpness=14, grain=0.02)


def watch(scene: Scene, strap: str, metal: str, dial: str, ink: str) -> None:
    """A wrist watch from the front, at ten past ten."""
    cx, cy = 240.0, 320.0
    upper = spline("196,210! 202,120 206,34! 212,26 268,26 274,34! 278,120 284,210!")
    lower = spline("196,430! 204,520 208,600! 224,616 256,616 272,600! 276,520 284,430!")
    scene.shadow(scene.mask(upper, lower, oval(cx, cy, 122, 122)), 8, 14, 12, 0.4)
    for part in (upper, lower):
        scene.form(part, strap, LEATHER, edge=26, depth=0.7, relief=scene.ripples(4, 4, 0.8, 5), lift=0)
    for side in (1, -1):
        for line in (spline("276,206 271,120 267,36", False), spline("276,434 269,520 264,598", False)):
            scene.line(line if side > 0 else flip(line, cx), 1.5, lighter(strap, 0.55), 0.9, dash=(6, 4))
    for y in range(490, 596, 26):
        scene.form(oval(cx, y, 4.5, 5.5), darker(strap, 0.8), edge=5, depth=-0.8, lift=0)
    for x, y in ((192, 222), (288, 222), (192, 418), (288, 418)):
        scene.form(slab(x - 12, y - 24, x + 12, y + 24, 7), darker(metal, 0.12), METAL, edge=12, lift=3)
    scene.form(slab(354, 306, 378, 334, 5), metal, METAL, edge=10, lift=3)
    for y in range(309, 334, 5):
        scene.line([(357, y), (378, y)], 1.6, darker(metal, 0.6), 0.6)
    scene.form(oval(cx, cy, 122, 122), metal, METAL, edge=24, lift=5)
    scene.form(oval(cx, cy, 106, 106), darker(metal, 0.25), METAL, edge=8, depth=-0.8, lift=0)
    face = scene.form(
        oval(cx, cy, 98, 98),
        across(lighter(dial, 0.12), darker(dial, 0.2), (170, 240), (310, 400)),
        CARD,
        lift=0,
        edge=3,
    )
    _dial(scene, cx, cy, ink)
    glare = spline("168,262! 210,234 268,226! 200,330 166,356!")
    scene.lay(scene.soft(scene.mask(glare), 3) * face, "#ffffff", 0.13)


def _dial(scene: Scene, cx: float, cy: float, ink: str) -> None:
    for minute in range(60):
        hour = minute % 5 == 0
        mark = slab(-2.6 if hour else -0.8, -92, 2.6 if hour else 0.8, -74 if hour else -87)
        scene.lay(scene.mask(move(mark, cx, cy, minute * 6)), ink, 1.0 if hour else 0.7)
    scene.letters("ORREN", cx, cy - 44, 14, ink, 0.9)
    scene.form(slab(cx + 44, cy - 9, cx + 68, cy + 9, 2), "#f5f4ef", CARD, edge=3, lift=0)
    scene.letters("24", cx + 56, cy, 13, "#202226")
    for turn, long, wide in ((305.0, 52.0, 8.0), (60.0, 78.0, 6.0)):
        hand = [(-wide / 2, 14.0), (-wide / 2, -long * 0.8), (0.0, -long), (wide / 2, -long * 0.8), (wide / 2, 14.0)]
        scene.form(move(hand, cx, cy, turn), ink, CARD, edge=5, lift=2.5)
    scene.form(move(slab(-1, -84, 1, 24), cx, cy, 205), "#c8402f", CARD, edge=2, lift=2)
    scene.form(oval(cx, cy, 6, 6), "#c9ccd1", METAL, edge=6, lift=1.5)


def sunglasses(scene: Scene, frame: str, lens: str) -> None:
    """Broad acetate frames from the front, the arms folded back."""
    right = spline("342,282! 370,256 450,250 540,256 574,276! 582,330 562,392 510,430 440,432 384,404 356,350")
    inner = spline("362,290 390,276 450,270 530,276 556,296 560,334 542,382 500,412 444,414 396,390 372,346")
    scene.ground(320, 452, 250, 18, 0.35)
    for side in (1, -1):
        arm = spline("564,264! 590,268 600,300 596,352 584,380! 574,372 574,330 566,290")
        scene.form(arm if side > 0 else flip(arm, 320), darker(frame, 0.3), PATENT, edge=8, lift=0)
    for side in (1, -1):
        glass = inner if side > 0 else flip(inner, 320)
        rim = right if side > 0 else flip(right, 320)
        mask = scene.form(
            glass,
            across(darker(lens, 0.55), lighter(lens, 0.25), (320, 260), (320, 430)),
            CARD,
            edge=60,
            depth=0.3,
            lift=2,
        )
        streak = move(slab(-26, -120, 26, 120), 320 + side * 140 - 30, 340, 24)
        scene.lay(
            scene.soft(scene.mask(streak, move(slab(40, -120, 52, 120), 320 + side * 140 - 30, 340, 24)), 4) * mask,
            "#ffffff",
            0.17,
        )
        scene.form(scene.mask(rim, holes=(glass,)), frame, PATENT, edge=14, lift=3)
        scene.form(slab(320 + side * 246 - 4, 272, 320 + side * 246 + 4, 284, 3), "#d5d8dc", METAL, edge=4, lift=0)
    bridge = spline("292,282! 320,270 348,282! 350,312 320,298 290,312!")
    scene.form(bridge, frame, PATENT, edge=14, lift=3)


def cap(scene: Scene, colour: str, brim: str) -> None:
    """A baseball cap from the side, the peak to the left."""
    scene.ground(330, 474, 280, 26, 0.5)
    lower = spline("30,448! 60,420 130,392 220,384! 360,408! 356,446 270,440 160,446 84,462 50,466")
    scene.form(lower, darker(brim, 0.45), CLOTH, edge=16, lift=0)
    dome = spline("196,420! 190,340 216,248 276,184 362,156 450,172 524,228 570,316 588,440! 520,462 400,462 290,446")
    relief = scene.ripples(70, 80, 8, 4)
    crown = scene.form(dome, colour, CLOTH, edge=150, depth=0.85, relief=relief, lift=3)
    thread = lighter(colour, 0.3)
    seams = [
        spline("362,158 300,216 262,310 252,442", False),
        spline("362,158 400,230 420,340 424,462", False),
        spline("362,158 450,196 520,280 552,452", False),
    ]
    for line in seams:
        scene.seam(line, thread, within=crown, gap=4)
        scene.seam([(x - 1, y) for x, y in line], thread, within=crown, gap=-4)
    for x, y in ((330, 240), (462, 250), (250, 268)):
        scene.form(oval(x, y, 6, 7), darker(colour, 0.5), CLOTH, edge=6, depth=-0.8, lift=0)
        scene.line(oval(x, y, 8, 9), 2.2, thread, 0.8)
    scene.form(oval(362, 157, 17, 10), darker(colour, 0.12), CLOTH, edge=12, lift=2)
    peak = spline("34,446! 50,408 110,372 200,356! 240,372 300,424 318,452! 230,424 140,426 70,442")
    shade = scene.form(peak, brim, CLOTH, edge=22, depth=0.8, lift=5)
    for step in (10, 20, 30):
        row = spline(
            f"{44 + step},{438 - step * 0.4} {70 + step},{408 + step * 0.1} 130,{376 + step} "
            f"206,{366 + step} 250,{388 + step} 306,{440 + step * 0.4}",
            False,
        )
        scene.line(row, 1.0, lighter(brim, 0.45), 0.7, dash=(4, 3), within=shade)


def tie(scene: Scene, cloth: Paint, colour: str) -> None:
    """A knotted tie: loop, knot, broad blade and the narrow one behind it."""
    tail = spline("224,140! 256,140! 286,470 270,520! 238,494!")
    blade = spline("221,146! 259,146! 286,300 316,516! 242,606! 170,516! 196,300")
    scene.shadow(scene.mask(tail, blade), 7, 12, 10, 0.4)
    loop = spline("214,108 166,78 168,40 240,24 312,40 314,78 266,108", False)
    scene.form(ribbon(loop, 30), cloth, SILK, edge=16, lift=2)
    scene.form(move(tail, 10, 0), darker(colour, 0.3), SILK, edge=10, lift=0)
    folds = [
        (spline("232,150 236,220 226,330", False), 12.0, 5.0),
        (spline("250,150 252,210 262,300", False), 10.0, -4.0),
    ]
    scene.form(blade, cloth, SILK, edge=24, depth=0.7, relief=scene.folds(folds) + scene.ripples(40, 200, 5, 3), lift=4)
    knot = spline("198,78! 240,70 282,78! 276,112 262,152! 240,158 218,152! 204,112")
    scene.form(knot, cloth, SILK, edge=30, depth=0.9, relief=scene.ripples(24, 60, 5, 9, turn=-20), lift=4)


def scarf(scene: Scene, cloth: Paint, colour: str) -> None:
    """A woollen scarf wrapped once, both fringed ends hanging."""
    right = spline("262,170! 330,190! 346,330 352,470! 262,478! 256,330")
    left = spline("150,180! 236,170! 232,340 226,532! 126,540! 138,360")
    scene.shadow(scene.mask(left, right), 6, 12, 14, 0.35)
    for end, width, y in ((right, (264, 352), 470), (left, (128, 226), 530)):
        for i in range(width[0] + 3, width[1], 7):
            strand = spline(f"{i},{y - 6} {i + 2 * math.sin(i)},{y + 28} {i + 5 * math.sin(i * 1.7)},{y + 58}", False)
            scene.form(ribbon(strand, 5.4, 3), lighter(colour, 0.08 * (i % 3)), CLOTH, edge=4, lift=1)
        relief = scene.ripples(22, 240, 13, y) + scene.ripples(60, 50, 5, 2)
        scene.form(end, cloth, CLOTH, edge=24, depth=0.9, relief=relief, lift=5)
    back = ribbon(spline("120,150 136,76 240,48 344,76 360,150", False), 62)
    scene.form(back, darker(colour, 0.45), CLOTH, edge=30, relief=scene.ripples(60, 14, 7, 12), lift=0)
    front = spline(
        "92,130! 106,104 132,96! 172,142 240,158 308,142 348,96! 374,104 388,130! "
        "384,190 330,240 240,256 150,240 96,190"
    )
    turns = [
        (spline(f"98,{140 + d} 160,{196 + d} 240,{206 + d} 320,{196 + d} 382,{140 + d}", False), 12.0, 8.0)
        for d in (-22, 4, 30)
    ]
    scene.form(front, cloth, CLOTH, edge=44, depth=0.9, relief=scene.folds(turns) + scene.ripples(90, 16, 5, 6), lift=6)


def socks(scene: Scene, colour: str, accent: str) -> None:
    """A pair of ribbed crew socks, one half over the other."""
    shape = spline(
        "262,60! 372,60! 374,200 372,330 380,420 372,490 320,516 "
        "250,540 170,580 100,588 66,560 78,516 130,480 210,430 254,380 264,300 262,180"
    )
    for dx, dy in ((66.0, -12.0), (-6.0, 14.0)):
        outline = move(shape, dx, dy)
        whole = scene.mask(outline)
        scene.shadow(whole, 6, 12, 12, 0.35)
        folds = [
            (move(spline(text, False), dx, dy), 10.0, h)
            for text, h in (("262,402 300,420 336,410", -6.0), ("254,418 288,448 330,446", 5.0))
        ]
        scene.form(
            whole,
            ribbed(colour, 4.5),
            CLOTH,
            edge=46,
            depth=0.8,
            relief=scene.folds(folds) + scene.ripples(50, 70, 7, 3),
            lift=4,
        )
        heel = scene.mask(move(oval(378, 470, 66, 62, -30), dx, dy)) * whole
        toe = scene.mask(move(oval(84, 566, 74, 66, -25), dx, dy)) * whole
        for patch in (heel, toe):
            scene.form(patch, ribbed(accent, 3), CLOTH, edge=40, depth=0.7, lift=0)
        cuff = scene.mask(move(slab(250, 50, 390, 140), dx, dy)) * whole
        scene.form(cuff, ribbed(colour, 6), CLOTH, edge=40, depth=0.7, lift=2)
        for y in (88, 106):
            scene.line(move([(256, y), (380, y)], dx, dy), 8, accent, 0.9, 0.4, within=whole)


def umbrella(scene: Scene, colour: str, second: str) -> None:
    """An open umbrella from the side, with a crook handle."""
    apex, rim = (320.0, 96.0), 336.0
    points = [46.0, 132.0, 244.0, 396.0, 508.0, 594.0]
    shaft = slab(316, 90, 324, 520, 2)
    scene.shadow(scene.mask(shaft), 6, 8, 6, 0.3)
    inside = spline("48,337! 84,304 180,290 320,286 460,290 556,304 592,337! 460,356 320,362 180,356")
    scene.form(inside, darker(colour, 0.6), CLOTH, edge=30, lift=0)
    scene.form(shaft, "#c9ccd1", METAL, edge=7, lift=0)
    for i, (left, right) in enumerate(pairwise(points)):
        scene.form(_gore(apex, left, right, rim), second if i % 2 else colour, CLOTH, edge=44, depth=0.7, lift=2)
    dome: Outline = [*oval(320, rim, 276, 240, start=180, end=360)]
    glow = scene.soft(scene.mask(oval(240, 190, 120, 50, -32)), 34) * scene.mask(dome)
    scene.lay(glow, "#ffffff", 0.16)
    scene.form(slab(315, 66, 325, 104, 4), "#b9bcc2", METAL, edge=7, lift=1)
    for x in points:
        scene.form(oval(x, rim + 3, 4, 5), "#d5d8dc", METAL, edge=4, lift=1)
    crook = spline("320,470 320,540 326,578 354,594 384,578 388,548", False)
    scene.form(ribbon(crook, 19), "#8a5a33", PATENT, edge=16, lift=3)
    scene.form(slab(309, 462, 331, 476, 3), "#b9bcc2", METAL, edge=8, lift=1)


def _gore(apex: tuple[float, float], left: float, right: float, rim: float) -> Outline:
    """One panel of the canopy: ribs bulge outwards, the hem is a shallow arc."""

    def rib(x: float) -> Outline:
        reach = x - apex[0]
        angles = [math.pi / 2 * t / 24 for t in range(25)]
        return [(apex[0] + reach * math.sin(a), rim - (rim - apex[1]) * math.cos(a)) for a in angles]

    hem = [(left + (right - left) * t / 12, rim - 22 * math.sin(math.pi * t / 12)) for t in range(1, 12)]
    return rib(left) + hem + rib(right)[::-1]
