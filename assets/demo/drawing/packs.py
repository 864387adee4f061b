"""Cartons and cups: milk, juice, yoghurt."""

import numpy as np

from drawing.outline import Outline, move, oval, spline
from drawing.paint import across, blend, darker, lighter, solid
from drawing.scene import Scene
from drawing.surface import CARD, METAL, PATENT, Array, Material

CUP = Material(ambient=0.62, gloss=0.22, sharpness=30)


def carton(scene: Scene, colour: str, side: str) -> Array:
    """A gable-top carton seen from its right front edge; returns the mask of the front."""
    scene.ground(250, 596, 170, 20, 0.6)
    front = [(92.0, 200.0), (300.0, 214.0), (300.0, 606.0), (92.0, 580.0)]
    right = [(300.0, 214.0), (396.0, 196.0), (396.0, 572.0), (300.0, 606.0)]
    roof = [(92.0, 200.0), (128.0, 96.0), (322.0, 102.0), (300.0, 214.0)]
    gable = [(300.0, 214.0), (322.0, 102.0), (396.0, 196.0)]
    fin = [(126.0, 52.0), (326.0, 56.0), (322.0, 104.0), (128.0, 98.0)]
    scene.form(right, across(darker(side, 0.2), darker(side, 0.36), (300, 300), (396, 300)), CARD, edge=3, lift=0)
    scene.form(gable, darker(side, 0.34), CARD, edge=3, lift=0)
    scene.form([(322.0, 102.0), (396.0, 196.0), (352.0, 206.0)], darker(side, 0.2), CARD, edge=3, lift=0)
    scene.form(roof, across(lighter(side, 0.12), darker(side, 0.08), (200, 96), (200, 210)), CARD, edge=3, lift=0)
    scene.form(fin, lighter(side, 0.06), CARD, edge=5, lift=2)
    for dy in (14, 22, 30):
        scene.line([(127, 52 + dy), (325, 56 + dy)], 1.0, "#000000", 0.16)
    return scene.form(front, across(colour, darker(colour, 0.08), (92, 400), (300, 400)), CARD, edge=4, lift=0)


def screw_cap(scene: Scene, colour: str) -> None:
    scene.form(oval(216, 158, 40, 24, 4), darker(colour, 0.3), PATENT, edge=10, lift=4)
    scene.form(oval(215, 146, 37, 22, 4), colour, PATENT, edge=12, lift=0)
    scene.line(oval(215, 146, 26, 14, 4), 1.6, darker(colour, 0.3), 0.6, 0.4)


def milk_carton(scene: Scene, blue: str = "#2a69b5") -> None:
    front = carton(scene, "#f6f8fa", "#e9eef3")
    hills = spline("92,440! 130,420 180,446 236,428 300,452! 300,606! 92,580!")
    scene.lay(scene.mask(hills) * front, "#7cb356")
    meadow = spline("92,492! 150,476 220,498 300,484! 300,606! 92,580!")
    scene.lay(scene.mask(meadow) * front, "#4f9440")
    band = [(92.0, 226.0), (300.0, 240.0), (300.0, 360.0), (92.0, 344.0)]
    scene.lay(scene.mask(band) * front, blue)
    sideways = [(300.0, 240.0), (396.0, 222.0), (396.0, 340.0), (300.0, 360.0)]
    scene.lay(scene.mask(sideways), darker(blue, 0.3))
    scene.letters("MILK", 196, 284, 62, "#ffffff")
    scene.letters("whole · 3.5 % fat", 196, 330, 17, "#dbe9f8")
    _splash(scene, front)
    scene.letters("1 litre", 132, 566, 15, "#ffffff")
    screw_cap(scene, blue)
    _nutrition(scene)


def _splash(scene: Scene, front: Array) -> None:
    glass = spline("160,392! 236,394! 226,520! 170,518!")
    scene.form(scene.mask(glass) * front, across("#ffffff", "#e3ebf2", (160, 400), (240, 400)), PATENT, edge=16, lift=4)
    scene.form(oval(198, 393, 38, 9), "#fdfefe", CARD, edge=6, lift=0)
    scene.line(oval(198, 393, 38, 9), 1.6, "#c3d2e0", 0.9)


