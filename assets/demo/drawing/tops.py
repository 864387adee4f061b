"""T-shirts, polo shirts, shirts, hoodies and jackets, seen from the front as if worn by an unseen figure."""

from collections.abc import Callable

from drawing.outline import Outline, flip, oval, slab, spline, symmetric
from drawing.paint import Paint, darker, lighter, ribbed, solid
from drawing.scene import Fold, Scene
from drawing.surface import CARD, CLOTH, LEATHER, METAL, Array, Material

AXIS = 240.0
Cloth = Callable[[float], Paint]  # the pattern of a cloth that is turned by so many degrees
Print = Callable[[Scene, Array], None]  # draws on the chest, inside the mask of the torso

SHORT_SLEEVE = "358,98! 388,118 414,168 440,246! 414,266 380,280! 368,250 354,216! 346,160"
LONG_SLEEVE = "350,102! 386,124 406,190 420,290 433,400 442,520! 420,528 392,528! 384,420 374,330 352,226! 342,160"
TEE_TORSO = "240,134 268,126 286,104 294,78! 330,88 362,100! 355,150 358,218! 357,330 361,450 366,556! 304,567 240,569"
LONG_TORSO = "240,120 266,110 284,92 292,76! 326,88 354,104! 348,160 355,226! 352,330 354,450 357,556! 304,566 240,568"


def plain(colour: str) -> Cloth:
    return lambda turn: solid(colour)


def button(scene: Scene, cx: float, cy: float, radius: float, colour: str) -> None:
    scene.form(oval(cx, cy, radius, radius), colour, CARD, edge=radius, depth=0.5, lift=1.4)
    for dx, dy in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
        eye = oval(cx + dx * radius * 0.26, cy + dy * radius * 0.26, radius * 0.15, radius * 0.15)
        scene.lay(scene.mask(eye), darker(colour, 0.6))


def inner_neck(scene: Scene, top: float, bottom: float, half: float, colour: str) -> None:
    """The inside of the back, seen through the neck opening, with a woven label."""
    opening = symmetric(
        f"{AXIS},{top + 8} {AXIS + half * 0.6},{top + 5} {AXIS + half},{top}! "
        f"{AXIS + half * 0.8},{(top + bottom) / 2 + 4} {AXIS},{bottom}",
        AXIS,
    )
    inside = scene.mask(opening)
    scene.lay(inside, darker(colour, 0.45))
    scene.form(slab(AXIS - 15, top + 15, AXIS + 15, top + 30, 1), "#e9e7e2", CARD, edge=3, lift=0.6)
    scene.line([(AXIS - 8, top + 22), (AXIS + 8, top + 22)], 2.2, "#55585f", 0.8)
    scene.lay(scene.soft(scene.mask(oval(AXIS, bottom + 6, half, (bottom - top) * 0.55)), 9) * inside, "#000000", 0.35)


def body_folds(scene: Scene, seed: int, strength: float = 1.0) -> Array:
    """Folds from the armpits down to the waist and soft upright waves below."""
    slants: list[Fold] = [
        (spline("352,232 318,262 280,312", closed=False), 15, 6.5),
        (spline("354,262 330,312 312,384", closed=False), 16, 5.5),
        (spline("350,392 306,428 258,446", closed=False), 18, 4.5),
        (spline("356,506 300,470 254,480", closed=False), 20, 4.0),
    ]
    folds = slants + [
        (flip(line, AXIS + (i % 2) * 5), width, -height) for i, (line, width, height) in enumerate(slants)
    ]
    waves = scene.ripples(38, 210, 9.0, seed, turn=4) + scene.ripples(60, 46, 7.0, seed + 7, turn=-25)
    return strength * (scene.folds(folds) + waves)


