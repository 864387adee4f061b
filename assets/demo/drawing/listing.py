"""One product of the demo catalogue: what the merchant writes and how its picture is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

from drawing.scene import Scene

CLOTHING = "Apparel & Accessories > Clothing > "
WORN = "Apparel & Accessories > Clothing Accessories > "
FRUIT = "Food, Beverages & Tobacco > Food Items > Fruits & Vegetables > Fresh & Frozen Fruits > "
VEGETABLE = "Food, Beverages & Tobacco > Food Items > Fruits & Vegetables > Fresh & Frozen Vegetables > "

COLUMNS = (
    "id",
    "title",
    "description",
    "link",
    "image_link",
    "additional_image_link",
    "availability",
    "price",
    "brand",
    "google_product_category",
    "product_type",
    "color",
    "gender",
    "age_group",
    "condition",
)

# The merchant's own path: (Google product category, product type).
KINDS = {
    "t-shirt": (CLOTHING + "Shirts & Tops", "Apparel > Topwear > T-Shirts"),
    "shirt": (CLOTHING + "Shirts & Tops", "Apparel > Topwear > Shirts"),
    "polo": (CLOTHING + "Shirts & Tops", "Apparel > Topwear > Polo Shirts"),
    "hoodie": (CLOTHING + "Shirts & Tops", "Apparel > Topwear > Sweatshirts"),
    "jacket": (CLOTHING + "Outerwear > Coats & Jackets", "Apparel > Topwear > Jackets"),
    "dress": (CLOTHING + "Dresses", "Apparel > Dress > Dresses"),
    "skirt": (CLOTHING + "Skirts", "Apparel > Bottomwear > Skirts"),
    "jeans": (CLOTHING + "Pants", "Apparel > Bottomwear > Jeans"),
    "trousers": (CLOTHING + "Pants", "Apparel > Bottomwear > Trousers"),
    "shorts": (CLOTHING + "Shorts", "Apparel > Bottomwear > Shorts"),
    "socks": (CLOTHING + "Underwear & Socks > Socks", "Apparel > Innerwear > Socks"),
    "sports shoes": ("Apparel & Accessories > Shoes", "Footwear > Shoes > Sports Shoes"),
    "formal shoes": ("Apparel & Accessories > Shoes", "Footwear > Shoes > Formal Shoes"),
    "heels": ("Apparel & Accessories > Shoes", "Footwear > Shoes > Heels"),
    "sandals": ("Apparel & Accessories > Shoes", "Footwear > Sandals > Sandals"),
    "flip flops": ("Apparel & Accessories > Shoes", "Footwear > Flip Flops > Flip Flops"),
    "handbag": ("Apparel & Accessories > Handbags, Wallets & Cases > Handbags", "Accessories > Bags > Handbags"),
    "backpack": ("Luggage & Bags > Backpacks", "Accessories > Bags > Backpacks"),
    "wallet": (
        "Apparel & Accessories > Handbags, Wallets & Cases > Wallets & Money Clips",
        "Accessories > Wallets > Wallets",
    ),
    "belt": (WORN + "Belts", "Accessories > Belts > Belts"),
    "watch": ("Apparel & Accessories > Jewelry > Watches", "Accessories > Watches > Watches"),
    "sunglasses": (WORN + "Sunglasses", "Accessories > Eyewear > Sunglasses"),
    "cap": (WORN + "Hats", "Accessories > Headwear > Caps"),
    "tie": (WORN + "Neckties", "Accessories > Ties > Ties"),
    "scarf": (WORN + "Scarves & Shawls", "Accessories > Scarves > Scarves"),
    "umbrella": ("Home & Garden > Parasols & Rain Umbrellas", "Accessories > Umbrellas > Umbrellas"),
    "perfume": (
        "Health & Beauty > Personal Care > Cosmetics > Perfume & Cologne",
        "Personal Care > Fragrance > Perfume",
    ),
    "football": ("Sporting Goods > Athletics > Soccer > Soccer Balls", "Sporting Goods > Sports Equipment > Footballs"),
    "apple": (FRUIT + "Apples", "Grocery > Fruit > Apples"),
    "banana": (FRUIT + "Bananas", "Grocery > Fruit > Bananas"),
    "orange": (FRUIT + "Citrus Fruits > Oranges", "Grocery > Fruit > Oranges"),
    "lemon": (FRUIT + "Citrus Fruits > Lemons", "Grocery > Fruit > Lemons"),
    "pear": (FRUIT + "Pears", "Grocery > Fruit > Pears"),
    "tomato": (VEGETABLE + "Tomatoes", "Grocery > Vegetables > Tomatoes"),
    "pepper": (VEGETABLE + "Peppers", "Grocery > Vegetables > Bell Peppers"),
    "cucumber": (VEGETABLE + "Cucumbers", "Grocery > Vegetables > Cucumbers"),
    "carrot": (VEGETABLE + "Carrots", "Grocery > Vegetables > Carrots"),
    "aubergine": (VEGETABLE + "Eggplants", "Grocery > Vegetables > Aubergines"),
    "milk": ("Food, Beverages & Tobacco > Beverages > Milk", "Grocery > Dairy > Milk"),
    "juice": ("Food, Beverages & Tobacco > Beverages > Juice", "Grocery > Beverages > Juice"),
    "yoghurt": ("Food, Beverages & Tobacco > Food Items > Dairy Products > Yogurt", "Grocery > Dairy > Yoghurt"),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """`slug` names the picture, `kind` is a key of KINDS, `price` is in euro.

    `width` is that of the picture in pixels (its height is always 640). `closeup` is the part of the picture
    (left, top, right, bottom) that a second picture shows enlarged. `reduced`: how many times smaller it is saved.
    """

    slug: str
    kind: str
    title: str
    description: str
    price: float
    brand: str
    color: str
    gender: str
    draw: Callable[[Scene], object]
    width: int = 640
    availability: str = "in_stock"
    closeup: tuple[int, int, int, int] | None = None
    reduced: int = 1

    def images(self) -> tuple[str, ...]:
        """Paths of its pictures, relative to the CSV, the main one first."""
        names = [self.slug] if self.closeup is None else [self.slug, f"{self.slug}-detail"]
        return tuple(f"images/{name}.jpg" for name in names)

    def row(self, number: int) -> dict[str, str]:
        """The row of the CSV; `number` counts from 1 and makes the id."""
        category, product_type = KINDS[self.kind]
        main, *more = self.images()
        values = (
            f"demo-{number:03}",
            self.title,
            self.description,
            f"https://shop.example.com/products/demo-{number:03}",
            main,
            ",".join(more),
            self.availability,
            f"{self.price:.2f} EUR",
            self.brand,
            category,
            product_type,
            self.color,
            self.gender,
            "adult" if self.gender else "",
            "new",
        )
        return dict(zip(COLUMNS, values, strict=True))
