"""For whom a product is: words for genders and ages, English and Chinese."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Gender = Literal["male", "female", "unisex"]


class People(NamedTuple):
    """gender: a key of GENDERS; age: Shopify's age group; "" where the word says none. same: words by which values of
    merchants are compared, several where the word may mean any of them.
    """

    gender: Gender | Literal[""]
    age: str
    same: tuple[str, ...]


# As Shopify has it.
GENDERS: Mapping[Gender, str] = {"male": "Male", "female": "Female", "unisex": "Unisex"}

_MEN, _WOMEN = People("male", "", ("men",)), People("female", "", ("women",))
_BOYS, _GIRLS = People("male", "Kids", ("boy",)), People("female", "Kids", ("girl",))
_MALE, _FEMALE = People("male", "", ("men", "boy")), People("female", "", ("women", "girl"))
_ALL = People("unisex", "", ("unisex",))
_KIDS, _ADULTS = People("", "Kids", ("kid",)), People("", "Adults", ("adult",))
_BABIES, _TODDLERS = People("", "Babies", ("kid",)), People("", "Toddlers", ("kid",))
_TEENS, _SENIORS = People("", "Teens", ("teen",)), People("", "Seniors", ("senior",))

_ROWS: tuple[tuple[People, str], ...] = (
    (_MEN, "men man mens mans gents gent gentlemen gentleman 男士 男式 男款 男装 男性"),
    (_WOMEN, "women woman womens womans ladies lady 女士 女式 女款 女装 女性"),
    (_BOYS, "boys boy 男童 男孩"),
    (_GIRLS, "girls girl 女童 女孩"),
    (_MALE, "male males"),
    (_FEMALE, "female females"),
    (_ALL, "unisex 男女通用 男女同款 情侣"),
    (_KIDS, "kids kid children child childrens youth 儿童 小孩 童装"),
    (_BABIES, "babies baby infants infant newborn newborns 婴儿 新生儿 宝宝"),
    (_TODDLERS, "toddlers toddler 幼儿"),
    (_TEENS, "teens teen 青少年"),
    (_ADULTS, "adults adult 成人"),
    (_SENIORS, "seniors senior 中老年 老年"),
)
PEOPLE: Mapping[str, People] = {word: people for people, words in _ROWS for word in words.split()}
# What says this only as the value of a field.
IN_FIELDS: Mapping[str, People] = {**PEOPLE, "m": _MALE, "f": _FEMALE, "男": _MALE, "女": _FEMALE, "中性": _ALL}
