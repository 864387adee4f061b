"""Products as they are, made up."""

import random
from dataclasses import dataclass

COLOURS = ("Red", "Navy blue", "Green", "Black")
THINGS = ("Trail shoe", "Oak table", "Rain jacket", "Steel kettle", "Wool scarf", "Desk lamp")
BRANDS = ("Kestrel", "Halden", "Söder & Co", "Café Noir", "O'Neal")
WORDS = ("light", "sturdy", "washable", "for children", "hand made", "50 % recycled", "size < 40", "R&D tested")


@dataclass(frozen=True)
class Truth:
    """A product as it is. price: what a shopper pays."""

    id: str
    title: str
    description: str
    brand: str
    price: float
    list_price: float | None
    colour: str
    gtin: str
    images: tuple[str, ...]
    product_type: str
    active: bool = True
    available: bool = True


def products(draw: random.Random, count: int) -> list[Truth]:
    return [product(draw, number) for number in range(count)]


def product(draw: random.Random, number: int) -> Truth:
    price = draw.choice((9.9, 24.95, 79.9, 149.0, 1299.5, 12345.67))
    images = tuple(f"img/{number}-{place}.jpg" for place in range(draw.randint(1, 3)))
    return Truth(
        id=f"A{number:03}-{draw.randint(100, 999)}",
        title=f"{draw.choice(THINGS)} {draw.choice(COLOURS).lower()} No {number}",
        description=f"{draw.choice(THINGS)}, {draw.choice(WORDS)}.",
        brand=draw.choice(BRANDS),
        price=price,
        list_price=round(price * 1.25, 2) if draw.random() < 0.4 else None,
        colour=draw.choice(COLOURS),
        gtin=with_check_digit(f"{400638100000 + draw.randint(0, 99_999):012}"),
        images=images,
        product_type=draw.choice(("Shoes > Sport", "Home > Kitchen", "Clothing")),
        active=draw.random() < 0.8,
        available=draw.random() < 0.8,
    )


def with_check_digit(twelve: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve))
    return twelve + str(-total % 10)
