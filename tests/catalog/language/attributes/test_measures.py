"""Numbers with units: value, span and unit in the SI; and what two readings fit is told."""

import pytest

from catalog.language.attributes import FoundAttribute, Reading
from catalog.language.attributes.grammar.read import by_grammar


def only(text: str, name: str) -> FoundAttribute:
    [found] = [one for one in by_grammar(text) if one.name == name]
    assert text[found.start : found.end] == found.value
    return found


@pytest.mark.parametrize(
    ("text", "name", "value", "normalised", "unit"),
    [
        ("Olive oil, 750 ml", "volume", "750 ml", 0.00075, "metre ** 3"),
        ("Flour 2.5kg", "weight", "2.5kg", 2.5, "kilogram"),
        ("Shelf 30 cm wide", "width", "30 cm wide", 0.3, "metre"),
        ("Desk, Height: 72 cm", "height", "72 cm", 0.72, "metre"),
        ('Table 47-1/4" long', "length", '47-1/4" long', 1.20015, "metre"),
        ("Post 5' 10\" tall", "height", "5' 10\" tall", 1.778, "metre"),
        ("Cheese 1 lb 4 oz", "weight", "1 lb 4 oz", 0.5669904625, "kilogram"),
        ("Bulb 9W", "power", "9W", 9.0, "watt"),
        ("Kettle 230 V", "voltage", "230 V", 230.0, "volt"),
        ("Charger 100-240V", "voltage", "100-240V", (100.0, 240.0), "volt"),
        ("Radio 2.4GHz", "frequency", "2.4GHz", 2.4e9, "hertz"),
        ("Power bank 10000mAh", "battery_capacity", "10000mAh", 36000.0, "coulomb"),
        ("16GB RAM kit", "memory", "16GB", 1.6e10, "byte"),
        ("SSD drive 1TB", "storage", "1TB", 1e12, "byte"),
        ("Hard disk 7200rpm", "rotation_speed", "7200rpm", 120.0, "hertz"),
        ("SAS drive 10K", "rotation_speed", "10K", 166.6666667, "hertz"),
        ("Laptop 15.6 inch display", "screen_size", "15.6 inch", 0.39624, "metre"),
        ("Freezes to -18 or 5°C", "temperature", "5°C", 278.15, "kelvin"),
        ("Box 10 x 20 x 30 cm", "dimensions", "10 x 20 x 30 cm", (0.1, 0.2, 0.3), "metre"),
        ('Mat 5.7x3.7"', "dimensions", '5.7x3.7"', (0.14478, 0.09398), "metre"),
        ("蜂蜜500g*2瓶", "weight", "500g", 0.5, "kilogram"),
        ("大米10斤", "weight", "10斤", 5.0, "kilogram"),
        ("保温杯500毫升", "volume", "500毫升", 0.0005, "metre ** 3"),
        ("台灯高30厘米", "height", "30厘米", 0.3, "metre"),
        ("Wasser 1,5 l", "volume", "1,5 l", 0.0015, "metre ** 3"),
    ],
)
def test_a_measure_is_given_in_the_si(
    text: str, name: str, value: str, normalised: float | tuple[float, ...], unit: str
) -> None:
    found = only(text, name)
    assert (found.value, found.unit, found.others) == (value, unit, ())
    assert found.normalised == pytest.approx(normalised, rel=1e-9)


def test_named_sides_are_attributes_of_their_own() -> None:
    found = by_grammar('Cabinet 24"W x 20"D x 15"H')
    assert [(one.name, one.value, one.normalised) for one in found] == [
        ("width", '24"W', 0.6096),
        ("depth", '20"D', 0.508),
        ("height", '15"H', 0.381),
    ]


def test_inches_and_feet_are_told_apart_by_their_mark() -> None:
    assert only('Pipe 12"', "dimension").normalised == pytest.approx(0.3048)
    assert only("Pipe 12'", "dimension").normalised == pytest.approx(3.6576)


def test_a_letter_beside_a_number_is_a_side_only_among_sides() -> None:
    assert only("Lamp 36W", "power").unit == "watt"
    assert only("Bin 13w x 13d x 28h", "width").value == "13w"


@pytest.mark.parametrize(
    ("text", "name", "other"),
    [
        ("Shampoo 12 oz", "weight", Reading("volume", 0.0003548823547, "metre ** 3")),
        ("Jar 2 gallon", "volume", Reading("volume", 0.00909218, "metre ** 3")),
        ("Sugar 1,299 g", "weight", Reading("weight", 0.001299, "kilogram")),
        ("电视55寸", "screen_size", Reading("screen_size", 1.833333333, "metre")),
        ("Drive 6G", "weight", Reading("generation", 6.0, "")),
        ("Tray 13w x 13d", "width", Reading("width", 0.13, "metre")),
    ],
)
def test_what_two_readings_fit_is_told(text: str, name: str, other: Reading) -> None:
    found = only(text, name)
    assert found.others == (other,)
    assert found.confidence == 0.5


@pytest.mark.parametrize(
    "text", ["3-in-1 tool", "2 in 1 shampoo", "Monitor 1920 x 1080", "Desk EBMS6-2024", "Shoe 5 M US", "Top 10", ""]
)
def test_no_measure_where_there_is_none(text: str) -> None:
    assert [one for one in by_grammar(text) if one.unit] == []
