"""A price as merchants write it -> a number and an ISO 4217 currency code."""

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from catalog.errors import RowPriceInvalid
from catalog.feeds.cells import brief

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
# A sign that several currencies share stands for the commonest; "kr" has four equally common ones, so it says nothing.
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
# Spaces of every width -> a space; full-width digits and punctuation -> ASCII.
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
    """The currencies of a feed. default: of prices without one; yen: of the sign ¥, CNY or JPY, "" if ambiguous."""

    default: str = ""
    yen: str = ""


def yen_of(text: str) -> str:
    """The currency of ¥ in a feed with this text: "CNY", "JPY", or "" if it is ambiguous."""
    yuan, yen = YUAN_WORDS.search(text), YEN_WORDS.search(text)
    if yuan or yen:
        return "" if yuan and yen else "CNY" if yuan else "JPY"
    return "CNY" if HAN.search(text) else ""


def parse_price(value: object, yen: str = "") -> tuple[float | None, str]:
    """12, 12.5, "14.90 EUR", "EUR 14,90", "$1,299.00", "1.299,00 €" -> (price, code or ""); None or "" -> (None, "").

    A single point is the decimal point, as all feed formats require, so "1.299" is less than 2. A single comma before
    three digits groups thousands, so "1,299" is more than 1,000. yen: see `Money`.

    Raises RowPriceInvalid for anything else, and for negative, infinite or NaN prices, and those above LIMIT.
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
    """ "" for no currency and for an ambiguous sign; None for text that names no currency."""
    name = name.upper()
    return name if name in CODES or not name else SIGNS.get(name)


def read_number(text: str) -> float | None:
    """ "1.299,00" -> 1299.0. None for what is not a number, as "1,2,3"."""
    text = re.sub(r"[.,][-\u2013\u2014]{1,2}$", "", text).removeprefix("+")
    last = max(text.rfind("."), text.rfind(","))
    whole, decimals = (text[:last], text[last + 1 :]) if last >= 0 else (text, "")
    mark = text[last] if last >= 0 else ""
    # The last mark is not the decimal point if it occurs twice, or is a comma before three digits.
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
