"""A small taxonomy in the layout of Shopify's, in four languages, and one in that of Google's."""

from pathlib import Path

CATEGORIES = {
    "en": ("Tools", "Tools > Hammers", "Tools > Saws", "Toys", "Toys > Dolls"),
    "zh-CN": ("工具", "工具 > 锤子", "工具 > 锯子", "玩具", "玩具 > 娃娃"),
    "de": ("Werkzeug", "Werkzeug > Hämmer", "Werkzeug > Sägen", "Spielzeug", "Spielzeug > Puppen"),
    "fr": ("Outils", "Outils > Marteaux", "Outils > Scies", "Jouets", "Jouets > Poupées"),
}
IDS = ("to", "to-1", "to-2", "ty", "ty-1")
VALUES = {
    "en": ("Red [Color]", "Blue [Color]", "Steel [Material]"),
    "zh-CN": ("红 [颜色]", "蓝 [颜色]", "钢 [材料]"),
    "de": ("Rot [Farbe]", "Blau [Farbe]", "Stahl [Material]"),
    "fr": ("Rouge [Couleur]", "Bleu [Couleur]", "Acier [Matériau]"),
}
YAML = """---
- id: to
  name: Tools
  children:
  - to-1
  attributes:
  - color
- id: to-1
  name: Hammers
  children: []
  attributes:
  - color
  - material
- id: ty
  name: Toys
  attributes: []
"""


def write_departments(data: Path) -> None:
    """shopify/, google.txt"""
    shopify = data / "shopify"
    (shopify / "categories").mkdir(parents=True)
    (shopify / "categories" / "all.yml").write_text(YAML, encoding="utf-8")
    attributes = "---\nbase_attributes:\n- id: 1\n  name: Color\n  friendly_id: color\n  values:\n  - color__red\n"
    (shopify / "attributes.yml").write_text(
        attributes
        + "- id: 2\n  name: Material\n  friendly_id: material\n"
        + "extended_attributes:\n- name: Handle material\n  friendly_id: handle_material\n  values_from: material\n",
        encoding="utf-8",
    )
    for language, paths in CATEGORIES.items():
        lines = [f"gid://shopify/TaxonomyCategory/{id}  : {path}" for id, path in zip(IDS, paths, strict=True)]
        write(shopify / language / "categories.txt", ["# Categories", "", *lines])
    for language, values in VALUES.items():
        lines = [f"gid://shopify/TaxonomyValue/{number} : {value}" for number, value in enumerate(values)]
        write(shopify / language / "attribute_values.txt", ["# Values", "", *lines])
    write(data / "google.txt", ["# Google", "   1 | [   1- 250] | Hardware", "   2 | [   2-   3] | Nails"])


def write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
