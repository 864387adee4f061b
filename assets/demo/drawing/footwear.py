"""Shoes in side view with the toe to the left, and flip flops seen from above."""

import numpy as np

from drawing.outline import Outline, beside, move, oval, ribbon, slab, spline, squash
from drawing.paint import Paint, across, blend, darker, lighter, noise, solid
from drawing.scene import Scene
from drawing.surface import CLOTH, LEATHER, METAL, PATENT, RUBBER, Array

UPPER = (
    "62,420 70,386 112,354 176,334 234,302 288,254 326,214! 350,192 376,192 384,206! 398,234 446,254 500,240 "
    "538,204 560,178 578,184! 574,232 570,300 584,372 588,420!"
)


def mesh(colour: str) -> Paint:
    """Knitted mesh: rows of small dark holes."""

    def holes(x: Array, y: Array) -> Array:
        return (
            0.55 * (0.5 + 0.5 * np.cos(2 * np.pi * (x + y) / 6)) * (0.5 + 0.5 * np.cos(2 * np.pi * (x - y) / 6))
        ) ** 1.0

    return blend(solid(colour), solid(darker(colour, 0.75)), holes)


def laces(scene: Scene, holes: Outline, reach: tuple[float, float], colour: str) -> None:
    """A short run of lace from each hole over the edge of the tongue."""
    for x, y in holes:
        scene.lay(scene.mask(oval(x, y, 4.6, 4.2)), "#16161a", 0.9)
        run = spline(f"{x},{y} {x + reach[0] * 0.5 - 3},{y + reach[1] * 0.5 - 4} {x + reach[0]},{y + reach[1]}", False)
        scene.form(ribbon(run, 10, 8.5), colour, CLOTH, edge=6, lift=2.4)


def low(text: str, closed: bool = True) -> Outline:
    """A part of the upper of a sports shoe, brought down to the height of a running shoe."""
    return squash(spline(text, closed), 420, 0.82)


def shallow(text: str, closed: bool = True) -> Outline:
    """A part of the upper of a formal shoe, brought down below the ankle."""
    return squash(spline(text, closed), 446, 0.76)


def sneaker(scene: Scene, body: str, panel: str, accent: str, sole: str, lace: str) -> None:
    scene.ground(326, 486, 300, 26, 0.55)
    far = low("300,240! 340,190 384,196 420,226 500,226 556,176! 560,260! 330,300!")
    scene.form(far, darker(body, 0.5), edge=30, lift=0)
    tongue = low("236,300! 300,236 330,178 352,160 376,166 386,196 392,236! 330,300!")
    scene.form(tongue, mesh(panel), edge=14, lift=0)
    relief = scene.folds(
        [(low("196,332 220,352 232,388", False), 9, -2.5), (low("226,312 252,338 262,372", False), 9, -2.5)]
    )
    upper = scene.form(low(UPPER), mesh(body), edge=70, depth=0.9, relief=relief, lift=3)
    _sneaker_panels(scene, upper, panel, accent)
    lining = low("384,206 398,232 446,252 500,238 538,202 562,178", False)
    scene.form(ribbon(lining, 13), darker(accent, 0.1), edge=8, lift=2)
    laces(scene, squash([(268, 298), (293, 273), (318, 248), (343, 223)], 420, 0.82), (-27, -20), lace)
    _sneaker_sole(scene, sole, accent)


def _sneaker_panels(scene: Scene, upper: Array, panel: str, accent: str) -> None:
    """Toe guard, lace stay, heel counter and the stripes on the side, each with a stitched edge."""
    pieces = [
        low("40,440! 60,380 100,352 140,342! 160,372 206,398 260,408! 260,440!"),
        low("236,302! 326,214! 356,222 372,240! 330,304 290,340 258,338! 244,322"),
        low("486,440! 490,380 512,312 540,250 548,190! 600,170! 600,440!"),
    ]
    for piece in pieces:
        shape = scene.mask(piece) * upper
        scene.form(shape, panel, LEATHER, edge=9, depth=0.5, relief=_rise(scene, upper), lift=2)
        scene.line([*piece, piece[0]], 2.4, darker(panel, 0.4), 0.4, 0.4, within=shape)
    for shift in (0, 48):
        chevron = low(f"{404 + shift},286! {352 + shift},346! {392 + shift},412!", False)
        shape = scene.mask(ribbon(chevron, 19)) * upper * (1 - scene.mask(pieces[2]))
        scene.form(shape, accent, LEATHER, edge=5, depth=0.5, relief=_rise(scene, upper), lift=1.6)


def _rise(scene: Scene, upper: Array) -> Array:
    """A gentle rounding of the whole upper, so that a panel on it is lit like the shoe."""
    return scene.soft(upper, 26) * np.float32(34)


