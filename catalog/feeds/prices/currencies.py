"""A currency as people write it, by code, sign or word -> the ISO 4217 codes it can stand for. By Babel's data.

Babel (CLDR) has the codes in use, their decimals, and their signs and names in every locale. It lacks the short words
of daily life, which are in WORDS. It is imported with the first price that is more than digits.
"""

import pickle
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, NamedTuple

# Currencies that went out of use before this year are not recognised.
SINCE = 2020
DOLLARS = "ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD"
# Sign or word -> its codes. Of several, the first is meant if nothing else decides; "-" is none.
WORDS = {
    "$": f"USD {DOLLARS} UYU XCD", "£": "GBP EGP FKP GIP LBP SDG SHP SSP SYP", "¥": "JPY CNY", "￥": "CNY JPY",
    "€": "EUR", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND", "₴": "UAH", "₪": "ILS", "฿": "THB",
    "₱": "PHP", "₦": "NGN", "us$": "USD", "$us": "USD", "u$s": "USD", "ca$": "CAD", "cad$": "CAD", "c$": "CAD NIO",
    "a$": "AUD", "au$": "AUD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "mx$": "MXN", "r$": "BRL",
    "元": "CNY HKD TWD MOP", "人民币元": "CNY", "元人民币": "CNY", "rmb": "CNY", "円": "JPY", "圓": "- HKD TWD JPY MOP",
    "rs": "INR LKR MUR NPR PKR SCR", "inr₹": "INR",
    "kr": "- DKK ISK NOK SEK", "fr": "CHF XAF XOF XPF CDF DJF GNF RWF BIF KMF", "sfr": "CHF", "fcfa": "- XAF XOF",
    "cfa": "- XAF XOF", "r": "ZAR", "rm": "MYR", "rp": "IDR", "lei": "RON MDL", "leu": "RON MDL", "zł": "PLN",
    "zl": "PLN", "kč": "CZK", "kc": "CZK", "ft": "HUF", "руб": "RUB BYN", "р": "RUB BYN", "рублей": "RUB BYN",
    "грн": "UAH", "лв": "BGN", "kn": "HRK", "km": "BAM", "din": "RSD", "дин": "RSD", "ден": "MKD", "tl": "TRY",
    "đ": "VND", "vnđ": "VND", "đồng": "VND", "원": "KRW", "บาท": "THB", "dh": "- AED MAD", "dhs": "- AED MAD",
    "sr": "SAR SCR", "dt": "TND", "ksh": "KES", "kshs": "KES", "tsh": "TZS", "ush": "UGX", "gh₵": "GHS",
    "gh¢": "GHS", "s/": "PEN", "bs": "- BOB VES", "₡": "CRC", "q": "GTQ", "l": "- HNL MDL", "k": "- MMK PGK ZMW",
    "тг": "KZT", "тенге": "KZT", "so'm": "UZS", "ман": "AZN", "تومان": "-", "ريال": "- IRR OMR QAR SAR YER",
    "درهم": "- AED MAD", "دينار": "- BHD DZD IQD JOD KWD LYD TND", "جنيه": "EGP SDG", "جم": "EGP",
    "dollar": f"- {DOLLARS}", "dollars": f"- {DOLLARS}", "pound": "GBP EGP", "pounds": "GBP EGP", "quid": "GBP",
    "peso": "- ARS CLP COP CUP DOP MXN PHP UYU", "pesos": "- ARS CLP COP CUP DOP MXN PHP UYU",
    "franc": "- CHF XAF XOF", "francs": "- CHF XAF XOF", "franken": "CHF", "kronor": "SEK", "kroner": "- DKK NOK",
    "krona": "- ISK SEK", "krone": "- DKK NOK", "rupees": "- INR LKR MUR NPR PKR SCR", "soles": "PEN", "reais": "BRL",
    "rand": "ZAR", "ringgit": "MYR", "baht": "THB", "rupiah": "IDR", "forint": "HUF", "złotych": "PLN", "korun": "CZK",
}  # fmt: skip
ALIKE: dict[int, str | None] = dict.fromkeys(map(ord, " .\u2024\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))
ALIKE |= dict.fromkeys(map(ord, "\u2018\u2019\u02bb\u02bc"), "'")


class Currency(NamedTuple):
    """usual: the code that is meant if nothing else decides, or ""; possible: all that the word can stand for."""

    usual: str
    possible: frozenset[str]

    @property
    def code(self) -> str:
        """The only possible code, otherwise the usual one."""
        return self.usual or (next(iter(self.possible)) if len(self.possible) == 1 else "")

    def of(self, preferred: str) -> str:
        """The preferred code if the word can stand for it."""
        return preferred if preferred and preferred in self.possible else self.code


def global_data(name: str) -> Any:
    from babel.core import get_global

    return get_global(name)  # type: ignore[arg-type]


@cache
def currency_codes() -> frozenset[str]:
    """The ISO 4217 codes of money in use."""
    return frozenset(
        code
        for currencies in global_data("territory_currencies").values()
        for code, _, end, is_tender in currencies
        if is_tender and (end is None or end[0] >= SINCE)
    )


@lru_cache(1024)
def decimals(codes: frozenset[str]) -> tuple[int, int]:
    """The most decimals of one of the currencies, and of its smallest coin: EUR has 2 and 2, CZK 2 and 0, JPY 0 and 0.

    2 and 2 for no currency.
    """
    fractions = global_data("currency_fractions") if codes else {}
    found = [fractions.get(code) or fractions["DEFAULT"] for code in codes] or [(2, 0, 2, 0)]
    return max(written for written, *_ in found), max(min(written, coin) for written, _, coin, _ in found)


@lru_cache(4096)
def find_currency(word: str) -> Currency | None:
    """ "EUR", "€", "Kč", "US $" or a name in any of Babel's locales. None for what is no currency."""
    code = word.upper()
    if code in currency_codes():
        return Currency(code, frozenset((code,)))
    found = WORDS.get(word) or WORDS.get(key(word))
    if found is not None:
        usual, *others = found.split()
        possible = frozenset(others) if usual == "-" else frozenset((usual, *others))
        return Currency("" if usual == "-" else usual, possible)
    codes = names().get(key(word))
    return Currency("", frozenset(codes)) if codes else None


def key(word: str) -> str:
    """Spelt alike: without case, spaces, points and marks of direction."""
    return unicodedata.normalize("NFKC", word).casefold().translate(ALIKE)


@cache
def names() -> dict[str, set[str]]:
    """The signs and names of all currencies in all locales, some 40,000. Takes a second, and only once."""
    from babel import localedata

    known, spelt = currency_codes(), dict[str, set[str]]()
    for locale in localedata.locale_identifiers():
        # Not by Babel's `load`, which keeps every locale in memory.
        with open(localedata.resolve_locale_filename(locale), "rb") as file:
            for code, name in locale_names(pickle.load(file)):
                spelt.setdefault(name, set()).add(code)
    found = dict[str, set[str]]()
    for name, codes in spelt.items():
        if codes & known and (plain := key(name)):
            found.setdefault(plain, set()).update(codes & known)
    return found


def locale_names(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The code and each of its names. Babel has some as objects of its own, which print as the name."""
    for kind in ("currency_names", "currency_symbols"):
        yield from ((code, str(name)) for code, name in data.get(kind, {}).items())
    for code, plurals in data.get("currency_names_plural", {}).items():
        yield from ((code, str(name)) for name in plurals.values())
