"""What a description labels itself: "Material: Cotton; Color(s): Black", "颜色：红色"."""

import re
from collections.abc import Iterator

from catalog.language.attributes.found import CERTAIN, FoundAttribute
from catalog.language.attributes.grammar.words import value_of

# As written, in lower case -> the attribute. Measures need no label: their unit says it.
LABELS = {
    "brand": "brand",
    "brand name": "brand",
    "manufacturer": "brand",
    "品牌": "brand",
    "color": "color",
    "colors": "color",
    "color(s)": "color",
    "colour": "color",
    "颜色": "color",
    "颜色分类": "color",
    "material": "material",
    "materials": "material",
    "material(s)": "material",
    "fabric": "material",
    "材质": "material",
    "面料": "material",
    "材料": "material",
    "closure": "closure",
    "closure type": "closure",
    "闭合方式": "closure",
    "pattern": "pattern",
    "图案": "pattern",
    "flavor": "flavor",
    "flavour": "flavor",
    "口味": "flavor",
    "scent": "scent",
    "fragrance": "scent",
    "香味": "scent",
    "size": "size",
    "尺码": "size",
    "finish": "finish",
    "style": "style",
    "风格": "style",
    "shape": "shape",
    "形状": "shape",
    "country of origin": "country",
    "made in": "country",
    "产地": "country",
}
_NAMES = "|".join(re.escape(name) for name in sorted(LABELS, key=lambda name: (-len(name), name)))
LINE = re.compile(
    rf"(?<![\w])(?P<label>{_NAMES})\s{{0,8}}[:：]\s{{0,8}}(?P<value>[^\s;；,，。.|\n\r:：][^;；,，。|\n\r:：]{{0,39}}?)"
    r"(?=\s{0,8}(?:[;；,，。|\n\r]|\.(?:\s|[A-Z]|$)|$|\s[A-Z][A-Za-z ()]{1,20}[:：]))",
    re.IGNORECASE,
)


def labelled_in(text: str) -> Iterator[FoundAttribute]:
    if ":" not in text and "：" not in text:
        return
    for one in LINE.finditer(text):
        name = LABELS[one["label"].lower()]
        normalised = value_of(name, one["value"]) or one["value"]
        yield FoundAttribute(name, one["value"], *one.span("value"), normalised, "", CERTAIN)
