"""Draws the demo catalogue: `python assets/demo/draw.py` writes products.csv, faults.csv and images/ beside this file.

The same Pillow and numpy give the same files on every run; nothing is downloaded and nothing is photographed.
`--out` chooses another folder, `--scale 1` draws without supersampling (rougher edges, many times faster).
"""

import argparse
import csv
from pathlib import Path

from drawing.clothes_listings import CLOTHES
from drawing.fault_listings import planted
from drawing.food_listings import FRUIT, PACKED, VEGETABLES
from drawing.listing import COLUMNS, Listing
from drawing.scene import Scene
from drawing.wearing_listings import ACCESSORIES, SHOES

HEIGHT = 640
CATALOGUE = (*CLOTHES, *SHOES, *ACCESSORIES, *FRUIT, *VEGETABLES, *PACKED)
FAULTS = planted(CATALOGUE)


def write_csv(path: Path, listings: tuple[Listing, ...], first: int = 1) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(listing.row(number) for number, listing in enumerate(listings, first))


def draw_images(folder: Path, listing: Listing, scale: int) -> None:
    scene = Scene(listing.width, HEIGHT, scale)
    listing.draw(scene)
    main, *more = listing.images()
    scene.save(folder / main, reduced=listing.reduced)
    for name in more:
        scene.save(folder / name, listing.closeup)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the demo catalogue.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--scale", type=int, default=3, help="supersampling factor")
    options = parser.parse_args()
    (options.out / "images").mkdir(parents=True, exist_ok=True)
    write_csv(options.out / "products.csv", CATALOGUE)
    write_csv(options.out / "faults.csv", FAULTS, len(CATALOGUE) + 1)
    drawn = {listing.slug: listing for listing in (*CATALOGUE, *FAULTS)}
    for listing in drawn.values():
        draw_images(options.out, listing, options.scale)
    print(f"{len(CATALOGUE)} products and {len(FAULTS)} faulty ones drawn")


if __name__ == "__main__":
    main()