def _sneaker_sole(scene: Scene, sole: str, accent: str) -> None:
    outsole = spline("56,452 74,474 120,484 330,487 540,484 584,474 604,446 330,452")
    scene.form(outsole, darker(accent, 0.25), RUBBER, edge=10, lift=0)
    middle = spline(
        "52,430 54,410 76,404 130,412 230,416 340,412 450,400 540,392 590,386 604,396 608,424 602,452 566,470 330,475 "
        "120,472 72,460"
    )
    mask = scene.form(middle, sole, RUBBER, edge=20, lift=3)
    groove = spline("58,442 180,450 330,448 480,440 604,430", False)
    scene.line(groove, 2, darker(sole, 0.5), 0.5, 0.6, within=mask)
    tread = scene.mask(outsole) * (1 - mask)
    for x in range(96, 600, 18):
        scene.line([(x, 490), (x + 7, 470)], 3, "#000000", 0.4, 0.5, within=tread)


def formal_shoe(scene: Scene, colour: str, sole: str = "#2c1c14") -> None:
    scene.ground(322, 480, 300, 24, 0.6)
    inside = shallow("352,262! 400,226 470,234 560,212! 560,290! 400,300!")
    scene.form(inside, darker(colour, 0.6), LEATHER, edge=26, lift=0)
    tongue = shallow("270,318! 330,250 356,222 380,216 400,228 396,268! 340,310!")
    scene.form(tongue, darker(colour, 0.15), LEATHER, edge=14, lift=1)
    polish = across(darker(colour, 0.35), colour, (40, 420), (230, 330))
    upper = scene.form(
        shallow(
            "36,446! 38,424 80,394 150,376 222,350 282,308 336,262 372,238 396,242! 420,262 470,268 530,252 572,218! "
            "586,226 588,280 584,340 594,400 598,446!"
        ),
        polish,
        LEATHER,
        edge=80,
        depth=1.0,
        lift=3,
    )
    _formal_panels(scene, upper, colour)
    laces(scene, squash([(296, 322), (320, 302), (344, 282), (368, 264)], 446, 0.76), (-23, -20), darker(colour, 0.55))
    heel = spline("440,452! 600,446! 605,484! 454,486! 446,470")
    scene.form(heel, sole, LEATHER, edge=12, lift=0)
    welt = spline(
        "30,448! 60,443 200,446 330,444 460,438 602,436! 604,456! 440,459 340,464 240,476 140,480 70,472 34,460"
    )
    scene.form(welt, lighter(sole, 0.12), LEATHER, edge=9, lift=2)
    scene.line(spline("36,451 200,452 330,450 460,444 602,442", False), 1.2, "#cfa878", 0.9, dash=(3, 3))


def _formal_panels(scene: Scene, upper: Array, colour: str) -> None:
    """Toe cap and facing with a double row of stitches and broguing."""
    facing = shallow("258,342! 330,262 372,236 396,240! 414,262 420,286 380,320 330,352 286,364 264,356")
    shape = scene.mask(facing) * upper
    scene.form(shape, colour, LEATHER, edge=8, depth=0.5, relief=_rise(scene, upper), lift=2.4)
    seams = [
        shallow("172,368 186,396 188,424 184,448", False),
        shallow("264,356 286,364 330,352 380,320 420,286", False),
        shallow("452,448 462,380 486,318 520,258", False),
        shallow("402,256 440,278 500,274 578,238", False),
    ]
    for seam in seams:
        scene.seam(seam, lighter(colour, 0.35), within=upper, gap=2.2)
        scene.seam([(x + 7, y + 3) for x, y in seam], lighter(colour, 0.35), within=upper, gap=2.2)
    for x, y in seams[0][::3]:
        scene.lay(scene.mask(oval(x - 8, y, 2.2, 2.2)) * upper, darker(colour, 0.7), 0.9)


def heel_pump(scene: Scene, colour: str) -> None:
    """A pointed pump on a high thin heel."""
    scene.ground(190, 524, 170, 16, 0.55)
    scene.ground(556, 534, 46, 9, 0.5)
    far = spline("196,424! 280,396 372,344 452,268 528,168! 560,200! 470,320 330,440 220,470!")
    scene.form(far, "#d8b79a", LEATHER, edge=30, depth=-0.6, lift=0)
    spike = spline("498,330! 560,250! 584,236 580,300 568,400 563,532! 547,532! 546,440 536,380 520,350")
    scene.form(spike, darker(colour, 0.12), PATENT, edge=16, lift=0)
    scene.form(slab(546, 524, 564, 534, 1), "#1c1a1b", RUBBER, edge=4, lift=0)
    sole = spline("44,506! 90,522 180,528 262,520 340,482 430,412 520,358 560,330! 520,338 420,390 330,456 240,500")
    scene.form(sole, "#3a2a24", LEATHER, edge=6, lift=0)
    upper = spline(
        "34,504! 54,478 110,450 168,432 206,418! 230,440 282,442 352,406 430,344 492,262 530,172! 552,158 578,166! "
        "592,212 588,270 560,330! 500,356 420,402 336,468 256,512 170,520 90,516"
    )
    mask = scene.form(upper, colour, PATENT, edge=56, depth=1.0, lift=3)
    edge = spline("206,418! 230,440 282,442 352,406 430,344 492,262 530,172!", False)
    scene.line(edge, 3.5, lighter(colour, 0.5), 0.5, 0.8, within=mask)


