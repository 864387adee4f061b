"""Pictures printed on garments."""

from drawing.outline import oval, spline
from drawing.scene import Scene
from drawing.surface import Array


def mountains(scene: Scene, cloth: Array) -> None:
    """Three ridges below a low sun, in a round frame; `cloth` is the mask it stays inside."""
    disc = scene.mask(oval(240, 296, 84, 84)) * cloth
    layers = [
        (disc, "#f2c879"),
        (scene.mask(oval(262, 262, 27, 27)) * disc, "#e2603f"),
        (scene.mask(spline("150,340! 196,262! 222,300! 252,250! 330,352! 330,390! 150,390!")) * disc, "#7fa3a8"),
        (scene.mask(spline("238,270! 252,250! 270,273! 258,270! 250,280!")) * disc, "#f4f3ef"),
        (scene.mask(spline("150,362! 210,300! 246,336! 284,296! 332,356! 332,390! 150,390!")) * disc, "#3f6f78"),
        (scene.mask(spline("150,366 200,340 250,358 332,338! 332,392! 150,392!")) * disc, "#1f3b47"),
    ]
    for mask, colour in layers:
        scene.lay(scene.soft(mask, 0.4), colour, 0.93)
    scene.letters("FJELLSTI", 240, 408, 25, "#1f3b47", 0.95)