def _nutrition(scene: Scene) -> None:
    """Small print on the side."""
    for i in range(9):
        y = 400 + 15 * i
        scene.line([(314, y + 1), (382 if i % 3 else 366, y - 13)], 2.2, "#5b6b7c", 0.5)


def juice_carton(scene: Scene, fruit: str = "#f28a17") -> None:
    front = carton(scene, "#fdf3dc", "#f4b13c")
    wave = spline("92,400! 150,370 220,398 300,372! 300,606! 92,580!")
    scene.lay(scene.mask(wave) * front, across("#f7a325", "#ea7412", (200, 380), (200, 600)))
    scene.letters("ORANGE", 196, 262, 40, "#d8620c")
    scene.letters("JUICE", 196, 306, 40, "#3f7d32")
    scene.letters("100 % squeezed", 196, 344, 17, "#7a5a2c")
    scene.form(scene.mask(oval(196, 470, 78, 76)) * front, fruit, PATENT, edge=400, depth=0.5, lift=4)
    scene.form(scene.mask(oval(196, 470, 70, 68)) * front, "#fdeccb", CARD, edge=4, lift=0)
    for i in range(9):
        wedge = spline("3,-8! 14,-34 19,-54 0,-62 -19,-54 -14,-34 -3,-8!")
        scene.form(move(wedge, 196, 470, 40 * i), "#f79a22", PATENT, edge=8, depth=0.6, lift=0)
    leaf = spline("0,0! 22,-22 58,-24 86,-4! 58,12 24,12")
    scene.form(move(leaf, 236, 408, -14), "#4f9440", PATENT, edge=12, lift=3)
    scene.letters("1 litre", 132, 566, 15, "#ffffff")
    screw_cap(scene, "#3f8a36")
    _nutrition(scene)


def yoghurt_cup(scene: Scene) -> None:
    """A tapered cup with a foil lid and strawberries on the label."""
    scene.ground(320, 566, 180, 22, 0.6)
    cup = spline("128,196! 512,196! 486,550! 320,566 154,550!")
    pink = across("#f6c4d0", "#ee8fa8", (320, 270), (320, 480))
    label = blend(solid("#fbfaf8"), pink, lambda x, y: (105 - np.abs(y - 382 + ((x - 320) / 44) ** 2)) / 0.8)
    scene.form(cup, label, CUP, edge=150, depth=0.7, lift=0)
    scene.letters("Yoghurt", 320, 330, 60, "#b01f45")
    scene.letters("strawberry · mild and creamy", 320, 374, 18, "#7d2440")
    for cx, cy, size, turn in ((262.0, 444.0, 0.6, -14.0), (378.0, 444.0, 0.6, 16.0), (320.0, 448.0, 0.74, 0.0)):
        _strawberry(scene, cx, cy, size, turn)
    lid = spline("112,184 130,164 220,146 320,142 420,146 510,164 528,184 514,202 420,222 320,228 220,222 126,202")
    scene.form(lid, "#d9dce1", METAL, edge=12, depth=0.6, relief=scene.ripples(26, 12, 1.6, 3), lift=4)
    top = oval(320, 182, 182, 33)
    scene.form(top, "#f2b6c5", CARD, edge=4, lift=0)
    scene.line(top, 2.4, "#ffffff", 0.8, 0.5)
    scene.form(spline("490,204! 530,196 556,214 548,236 516,226!"), "#cfd3d9", METAL, edge=8, lift=3)


def _strawberry(scene: Scene, cx: float, cy: float, size: float, turn: float) -> None:
    def placed(points: Outline) -> Outline:
        return move(points, cx, cy, turn, size)

    berry = spline("0,-44 32,-52 58,-34 58,0 34,46 0,74 -34,46 -58,0 -58,-34 -32,-52")
    scene.form(placed(berry), "#d8222f", PATENT, edge=200, depth=0.7, lift=5)
    for row in range(5):
        for column in range(-2, 3):
            x, y = column * 20 + (row % 2) * 10 - 5, -26 + row * 18
            if abs(x) < 50 - max(0, y) * 0.7:
                scene.lay(scene.mask(placed(oval(x, y, 2.2, 3.4))), "#f6d27a", 0.9)
    for angle in (-160, -120, -90, -60, -20):
        sepal = move(spline("0,-7! 24,-10 44,0! 24,10 0,7!"), 0, -46, angle)
        scene.form(placed(sepal), "#4f9440", PATENT, edge=8, lift=2)
