"""Schemas and parsing: JSON to products, understandings to JSON."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from catalog.errors import CatalogError, ImageCorrupt
from catalog.product import CategoryScore, Scored, Understanding
from serving.api.examples import ANALYZE_REQUESTS, ANALYZED
from serving.api.parse import check_items, image_bytes, read_json
from serving.api.schemas.analyze import AnalyzeRequest, AnalyzeResponse, Item, Options, analysis
from serving.api.schemas.schema import cut_embedding, decode_data_uri
from serving.errors import BodyTooLarge, ImageDataInvalid, ImageUrlNotAllowed, JsonInvalid, RequestInvalid, TooManyItems
from serving.settings.load import read_settings
from serving.settings.schema import Settings

SHIRT = CategoryScore("clothes.shirt", ("Clothes", "Shirt"), (0.9, 0.80000001))
SHOE = CategoryScore("clothes.shoe", ("Clothes", "Shoe"), (0.9, 0.1))


def understanding() -> Understanding:
    return Understanding(
        id="inner",
        category=SHIRT,
        alternatives=(SHOE,),
        tags=(Scored("striped", 0.7),),
        attributes={"colour": Scored("red", 0.6)},
        embedding=np.full(256, 1 / 16, np.float32),
        modalities_used=("image", "text"),
        decision="review",
        evidence={"image": SHOE, "text": SHIRT},
    )


def body(**fields: object) -> bytes:
    return json.dumps({"items": [{"title": "a shirt"}], **fields}).encode()


def test_item_becomes_a_product() -> None:
    uri = "data:image/png;base64," + base64.b64encode(b"pixels").decode()
    item = Item(
        id="7", title="Shirt", description="Long.", images=[uri], attributes={"material": "cotton", "fit": "slim"}
    )
    product = item.to_product()
    assert (product.id, product.title, product.images) == ("7", "Shirt", (b"pixels",))
    assert product.description == "Long.\nmaterial: cotton\nfit: slim"


def test_item_with_attributes_alone_has_them_as_text() -> None:
    assert Item(attributes={"colour": "red"}).to_product().description == "colour: red"


@pytest.mark.parametrize(
    ("uri", "data"),
    [
        ("data:image/jpeg;base64,AAEC", b"\0\1\2"),
        ("data:;base64,AAEC", b"\0\1\2"),
        ("DATA:image/png;charset=x;BASE64,AAEC", b"\0\1\2"),
        ("data:text/plain;base64,", b""),
    ],
)
def test_data_uri_is_decoded_whatever_its_media_type(uri: str, data: bytes) -> None:
    assert decode_data_uri(uri) == data


@pytest.mark.parametrize("url", ["http://a.example/b.jpg", "HTTPS://a.example/b.jpg"])
def test_url_is_refused(url: str) -> None:
    with pytest.raises(ImageUrlNotAllowed, match="URLs are disabled by default"):
        decode_data_uri(url)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "AAEC",
        "file:///etc/passwd",
        "ftp://a.example/b.jpg",
        "data:image/png,AAEC",
        "data:image/png;base64",
        "data:image/png;base64,AAE",
        "data:image/png;base64,AA-_",
        "data:image/png;base64,AAEC\n",
        "data:image/png;base64,日本",
    ],
)
def test_anything_else_is_refused(uri: str) -> None:
    with pytest.raises(ImageDataInvalid, match="not a base64 data URI"):
        decode_data_uri(uri)


@pytest.mark.parametrize(
    ("request_body", "param", "reason"),
    [
        (body(colour="red"), "colour", "not known"),
        (body(items=[{"titel": "x"}]), "items.0.titel", "not known"),
        (body(items=[{"title": "x"}, {"title": 5}]), "items.1.title", "wrong type"),
        (body(items=[{"images": ["data:,", 5]}]), "items.0.images.1", "wrong type"),
        (body(items=[{"id": "i" * 257}]), "items.0.id", "too long"),
        (body(items=[{"attributes": {"a": 1}}]), "items.0.attributes.a", "wrong type"),
        (body(items=[]), "items", "too few"),
        (body(items={}), "items", "wrong type"),
        (b"{}", "items", "required"),
        (body(top_k=-1), "top_k", "range"),
        (body(top_k=101), "top_k", "range"),
        (body(top_k="many"), "top_k", "wrong type"),
        (body(include=["colour"]), "include.0", "wrong type"),
        (b"[]", "", "missing, unknown or has the wrong type"),
    ],
)
def test_wrong_field_is_named(request_body: bytes, param: str, reason: str) -> None:
    with pytest.raises(RequestInvalid, match=reason) as caught:
        read_json(request_body, AnalyzeRequest, Settings())
    assert (caught.value.param or "") == param


@pytest.mark.parametrize("request_body", [b"", b"{", b"\xff\xfe", b'{"items":[{"title":"\\ud800"}]}', b"[" * 5_000])
def test_body_that_is_no_json_is_refused(request_body: bytes) -> None:
    with pytest.raises(JsonInvalid, match="not valid JSON"):
        read_json(request_body, AnalyzeRequest, Settings())


@pytest.mark.parametrize("count", [33, 300])
def test_too_many_items_are_refused(count: int) -> None:
    with pytest.raises(TooManyItems, match="limit") as caught:
        check_items(len(read_json(body(items=[{"title": "x"}] * count), AnalyzeRequest, Settings()).items), Settings())
    assert caught.value.param == "items"
    check_items(32, Settings())


def test_images_do_not_count_as_json() -> None:
    uri = "data:image/png;base64," + "A" * 3_000_000
    request = body(items=[{"images": [uri, uri]}])
    assert len(request) - image_bytes(request) < 100
    assert len(read_json(request, AnalyzeRequest, Settings()).items[0].images) == 2
    # PHP writes a slash as \/.
    escaped = request.replace(b"/", b"\\/")
    assert len(escaped) - image_bytes(escaped) < 100
    assert read_json(escaped, AnalyzeRequest, Settings()).items[0].images[0] == uri


def test_json_beside_images_is_limited() -> None:
    with pytest.raises(BodyTooLarge, match="1,048,576 bytes besides its images"):
        read_json(body(items=[{"title": "x" * 1_048_576}]), AnalyzeRequest, Settings())


def test_unending_data_uri_counts_as_json() -> None:
    assert image_bytes(b'{"items":[{"images":["data:image/png;base64,AAAA') == 0


def test_analysis_keeps_order_and_gives_each_error_its_place() -> None:
    answer = analysis(["a", "b"], [ImageCorrupt(), understanding()], "m1", "t1")
    bad, good = answer.results
    assert (answer.model, answer.taxonomy_version) == ("m1", "t1")
    assert bad.error is not None
    assert (bad.id, bad.error.code, bad.error.type) == ("a", "image_corrupt", "invalid_request_error")
    assert bad.error.param == "images"
    assert (bad.category, bad.tags, bad.decision) == (None, None, None)
    assert (good.id, good.error, good.decision) == ("b", None, "review")
    assert good.category is not None
    assert (good.category.path, good.category.score) == (["Clothes", "Shirt"], 0.8)
    assert good.evidence is not None
    assert good.evidence.image is not None
    assert good.evidence.image.id == "clothes.shoe"


def test_an_analysis_tells_where_the_product_contradicts_itself() -> None:
    sure = replace(understanding(), decision="auto")
    items = [
        Item(title="Black shirt", attributes={"colour": ["Red"]}),
        Item(title="Red shirt", attributes={"fit": ["slim"]}),
    ]
    wrong, right = analysis(["a", "b"], [sure, sure], "m", "t", products=[item.to_product() for item in items]).results
    assert [(one.code, one.said, one.proposed) for one in wrong.contradictions] == [
        ("title_and_field_differ", "Red", "Black")
    ]
    assert (wrong.decision, right.contradictions, right.decision) == ("review", [], "auto")


def test_parts_that_were_not_asked_for_are_null() -> None:
    result = analysis(["a"], [understanding()], "m", "t", Options(include=["tags"])).results[0]
    assert result.tags is not None
    for part in (result.category, result.alternatives, result.attributes, result.embedding, result.evidence):
        assert part is None
    assert result.modalities_used == ["image", "text"]


@pytest.mark.parametrize("dimensions", [None, 64, 128, 256])
def test_cut_embedding_has_norm_1(dimensions: int | None) -> None:
    vector = np.random.default_rng(0).normal(size=256).astype(np.float32)
    found = np.array(cut_embedding(vector / np.linalg.norm(vector), dimensions))
    assert len(found) == (dimensions or 256)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
    assert found @ vector[: len(found)] / np.linalg.norm(vector[: len(found)]) == pytest.approx(1, abs=1e-5)


def test_error_that_no_client_caused_gives_nothing_away() -> None:
    error = analysis(["a"], [CatalogError("/secret/path")], "m", "t").results[0].error
    assert error is not None
    assert (error.code, error.type) == ("model_failed", "server_error")
    assert "secret" not in error.message


def test_examples_fit_the_schemas() -> None:
    for example in ANALYZE_REQUESTS.values():
        request = AnalyzeRequest.model_validate(example["value"])
        assert all(item.to_product() for item in request.items)
    AnalyzeResponse.model_validate(ANALYZED)
    assert AnalyzeResponse.model_validate(ANALYZED).model_dump() == ANALYZED


def test_settings_come_from_the_environment_and_flags_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFLENS_PORT", "9000")
    monkeypatch.setenv("SHELFLENS_REPLICAS", "3")
    settings = read_settings(replicas=2, host=None)
    assert (settings.port, settings.replicas, settings.host) == (9000, 2, "127.0.0.1")
    for name, value in settings.as_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


PORT_AND_REPLICAS = (
    r"port \(SHELFLENS_PORT in the environment; from 1 to 65,535\), replicas \(given as a flag; from 1 to 1,000\)"
)


def test_wrong_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFLENS_PORT", "many")
    with pytest.raises(CatalogError, match=PORT_AND_REPLICAS) as caught:
        read_settings(replicas=0)
    assert caught.value.code == "config_invalid"
