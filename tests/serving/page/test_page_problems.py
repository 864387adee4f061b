"""What the Chinese page says of errors: all that the service says, and nothing that it never says."""

import json
import re

import pytest
from playwright.sync_api import Browser

import serving.api.app  # noqa: F401  errors of all its parts
from serving.api.routes.page import FOLDER
from tests.support.browser import reading
from tests.support.raised import GAP, kinds, raised, texts

PLACE = re.compile(r"\{\{|\}\}|\{\w+\}")
HOW = "{const {problem} = await import('/page/problems.js'); return said.map(([code, text]) => problem(code, text));}"


def read(name: str) -> dict[str, str]:
    text = (FOLDER / name).read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text[text.index("export default") + 14 :].strip().removesuffix(";"))
    return found


def places(template: str) -> list[str]:
    return sorted(place for place in PLACE.findall(template) if place not in ("{{", "}}"))


def test_the_page_knows_what_each_code_says_by_itself() -> None:
    chinese = read("errors-zh.js")
    ours = [kind for kind in kinds() if kind.__module__.startswith(("serving.", "catalog."))]
    ours = [kind for kind in ours if kind.code != getattr(kind.__base__, "code", "")]
    assert read("errors-en.js") == {kind.code: kind.default for kind in ours if f"error.{kind.code}" in chinese}


@pytest.mark.parametrize(("english", "chinese"), read("sentences-zh.js").items())
def test_a_sentence_has_the_same_parts_in_both_languages_and_is_one_of_the_service(english: str, chinese: str) -> None:
    assert places(english) == places(chinese)
    gaps = {"{{": "{", "}}": "}"}
    assert PLACE.sub(lambda place: gaps.get(place[0], GAP), english) in texts()


@pytest.mark.slow
def test_a_chinese_reader_is_told_every_part_of_every_error(browser: Browser, address: str) -> None:
    said, parts = [], []
    chinese = read("errors-zh.js")
    for code, text in sorted({(code, text) for code, text in raised() if f"error.{code}" in chinese}):
        named = [f"第{number}部分" for number in range(text.count(GAP))]
        filled = iter(named)
        said.append((code, re.sub(GAP, lambda _, of=filled: next(of), text)))
        parts.append(named)
    assert len(said) > 150
    with reading(browser, address, locale="zh-CN") as reader:
        reader.open("#/jobs")
        told = reader.page.evaluate(f"async (said) => {HOW}", said)
    for (code, text), named, found in zip(said, parts, told, strict=True):
        shown = found["text"] + found["more"]
        assert [part for part in named if part not in shown] == [], (code, text, shown)
        assert re.search(r"[\u4e00-\u9fff]", found["text"]), (code, text)


@pytest.mark.slow
def test_what_is_wrong_with_an_image_is_said_in_chinese_behind_its_name(browser: Browser, address: str) -> None:
    said = [
        ("image_corrupt", '"a.jpg": The image is corrupt or truncated and cannot be decoded.'),
        ("row_offer_unclear", 'The availability "perhaps" is not known.'),
    ]
    with reading(browser, address, locale="zh-CN") as reader:
        reader.open("#/jobs")
        told = reader.page.evaluate(f"async (said) => {HOW}", said)
    image, availability = (found["text"] for found in told)
    assert image.startswith("“a.jpg”")
    assert image.endswith(read("errors-zh.js")["error.image_corrupt"])
    assert availability == "availability 的值“perhaps”无法识别。"
    assert not any(found["more"] for found in told)
