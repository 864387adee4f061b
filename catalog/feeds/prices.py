"""A price as merchants write it -> a number and the ISO 4217 code of its currency."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from catalog.errors import RowPriceInvalid
from catalog.feeds.wording import brief

LIMIT = 1e12
CODES = frozenset(
    re.findall(
        "[A-Z]{3}",
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
        "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD "
        "MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN "
        "PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY "
        "TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG",
    )
)
# Of the signs that several currencies share, the one that most prices mean; "kr" means four alike, so it says nothing.
SIGNS = {
    "€": "EUR", "£": "GBP", "$": "USD", "US$": "USD", "CA$": "CAD", "C$": "CAD", "A$": "AUD", "AU$": "AUD",
    "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL", "¥": "JPY", "￥": "CNY",
    "元": "CNY", "円": "JPY", "₹": "INR", "RS": "INR", "RS.": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₫": "VND",
    "₴": "UAH", "₪": "ILS", "฿": "THB", "₱": "PHP", "₦": "NGN", "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "FR.": "CHF",
    "KR": "", "KR.": "",
}  # fmt: skip
# The two signs that yuan and yen share.
YEN_SIGNS = ("¥", "￥")
YUAN_WORDS, YEN_WORDS = re.compile(r"\b(?:CNY|RMB)\b|人民币"), re.compile(r"\bJPY\b|[\u3041-\u30ff]|円")
HAN = re.compile(r"[\u4e00-\u9fff]")
# Spaces of every width are one, and full-width digits and marks those that they stand for.
WIDTHS = str.maketrans(
    dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000\t", " ")
    | {chr(code + 0xFEE0): chr(code) for code in b"+,-.0123456789"}
)
CURRENCY = r"((?:[^0-9.,+-]|(?<=[a-zA-Z])[.])*)"
NUMBER = r"([+-]?[0-9.,](?:[0-9.,'\u2019 ]*[0-9.,])?(?:[.,][-\u2013\u2014]{1,2})?)"
FORM = re.compile(CURRENCY + NUMBER + CURRENCY)
GROUPED = re.compile(r"[0-9]{1,3}(?:([.,'\u2019 ])[0-9]{3})(?:\1[0-9]{3})*")


@dataclass(frozen=True, slots=True)
class Money:
    """What a feed says of its prices as a whole. default: the currency of prices without one; yen: which currency ¥ is,
    CNY or JPY, "" where nothing tells.
    """

    default: str = ""
    yen: str = ""


def yen_of(text: str) -> str:
    """What ¥ means among these words of a feed: "CNY", "JPY", or "" where nothing tells."""
    yuan, yen = YUAN_WORDS.search(text), YEN_WORDS.search(text)
    if yuan or yen:
        return "" if yuan and yen else "CNY" if yuan else "JPY"
    return "CNY" if HAN.search(text) else ""


def parse_price(value: object, yen: str = "") -> tuple[float | None, str]:
    """12, 12.5, "14.90 EUR", "EUR 14,90", "$1,299.00", "1.299,00 €" -> (price, code or ""); None or "" -> (None, "").

    A single point parts off the decimals, as all feed formats want, so "1.299" is less than 2; a single comma with
    three digits behind it does not, so "1,299" is above 1,000. yen: see `Money`.

    Raises RowPriceInvalid for anything else, for what is negative or not finite, and above a million millions.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, ""
    price, currency = None, ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        price = float(value) if abs(value) <= LIMIT else None
    elif isinstance(value, Decimal):
        price = float(value) if value.is_finite() else None
    elif isinstance(value, str) and len(value) <= 64:
        price, currency = read_text(value, yen)
    if price is None or not math.isfinite(price) or not 0 <= price <= LIMIT:
        wanted = f"a number from 0 to {LIMIT:,.0f}, alone or with a currency such as EUR"
        raise RowPriceInvalid(f"The price {shown(value)} is not {wanted}.")
    return price, currency


def read_text(text: str, yen: str = "") -> tuple[float | None, str]:
    """-> (the number or None, the currency's code or "")."""
    found = FORM.fullmatch(text.translate(WIDTHS).strip())
    if not found:
        return None, ""
    before, number, after = (part.strip() for part in found.groups())
    sign = before or after
    currency = yen if yen and sign in YEN_SIGNS else currency_code(sign)
    if (before and after) or currency is None:
        return None, ""
    return read_number(number), currency


def currency_code(name: str) -> str | None:
    """ "" for no currency and for a sign that several share; None for a word that names none."""
    name = name.upper()
    return name if name in CODES or not name else SIGNS.get(name)


def read_number(text: str) -> float | None:
    """ "1.299,00" -> 1299.0. None for what is not a number, as "1,2,3"."""
    text = re.sub(r"[.,][-\u2013\u2014]{1,2}$", "", text).removeprefix("+")
    last = max(text.rfind("."), text.rfind(","))
    whole, decimals = (text[:last], text[last + 1 :]) if last >= 0 else (text, "")
    mark = text[last] if last >= 0 else ""
    # The last mark parts no decimals off when it comes twice, or is a comma before three digits.
    if mark and (mark in whole or (mark == "," and len(decimals) == 3 and whole not in ("", "0") and "." not in whole)):
        whole, decimals = text, ""
    if GROUPED.fullmatch(whole):
        whole = re.sub(r"[.,'\u2019 ]", "", whole)
    digits = f"{whole or '0'}.{decimals or '0'}"
    return float(digits) if re.fullmatch(r"[0-9]+\.[0-9]+", digits) and (whole or decimals) else None


def shown(value: object) -> str:
    """A value of the user's for a message."""
    if isinstance(value, int) and abs(value) > 10**40:  # Python writes no integer of more than 4,300 digits
        return "given"
    return f'"{brief(str(value))}"' if isinstance(value, str | int | float | Decimal) else "given"
