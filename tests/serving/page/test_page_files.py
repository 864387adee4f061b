"""The page's files as they are served, and its words in both languages. No browser: tests/serving/page/test_page.py has
one.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import serving.error_responses
from catalog.errors import CatalogError
from catalog.feeds.encodings.languages import ENCODINGS
from catalog.feeds.encodings.names import known_encoding
from catalog.feeds.rewriting import WHYS
from catalog.quality.audit.report import FIGURES, SOURCES
from catalog.quality.finding import KINDS
from catalog.quality.groups.reasons import SENTENCES
from serving.api.app import on_catalog_error
from serving.api.routes import page
from serving.api.schemas.jobs import FeedRequest, JobForm, JobRequest, PreviewForm
from serving.error_responses import status_of
from serving.errors import ServiceNotStarted

FOLDER = Path(page.__file__).parents[2] / "page"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.add_exception_handler(CatalogError, on_catalog_error)
    app.include_router(page.router)
    with TestClient(app) as client:
        yield client


def words(name: str) -> dict[str, str]:
    """A file of words is JSON behind `export default`."""
    text = (FOLDER / name).read_text(encoding="utf-8").removeprefix("export default ").rstrip().removesuffix(";")
    found: dict[str, str] = json.loads(text)
    return found


# Every way by which a script could have text read as markup or as code.
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|\beval\(|srcdoc")
ENGLISH = words("messages-en.js") | words("selling-en.js")
CHINESE = {
    key: text
    for name in ("messages-zh.js", "selling-zh.js", "values-zh.js", "errors-zh.js", "reasons-zh.js")
    for key, text in words(name).items()
}


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: file.name)
def test_every_file_is_served_with_its_type_and_no_more_rights_than_it_needs(client: TestClient, file: Path) -> None:
    response = client.get(f"/page/{file.name}")
    assert response.status_code == 200
    assert response.content == file.read_bytes()
    kind = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}[file.suffix]
    assert response.headers["content-type"].split(";")[0] == kind
    assert "default-src 'self'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-cache"


def test_the_page_is_at_the_root(client: TestClient) -> None:
    assert client.get("/").content == (FOLDER / "index.html").read_bytes()
    head = client.head("/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_the_browser_has_is_not_sent_again(client: TestClient, encoding: str) -> None:
    first = client.get("/page/app.js", headers={"Accept-Encoding": encoding})
    assert first.headers.get("content-encoding", "identity") == encoding
    tag = first.headers["etag"]
    for known in (tag, f'W/{tag}, "other"', "*"):
        again = client.get("/page/app.js", headers={"Accept-Encoding": encoding, "If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert client.get("/page/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_forms_of_a_file_do_not_share_a_tag(client: TestClient) -> None:
    tags = {client.get("/page/app.js", headers={"Accept-Encoding": form}).headers["etag"] for form in ("gzip", "br")}
    assert len(tags) == 2


@pytest.mark.parametrize(
    "path",
    [
        "..%2fapp.py",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/app.py",
        "%2fetc%2fpasswd",
        "app.js%00",
        "..\\app.py",
        "nothing.js",
        "",
    ],
)
def test_nothing_else_can_be_asked_for(client: TestClient, path: str) -> None:
    # As a raw address: the client would tidy the dots away.
    url = httpx2.URL("http://testserver/page/").copy_with(raw_path=f"/page/{path}".encode())
    response = client.get(url)
    assert response.status_code == 404
    assert b"import" not in response.content


def test_no_file_names_another_host() -> None:
    for file in FOLDER.iterdir():
        found = set(re.findall(r"https?://\w[^\s\"'`)]*", file.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg"}, file.name


def test_nothing_is_put_in_as_markup() -> None:
    for file in FOLDER.glob("*.js"):
        assert not MARKUP.search(file.read_text(encoding="utf-8")), file.name


def test_both_languages_say_the_same_things() -> None:
    english = ENGLISH
    plural = {key for key in english if key.endswith(".one")}  # Chinese counts in one form
    known_elsewhere = {key for key in CHINESE if key.startswith(("error.", "value.", "reason.", "aspect."))}
    assert set(english) - plural == (set(CHINESE) - known_elsewhere) | (set(english) & known_elsewhere)
    for key in english.keys() & CHINESE.keys():
        assert set(re.findall(r"\{\w+\}", english[key])) == set(re.findall(r"\{\w+\}", CHINESE[key])), key


def test_every_word_that_the_scripts_use_is_there_and_none_is_left_over() -> None:
    scripts = [file for file in FOLDER.iterdir() if not file.stem.endswith(("-en", "-zh"))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in scripts)
    used = set(re.findall(r"""["'`]([a-z]+\.[a-z_.]+)["'`]""", text))
    beginnings = tuple(re.findall(r"`([a-z]+\.[a-z_.]*)\$\{", text))
    english = ENGLISH
    for key in english:
        plain = re.sub(r"\.(one|other)$", "", key)
        assert plain in used or plain.startswith(beginnings), f"{key} is used nowhere"
    groups = {key.split(".")[0] for key in english}
    for key in used:
        if key.split(".")[0] in groups and not key.endswith((".js", ".css", ".svg")):
            assert key in english or f"{key}.other" in english, f"{key} has no words"


def test_findings_are_called_in_the_page_as_the_service_calls_them() -> None:
    english = ENGLISH
    for name, wanted in {
        "kind": {code: words.heading for code, words in KINDS.items()},
        "said": {code: words.sentence for code, words in KINDS.items()},
        "left": WHYS,
        "source": dict.fromkeys(set(SOURCES) - {"product", "channel"}),
        "figure": FIGURES,
    }.items():
        told = {key.removeprefix(f"health.{name}."): text for key, text in english.items() if f"health.{name}." in key}
        assert told.keys() == wanted.keys()
        assert name not in ("kind", "said") or told == wanted


def test_every_reason_of_a_finding_has_its_words() -> None:
    """In English the service's own sentence is shown."""
    codes = (*SENTENCES, "image_shared", "edge_uneven")
    assert {key for key in CHINESE if key.startswith("reason.")} == {f"reason.{code}" for code in codes}


def test_what_is_counted_has_a_text_for_one() -> None:
    """A number before a plural noun is a text of its own kind for one: "1 of 1 row", not "1 of 1 rows"."""
    counted = re.compile(r"\{(?!name|names|max)\w+\}(?: more| near-)? ?[a-z-]+s\b")
    english = ENGLISH
    several = {key for key, text in english.items() if counted.search(text)}
    assert {key for key in several if not key.endswith(".other")} == set()
    ones = {key.removesuffix(".one") for key in english if key.endswith(".one")}
    assert {key.removesuffix(".other") for key in several} <= ones
    assert {key for key in ones if english[f"{key}.one"] == english.get(f"{key}.other")} == set()


def test_a_feed_goes_with_all_that_a_job_and_a_preview_take() -> None:
    text = "".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in ("feed-form.js", "feed-upload.js", "teach.js")
    )
    taken = {name for model in (JobForm, JobRequest, PreviewForm, FeedRequest) for name in model.model_fields}
    assert taken >= {"columns", "encoding", "strict", "replace"}
    assert {name for name in taken if not re.search(rf"\b{name}\b", text)} == set()