def sleeves(
    scene: Scene,
    cloth: Cloth,
    half: str,
    turn: float,
    seed: int,
    cuff: Cloth | None = None,
    material: Material = CLOTH,
) -> list[Array]:
    """Both sleeves; the cuff, where given, is the last forty design units of a long sleeve."""
    right = spline(half)
    masks = []
    for side, outline in ((1, right), (-1, flip(right, AXIS))):
        relief = scene.ripples(48, 24, 6.5, seed + side, turn=side * 30) + scene.ripples(
            20, 120, 4.0, seed, turn=side * 8
        )
        mask = scene.form(outline, cloth(side * turn), material, edge=34, depth=0.75, relief=relief, lift=3)
        if cuff is not None:
            end = mask * (scene.y > 488)
            scene.form(end, cuff(side * turn), edge=22, depth=0.8, lift=2)
        masks.append(mask)
    return masks


def torso(scene: Scene, cloth: Cloth, half: str, seed: int, strength: float = 1.0) -> Array:
    return scene.form(
        symmetric(half, AXIS), cloth(0), edge=46, depth=0.7, relief=body_folds(scene, seed, strength), lift=3
    )


def garment_shadow(scene: Scene, *halves: str) -> None:
    """The shadow of the whole garment on the backdrop: one torso and a pair of sleeves."""
    right = spline(halves[1])
    whole = scene.mask(symmetric(halves[0], AXIS), right, flip(right, AXIS))
    scene.shadow(whole, 5, 11, 15, 0.3)


def crew_collar(scene: Scene, colour: str) -> None:
    curve = spline("190,76! 197,104 214,127 240,135 266,127 283,104 290,76!", closed=False)
    scene.line(curve, 13, darker(colour, 0.2), 0.6, 2.0)
    scene.line(curve, 11, ribbed(colour, 3.4), 1.0, 0.4)
    scene.line(curve, 3, lighter(colour, 0.35), 0.35, 1.5)
    back = spline("190,77! 214,84 240,87 266,84 290,77!", closed=False)
    scene.line(back, 10, ribbed(darker(colour, 0.16), 3.4), 1.0, 0.4)


def t_shirt(scene: Scene, cloth: Cloth, trim: str, seed: int = 1, art: Print | None = None) -> None:
    garment_shadow(scene, TEE_TORSO, SHORT_SLEEVE)
    inner_neck(scene, 78, 150, 54, trim)
    arms = sleeves(scene, cloth, SHORT_SLEEVE, -26, seed)
    front = torso(scene, cloth, TEE_TORSO, seed)
    if art is not None:
        art(scene, front)
    crew_collar(scene, trim)
    thread = lighter(trim, 0.25)
    hem = spline("114,547 180,557 240,560 300,557 366,547", closed=False)
    scene.seam(hem, thread, within=front, gap=2)
    cuff = spline("374,269 410,256 438,237", closed=False)
    scene.seam(cuff, thread, within=arms[0], gap=2)
    scene.seam(flip(cuff, AXIS), thread, within=arms[1], gap=2)


def polo_shirt(scene: Scene, cloth: Cloth, trim: str, seed: int = 2) -> None:
    garment_shadow(scene, TEE_TORSO, SHORT_SLEEVE)
    inner_neck(scene, 74, 150, 52, trim)
    arms = sleeves(scene, cloth, SHORT_SLEEVE, -26, seed)
    for side, arm in zip((1, -1), arms, strict=True):
        cuff = spline("372,274 408,261 442,242", closed=False)
        scene.line(cuff if side > 0 else flip(cuff, AXIS), 15, ribbed(trim, 2.8), 0.8, 0.5, within=arm)
    front = torso(scene, cloth, TEE_TORSO, seed)
    scene.form(slab(228, 124, 252, 226, 2), cloth(0), edge=5, depth=0.6, lift=1.5)
    scene.seam([(229, 130), (229, 222), (251, 222), (251, 130)], lighter(trim, 0.3), gap=1.5)
    for y in (160, 204):
        button(scene, 240, y, 5.0, "#f1efe8")
    leaf = spline("241,128! 252,116 286,70! 300,78 304,104 270,152! 252,140")
    scene.form(flip(leaf, AXIS), ribbed(trim, 2.6), edge=9, depth=0.8, lift=3)
    scene.form(leaf, ribbed(trim, 2.6), edge=9, depth=0.8, lift=3)
    scene.seam(spline("114,547 180,557 240,560 300,557 366,547", closed=False), lighter(trim, 0.25), front, 2)