def sandal(scene: Scene, colour: str, bed: str) -> None:
    """A flat leather sandal with two straps over the foot and one round the heel."""
    scene.ground(322, 474, 296, 24, 0.55)
    foot = scene.mask(
        spline(
            "44,452! 60,408 108,380 170,364 240,342 300,296 350,244 400,212 470,196 560,204 592,240 600,330 602,452!"
        )
    )
    toes: Outline = [(92, 480), (126, 280), (246, 250), (226, 480)]
    instep: Outline = [(282, 480), (296, 230), (376, 190), (364, 480)]
    ankle = spline("340,270 400,296 480,294 556,276 596,252", False)
    behind = spline("366,236 420,218 500,208 560,218 594,246", False)
    scene.form(ribbon(behind, 26), darker(colour, 0.5), LEATHER, edge=9, lift=0)
    for strap in (toes, instep):
        scene.form(scene.mask(move(strap, 20, 8)) * foot, darker(colour, 0.62), LEATHER, edge=12, lift=0)
    top = spline("44,440 70,414 160,408 280,414 400,408 520,398 590,396 606,414 560,434 420,440 240,446 90,454")
    scene.form(top, bed, LEATHER, edge=18, depth=-0.3, lift=0)
    counter: Outline = [(528, 480), (544, 330), (552, 244), (620, 244), (620, 480)]
    for strap in (counter, toes, instep):
        mask = scene.form(scene.mask(strap) * foot, colour, LEATHER, edge=15, relief=_rise(scene, foot) * 0.6, lift=5)
        for a, b in ((0, 1), (-1, -2)):
            inset = 9 if a == 0 else -9
            scene.line(
                [(x + inset, y) for x, y in (strap[a], strap[b])],
                1.3,
                lighter(colour, 0.5),
                0.85,
                dash=(5, 4),
                within=mask,
            )
    scene.form(ribbon(ankle, 30), colour, LEATHER, edge=12, lift=4)
    for side in (10.0, -10.0):
        scene.line(beside(ankle, [side] * len(ankle)), 1.2, lighter(colour, 0.5), 0.85, dash=(5, 4))
    buckle, hole = move(slab(-17, -22, 17, 22, 5), 440, 294, 3), move(slab(-10, -15, 10, 15, 3), 440, 294, 3)
    scene.form(scene.mask(buckle, holes=(hole,)), "#d4b06a", METAL, edge=5, lift=3)
    scene.line([(430, 294), (458, 294)], 4, "#a88545")
    _sandal_sole(scene, bed)


def _sandal_sole(scene: Scene, bed: str) -> None:
    layers = spline("40,438! 90,452 240,448 420,440 560,432 608,412! 612,438 600,458 420,464 240,474 90,476 48,458")
    scene.form(layers, darker(bed, 0.2), LEATHER, edge=12, lift=2)
    scene.line(spline("46,456 90,464 240,461 420,452 604,436", False), 1.4, darker(bed, 0.55), 0.6, 0.4)
    tread = spline("46,454! 90,470 240,467 420,458 606,446! 602,468 420,476 240,486 90,486 54,476")
    scene.form(tread, "#2a211d", RUBBER, edge=8, lift=0)


def flip_flops(scene: Scene, colour: str, strap: str) -> None:
    """A pair seen from above, toes up, a little apart."""
    right = spline(
        "0,-236 52,-222 84,-160 84,-90 72,0 66,90 68,160 44,222 0,240 "
        "-44,222 -62,160 -62,90 -70,0 -78,-90 -68,-170 -42,-222"
    )
    for cx, side in ((206.0, -1), (434.0, 1)):
        outline = move([(x * side, y) for x, y in right], cx, 324, side * 5)
        mask = scene.mask(outline)
        scene.shadow(mask, 7, 15, 12, 0.4)
        scene.form(move(outline, 3, 8), darker(colour, 0.45), RUBBER, edge=10, lift=0)
        grain = blend(solid(colour), solid(darker(colour, 0.25)), lambda x, y: 0.6 * noise(x, y, 2.2, 2.2, 9))
        top = scene.form(outline, grain, RUBBER, edge=12, depth=0.8, lift=0)
        inner = move([(x * side * 0.87, y * 0.93) for x, y in right], cx, 324, side * 5)
        scene.line([*inner, inner[0]], 2.2, darker(colour, 0.35), 0.6, 0.5, within=top)
        heel = move(oval(0, 150, 44, 62), cx, 324, side * 5)
        scene.lay(scene.soft(scene.mask(heel), 14) * top, "#000000", 0.12)
        post = (-14.0 * side, -150.0)
        for end in (-52.0, 54.0):
            bow = spline(f"{post[0]},{post[1]} {end * 0.72 * side + post[0] * 0.25},-76 {end * side},30", False)
            scene.form(ribbon(move(bow, cx, 324, side * 5), 17, 25), strap, RUBBER, edge=13, lift=6)
        knob = move([post], cx, 324, side * 5)[0]
        scene.form(oval(knob[0], knob[1], 14, 14), strap, RUBBER, edge=14, lift=4)