def test_every_encoding_that_the_service_may_name_can_be_chosen() -> None:
    text = (FOLDER / "feed-encoding.js").read_text(encoding="utf-8")
    chosen = re.findall(r'^  "([a-z0-9-]+)": "', text, re.MULTILINE)
    assert set(chosen) == {"utf-8", "utf-16", *ENCODINGS}
    assert [known_encoding(name) for name in chosen] == chosen


def kinds(of: type[CatalogError] = CatalogError) -> Iterator[type[CatalogError]]:
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


def test_every_error_that_reaches_a_client_is_said_in_chinese() -> None:
    assert serving.error_responses.STATUS
    told = [kind for kind in kinds() if kind.__module__.startswith(("serving.", "catalog."))]
    reaching = {kind.code for kind in told if status_of(kind()) != 500 and not issubclass(kind, ServiceNotStarted)}
    assert {code for code in reaching if f"error.{code}" not in CHINESE} == set()


def test_every_value_of_the_shipped_taxonomy_has_a_chinese_name() -> None:
    taxonomy = json.loads((FOLDER.parent.parent / "assets/model/taxonomy.json").read_text(encoding="utf-8"))
    for attribute in taxonomy["attributes"]:
        assert f"attribute.{attribute['name']}" in CHINESE
        assert [value for value in attribute["values"] if f"value.{value}" not in CHINESE] == []


@pytest.mark.parametrize("name", ["messages-zh.js", "selling-zh.js", "values-zh.js", "errors-zh.js", "sentences-zh.js"])
def test_chinese_texts_have_chinese_punctuation(name: str) -> None:
    """A half-width mark next to a Han character is a slip."""
    slips = re.compile(r"[\u4e00-\u9fff][,;:!?]|[,;:!?][\u4e00-\u9fff]")
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert [line.strip() for line in text.splitlines() if slips.search(line)] == []