def shirt(scene: Scene, cloth: Cloth, trim: str, buttons: str, seed: int = 3) -> None:
    hem = "352,330 354,440 358,520! 334,548 290,572 240,578"
    half = LONG_TORSO.split("352,330")[0] + hem
    garment_shadow(scene, half, LONG_SLEEVE)
    inner_neck(scene, 70, 132, 48, trim)
    sleeves(scene, cloth, LONG_SLEEVE, -7, seed, cuff=cloth)
    for x in (417, 63):
        button(scene, x, 510, 3.6, buttons)
    front = torso(scene, cloth, half, seed, 1.1)
    scene.form(slab(228, 112, 252, 577, 0), cloth(0), edge=4, depth=0.6, lift=1.2)
    for x in (231, 249):
        scene.line([(x, 118), (x, 574)], 0.8, darker(trim, 0.5), 0.5, dash=(3, 2), within=front)
    for y in range(150, 560, 62):
        button(scene, 240, y, 4.4, buttons)
    pocket = spline("268,214! 322,214! 322,268! 295,282! 268,268!")
    scene.form(pocket, cloth(0), edge=4, depth=0.5, lift=1.6)
    scene.line([(269, 226), (321, 226)], 0.8, darker(trim, 0.5), 0.6, dash=(3, 2))
    shirt_collar(scene, cloth, trim)


def shirt_collar(scene: Scene, cloth: Cloth, trim: str) -> None:
    """A turned-down collar: the band behind the neck and two pointed leaves."""
    band = symmetric("240,72 270,70 288,66! 290,80 268,92 240,96", AXIS)
    scene.form(band, cloth(0), edge=8, lift=1)
    scene.lay(scene.soft(scene.mask(oval(AXIS, 104, 34, 16)), 6) * scene.mask(band), "#000000", 0.3)
    leaf = spline("241,122! 262,102 287,64! 300,76 306,110 280,160! 256,142")
    for outline, turn in ((flip(leaf, AXIS), -38.0), (leaf, 38.0)):
        scene.form(outline, cloth(turn), edge=7, depth=0.8, lift=3.5)
    edge = spline("246,126! 258,138 278,153! 300,110 295,82", closed=False)
    for line in (edge, flip(edge, AXIS)):
        scene.line(line, 0.8, darker(trim, 0.5), 0.5, dash=(3, 2))
    button(scene, 240, 126, 4.2, "#f3f1ea")


def hoodie(scene: Scene, cloth: Cloth, colour: str, cord: str, seed: int = 4) -> None:
    garment_shadow(scene, LONG_TORSO, LONG_SLEEVE)
    ribs: Cloth = lambda turn: ribbed(colour, 4)  # noqa: E731 - a cloth is a function of its turn
    sleeves(scene, cloth, LONG_SLEEVE, -7, seed, cuff=ribs)
    front = torso(scene, cloth, LONG_TORSO, seed, 1.3)
    scene.form(front * (scene.y > 528), ribbed(colour, 4), edge=20, depth=0.9, lift=2.5)
    pouch = symmetric("240,392! 292,392! 326,468! 326,524! 240,524!", AXIS)
    scene.form(pouch, cloth(0), edge=9, depth=0.8, relief=scene.ripples(60, 50, 6, seed), lift=3)
    for line in (spline("290,394! 323,468!", closed=False), spline("190,394! 157,468!", closed=False)):
        scene.seam(line, lighter(colour, 0.25), gap=2)
    hood(scene, cloth, colour)
    for x, length, bend in ((222, 276, -4), (258, 262, 5)):
        string = spline(f"{x},172 {x + bend},220 {x + bend * 0.5},{length}", closed=False)
        scene.line([(a + 2, b + 3) for a, b in string], 4, "#000000", 0.3, 1.5)
        scene.line(string, 4, ribbed(cord, 2.2, across=True))
        scene.form(slab(x + bend * 0.5 - 2.6, length, x + bend * 0.5 + 2.6, length + 12, 1), "#b9bcc2", METAL, edge=3)


