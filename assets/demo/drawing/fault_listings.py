"""Ten products with a fault each, for the page Health to find."""

from collections.abc import Sequence
from dataclasses import replace

from drawing import tops
from drawing.listing import Listing


def planted(catalogue: Sequence[Listing]) -> tuple[Listing, ...]:
    """catalogue: the products that these are copies of."""
    known = {listing.slug: listing for listing in catalogue}
    return (
        replace(
            known["navy-t-shirt"],
            title="Halden & Row Men's T-Shirt Crew Neck, Navy",
            description="The everyday T-shirt in combed cotton, with a ribbed crew neck.",
        ),
        replace(
            known["green-polo"],
            slug="red-polo",
            title="Piqué Polo Shirt, Cherry Red",
            color="red",
            draw=lambda s: tops.polo_shirt(s, tops.plain("#b3202f"), "#b3202f"),
        ),
        replace(
            known["bananas"],
            kind="sports shoes",
            title="Men's Road Running Shoes with Cushioned Sole",
            description="A light running shoe with a breathable upper and a sole that gives each step back.",
            brand="Fjellsti",
            price=89.00,
        ),
        replace(
            known["checked-shirt"],
            title="Flannel Work Shirt, Red",
            description="A heavy flannel shirt for cold mornings, with two buttoned pockets.",
            color="green",
            price=44.90,
        ),
        replace(
            known["polka-dot-dress"],
            title="Women's Dotted Wrap Dress",
            description="A wrap dress for warm evenings, with short sleeves and a tied waist.",
            gender="male",
            price=64.90,
        ),
        replace(
            known["olive-shorts"],
            title="Cargo Shorts with Six Pockets, Olive",
            description="Hard-wearing cotton shorts with room for a map.",
            color="",
            price=37.90,
        ),
        replace(
            known["leather-jacket"],
            title="Men's Biker Jacket, Black",
            description="A waxed jacket with padded elbows for the road.",
            gender="",
            price=149.00,
            availability="in_stock",
        ),
        replace(
            known["tartan-scarf"],
            title="SALE!!! BUY NOW TARTAN SCARF BEST PRICE!!!",
            description="A soft scarf with a checked pattern and short fringes.",
            price=18.90,
        ),
        replace(
            known["blue-cap"],
            slug="small-cap",
            title="Baseball Cap with Curved Brim, Blue",
            description="A light cap in brushed cotton, with a buckle at the back.",
            price=16.90,
            reduced=8,
        ),
        replace(
            known["brown-sandals"],
            title="Leather Sandals with Two Straps, Brown",
            description="Two buckled straps over a cork footbed that takes the shape of the foot.",
            brand="",
            price=54.90,
        ),
    )