def hood(scene: Scene, cloth: Cloth, colour: str) -> None:
    """A hood that lies open round the neck: its outside, the dark inside and the crossing front edges."""
    outside = symmetric("240,40 282,44 310,76 318,118 304,150 270,178 240,190", AXIS)
    scene.form(outside, cloth(0), edge=40, depth=0.9, relief=scene.ripples(40, 60, 6, 11), lift=4)
    inside = symmetric("240,66 270,70 284,96 276,128 258,154 240,172", AXIS)
    hollow = scene.form(inside, darker(colour, 0.42), edge=26, depth=-0.9, lift=0)
    scene.lay(scene.soft(scene.mask(oval(AXIS, 84, 42, 24)), 14) * hollow, "#000000", 0.35)
    rim = spline("240,172 258,154 276,128 284,96 270,70 240,66 210,70 196,96 204,128 222,154 240,172", closed=False)
    scene.line(rim, 11, cloth(0), 1.0, 0.5)
    scene.line(rim, 2.5, lighter(colour, 0.5), 0.45, 1.5)
    scene.line([(x, y + 5) for x, y in rim], 1, darker(colour, 0.5), 0.5, dash=(3, 2))
    for x, y in ((222, 170), (258, 170)):
        scene.form(oval(x, y, 4.5, 4.5), "#9a9da4", METAL, edge=4)
        scene.lay(scene.mask(oval(x, y, 2, 2)), "#222222")


def jacket(scene: Scene, colour: str, lining: str, metal: str, seed: int = 6, material: Material = LEATHER) -> None:
    """A zipped jacket with a stand-up collar, slanted pockets and ribbed hem and cuffs."""
    garment_shadow(scene, LONG_TORSO, LONG_SLEEVE)
    inner_neck(scene, 66, 140, 46, lining)
    ribs: Cloth = lambda turn: ribbed(darker(colour, 0.25), 4)  # noqa: E731 - a cloth is a function of its turn
    sleeves(scene, plain(colour), LONG_SLEEVE, -7, seed, cuff=ribs, material=material)
    relief = body_folds(scene, seed, 1.5)
    front = scene.form(symmetric(LONG_TORSO, AXIS), colour, material, edge=46, depth=0.7, relief=relief, lift=3)
    scene.form(front * (scene.y > 520), ribbed(darker(colour, 0.25), 4), CLOTH, edge=20, depth=0.9, lift=2.5)
    thread = lighter(colour, 0.3)
    yoke = spline("346,196 300,210 250,212", closed=False)
    pocket: Outline = spline("322,374! 292,452!", closed=False)
    for line in (yoke, flip(yoke, AXIS)):
        scene.seam(line, thread, within=front)
    for line in (pocket, flip(pocket, AXIS)):
        scene.line(line, 9, darker(colour, 0.5), 0.9, 0.6)
        scene.line(line, 2.6, metal, 0.95, dash=(2, 1.4))
    zip_fastener(scene, colour, metal)
    leaf = spline("244,142! 246,110 282,66! 300,72 306,100 290,128 262,146!")
    for outline in (flip(leaf, AXIS), leaf):
        scene.form(outline, ribbed(darker(colour, 0.18), 4.2), material, edge=12, lift=3.5)


def zip_fastener(scene: Scene, colour: str, metal: str) -> None:
    scene.form(slab(230, 136, 250, 566, 0), darker(colour, 0.18), edge=4, depth=0.6, lift=1.5)
    scene.line([(240, 136), (240, 564)], 6.5, darker(colour, 0.6))
    scene.line([(240, 136), (240, 564)], 4.2, metal, 0.95, dash=(2.2, 1.6))
    scene.form(slab(235.5, 146, 244.5, 160, 3), metal, METAL, edge=5)
    scene.form(slab(237.5, 160, 242.5, 184, 2), metal, METAL, edge=4)
