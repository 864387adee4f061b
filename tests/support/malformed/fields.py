"""Requests that can be read, with a field, a parameter or an id that cannot be."""

from collections.abc import Iterator

from tests.support.malformed.wire_request import BadRequest, got, sent

INVALID = (422, "request_invalid")
BIG = 10**400
ANALYZE, EMBEDDINGS, SEARCH, FEEDBACK = "/v1/products/analyze", "/v1/embeddings", "/v1/search", "/v1/feedback"


def bad_fields() -> list[BadRequest]:
    return [*analyzed(), *embedded(), *searched(), *filtered(), *stored(), *judged(), *parameters(), *ids()]


def analyzed() -> Iterator[BadRequest]:
    items = '{"items": [{"title": "x"}], '
    for name, body, status, code in (
        ("no items", {}, *INVALID),
        ("items empty", {"items": []}, *INVALID),
        ("items null", {"items": None}, *INVALID),
        ("items an object", {"items": {"title": "x"}}, *INVALID),
        ("item null", {"items": [None]}, *INVALID),
        ("item a text", {"items": ["x"]}, *INVALID),
        ("33 items", {"items": [{"title": "x"}] * 33}, 422, "too_many_items"),
        ("10,000 items", {"items": [{}] * 10_000}, 422, "too_many_items"),
        ("title a number", {"items": [{"title": 5}]}, *INVALID),
        ("title null", {"items": [{"title": None}]}, *INVALID),
        ("id of 257 characters", {"items": [{"id": "x" * 257, "title": "x"}]}, *INVALID),
        ("65 images", {"items": [{"images": ["x"] * 65}]}, *INVALID),
        ("image a number", {"items": [{"images": [1]}]}, *INVALID),
        ("65 attributes", {"items": [{"attributes": {str(n): "x" for n in range(65)}}]}, *INVALID),
        ("attribute an object", {"items": [{"attributes": {"a": {"b": "c"}}}]}, *INVALID),
        ("unknown field", {"items": [{"__class__": "x"}]}, *INVALID),
        ("unknown option", {"items": [{"title": "x"}], "callback": "http://a.example"}, *INVALID),
        ("top_k below 0", items + '"top_k": -1}', *INVALID),
        ("top_k too large", items + '"top_k": 101}', *INVALID),
        ("top_k a fraction", items + '"top_k": 1.5}', *INVALID),
        ("top_k not a number", items + '"top_k": NaN}', *INVALID),
        ("top_k infinite", items + '"top_k": Infinity}', *INVALID),
        ("top_k huge", items + f'"top_k": {BIG}' + "}", *INVALID),
        ("top_k 1e400", items + '"top_k": 1e400}', *INVALID),
        ("top_k of 5,000 digits", items + f'"top_k": {"9" * 5_000}' + "}", 400, "json_invalid"),
        ("include unknown", items + '"include": ["prices"]}', *INVALID),
        ("include too often", items + f'"include": {["tags"] * 17}'.replace("'", '"') + "}", *INVALID),
        ("dimensions 0", items + '"embedding_dimensions": 0}', 422, "embedding_dimensions_unsupported"),
        ("dimensions below 0", items + '"embedding_dimensions": -8}', 422, "embedding_dimensions_unsupported"),
        ("dimensions huge", items + f'"embedding_dimensions": {BIG}' + "}", 422, "embedding_dimensions_unsupported"),
    ):
        yield sent(name, "POST", ANALYZE, body, status, code)


def embedded() -> Iterator[BadRequest]:
    for name, body, status, code in (
        ("no input", {}, *INVALID),
        ("input null", {"input": None}, *INVALID),
        ("input empty", {"input": []}, *INVALID),
        ("input of tokens", {"input": [1, 2, 3]}, 422, "tokens_unsupported"),
        ("input of lists", {"input": [["x"]]}, *INVALID),
        ("words empty", {"input": ""}, 422, "product_empty"),
        ("words of spaces", {"input": ["x", " \t\n"]}, 422, "product_empty"),
        ("words too long", {"input": "x" * 8_193}, 422, "text_too_long"),
        ("input unknown", {"input": {"txt": "x"}}, *INVALID),
        ("2,049 inputs", {"input": ["x"] * 2_049}, 422, "too_many_items"),
        ("100,000 inputs", {"input": [""] * 100_000}, 422, "too_many_items"),
        ("dimensions text", {"input": "x", "dimensions": "many"}, *INVALID),
        ("dimensions unsupported", {"input": "x", "dimensions": 7}, 422, "embedding_dimensions_unsupported"),
        ("format unknown", {"input": "x", "encoding_format": "pickle"}, *INVALID),
        ("model of 257 characters", {"input": "x", "model": "x" * 257}, *INVALID),
        ("model a list", {"input": "x", "model": ["x"]}, *INVALID),
    ):
        yield sent(name, "POST", EMBEDDINGS, body, status, code)


def searched() -> Iterator[BadRequest]:
    for name, body, status, code in (
        ("nothing", {}, 422, "search_empty"),
        ("spaces", {"text": "  "}, 422, "search_empty"),
        ("text null", {"text": None}, 422, "search_empty"),
        ("text too long", {"text": "x" * 8_193}, *INVALID),
        ("unknown product", {"product_id": "nobody"}, 404, "product_not_found"),
        ("unknown product of odd signs", {"product_id": "'; DROP TABLE products; --"}, 404, "product_not_found"),
        ("id of 257 characters", {"product_id": "x" * 257}, *INVALID),
        ("limit 0", {"text": "x", "limit": 0}, *INVALID),
        ("limit 101", {"text": "x", "limit": 101}, *INVALID),
        ("limit true", {"text": "x", "limit": []}, *INVALID),
        ("limit huge", f'{{"text": "x", "limit": {BIG}}}', *INVALID),
        ("offset below 0", {"text": "x", "offset": -1}, *INVALID),
        ("offset too large", {"text": "x", "offset": 10_001}, *INVALID),
        ("facet empty", {"text": "x", "facets": [""]}, *INVALID),
        ("facet too long", {"text": "x", "facets": ["x" * 65]}, *INVALID),
        ("17 facets", {"text": "x", "facets": [str(n) for n in range(17)]}, *INVALID),
        ("facets a text", {"text": "x", "facets": "brand"}, *INVALID),
        ("collapse text", {"text": "x", "collapse": "perhaps"}, *INVALID),
        ("weight of nothing", {"text": "x", "weights": {"words": 1}}, *INVALID),
        ("weight 0", {"text": "x", "weights": {"text": 0}}, 422, "search_invalid"),
        ("weights all below 0", {"text": "x", "weights": {"text": -1}}, 422, "search_invalid"),
        ("weight too large", {"text": "x", "weights": {"text": 1e9}}, *INVALID),
        ("weight not a number", '{"text": "x", "weights": {"text": NaN}}', *INVALID),
        ("weight infinite", '{"text": "x", "weights": {"text": -Infinity}}', *INVALID),
        ("weight 1e999", '{"text": "x", "weights": {"text": 1e999}}', *INVALID),
    ):
        yield sent(name, "POST", SEARCH, body, status, code)


def filtered() -> Iterator[BadRequest]:
    """Filters, in a search and as the text of a parameter."""
    nested: dict[str, object] = {"brand": "x"}
    for _ in range(50):
        nested = {"not": nested}
    for name, filter in (
        ("unknown key", '{"colour": "red"}'),
        ("private key", '{"__proto__": {"brand": "x"}}'),
        ("brand a number", '{"brand": 5}'),
        ("brand null", '{"brand": null}'),
        ("brand an object", '{"brand": {"$ne": ""}}'),
        ("no values", '{"brand": []}'),
        ("value empty", '{"brand": ""}'),
        ("value too long", f'{{"brand": "{"x" * 257}"}}'),
        ("101 values", f'{{"brand": [{", ".join(["1"] * 101).replace("1", chr(34) + "x" + chr(34))}]}}'),
        ("price a number", '{"price": 5}'),
        ("price of no bounds", '{"price": {}}'),
        ("unknown bound", '{"price": {"near": 5}}'),
        ("bound a text", '{"price": {"lte": "5"}}'),
        ("bound true", '{"price": {"lte": true}}'),
        ("bound not a number", '{"price": {"lte": NaN}}'),
        ("bound infinite", '{"price": {"gte": Infinity}}'),
        ("bound 1e999", '{"price": {"gte": -1e999}}'),
        ("bound of 400 digits", f'{{"price": {{"gte": {BIG}}}}}'),
        ("and of nothing", '{"and": []}'),
        ("and an object", '{"and": {"brand": "x"}}'),
        ("or of texts", '{"or": ["brand"]}'),
        ("not a list", '{"not": [{"brand": "x"}]}'),
        ("attributes a list", '{"attributes": ["colour"]}'),
        ("attribute of no name", '{"attributes": {"": "x"}}'),
        ("nested too deep", repr(nested).replace("'", '"')),
    ):
        yield sent(f"filter: {name}", "POST", SEARCH, f'{{"text": "x", "filter": {filter}}}', 422, "filter_invalid")
    for filter in ("%7B", "%5B%5D", "x", "5", "%7B%22a%22:1%7D", "%5B" * 5_000, "%7B%22brand%22:%22%5Cud800%22%7D"):
        yield got(f"/v1/products/stored/similar?filter={filter}", 422, "filter_invalid")
    yield sent("filter a list", "POST", SEARCH, {"text": "x", "filter": []}, *INVALID)
    yield sent("filter a text", "POST", SEARCH, {"text": "x", "filter": "brand = x"}, *INVALID)


def stored() -> Iterator[BadRequest]:
    put = "/v1/products/new"
    for name, body, status, code in (
        ("nothing", {}, 422, "product_empty"),
        ("spaces", {"title": "\u3000\n"}, 422, "product_empty"),
        ("title too long", {"title": "x" * 8_193}, *INVALID),
        ("title and description too long", {"title": "x" * 8_000, "description": "x" * 8_000}, 422, "text_too_long"),
        ("unknown field", {"title": "x", "id": "other"}, *INVALID),
        ("price below 0", {"title": "x", "price": -0.01}, *INVALID),
        ("price too high", {"title": "x", "price": 1e13}, *INVALID),
        ("price not a number", '{"title": "x", "price": NaN}', *INVALID),
        ("price infinite", '{"title": "x", "price": Infinity}', *INVALID),
        ("price 1e999", '{"title": "x", "price": 1e999}', *INVALID),
        ("price text", {"title": "x", "price": "9,99"}, *INVALID),
        ("price a list", {"title": "x", "price": [9]}, *INVALID),
        ("currency in words", {"title": "x", "currency": "euro"}, *INVALID),
        ("currency with a line end", {"title": "x", "currency": "EUR\n"}, *INVALID),
        ("brand too long", {"title": "x", "brand": "x" * 257}, *INVALID),
        ("link too long", {"title": "x", "link": "https://a.example/" + "x" * 2_048}, *INVALID),
        ("65 attributes", {"title": "x", "attributes": {str(n): "x" for n in range(65)}}, *INVALID),
        ("20,000 attributes", {"title": "x", "attributes": {str(n): "x" for n in range(20_000)}}, *INVALID),
        ("attribute of no name", {"title": "x", "attributes": {"": "x"}}, *INVALID),
        ("attribute of a long name", {"title": "x", "attributes": {"x" * 65: "x"}}, *INVALID),
        ("attribute of a long value", {"title": "x", "attributes": {"x": "x" * 257}}, *INVALID),
        ("attribute a number", {"title": "x", "attributes": {"x": 1}}, *INVALID),
        ("attributes a list", {"title": "x", "attributes": ["x"]}, *INVALID),
        ("images a text", {"images": "x"}, *INVALID),
        ("65 images", {"images": ["x"] * 65}, *INVALID),
        ("nine images", {"images": ["data:;base64,AAAA"] * 9}, 422, "too_many_images"),
    ):
        yield sent(name, "PUT", put, body, status, code)
    for name, body in (
        ("unknown field", {"titel": "x"}),
        ("price below 0", {"price": -1}),
    ):
        yield sent(name, "PATCH", "/v1/products/stored", body, *INVALID)
    yield sent("nothing left", "PATCH", "/v1/products/stored", {"title": "", "images": []}, 422, "product_empty")
    yield sent("unknown product", "PATCH", "/v1/products/nobody", {"title": "x"}, 404, "product_not_found")


def judged() -> Iterator[BadRequest]:
    for name, body, status, code in (
        ("nothing", {}, *INVALID),
        ("no verdict", {"product_id": "stored"}, *INVALID),
        ("unknown verdict", {"product_id": "stored", "verdict": "perhaps"}, *INVALID),
        ("unknown product", {"product_id": "nobody", "verdict": "accept"}, 404, "product_not_found"),
        ("empty id", {"product_id": "", "verdict": "accept"}, *INVALID),
        ("id too long", {"product_id": "x" * 257, "verdict": "accept"}, *INVALID),
        ("id a number", {"product_id": 5, "verdict": "accept"}, *INVALID),
        ("correct without what", {"product_id": "stored", "verdict": "correct"}, *INVALID),
        ("accept with a category", {"product_id": "stored", "verdict": "accept", "category": "food"}, *INVALID),
        ("unknown category", {"product_id": "stored", "verdict": "correct", "category": "x"}, 422, "category_unknown"),
        ("empty category", {"product_id": "stored", "verdict": "correct", "category": ""}, 422, "category_unknown"),
        ("tag too long", {"product_id": "stored", "verdict": "correct", "tags": ["x" * 257]}, *INVALID),
        ("65 tags", {"product_id": "stored", "verdict": "correct", "tags": ["x"] * 65}, *INVALID),
        ("attributes a list", {"product_id": "stored", "verdict": "correct", "attributes": []}, *INVALID),
        ("comment too long", {"product_id": "stored", "verdict": "accept", "comment": "x" * 2_001}, *INVALID),
    ):
        yield sent(name, "POST", FEEDBACK, body, status, code)


def parameters() -> Iterator[BadRequest]:
    similar = "/v1/products/stored/similar"
    for wrong in ("limit=", "limit=0", "limit=101", "limit=x", "limit=1e3", "limit=NaN", f"limit={BIG}", "limit=%00"):
        yield got(f"{similar}?{wrong}", *INVALID)
        yield got(f"/v1/review?{wrong}", *INVALID)
    for wrong in ("offset=-1", "offset=10001", "offset=99999999999999999999", "collapse=perhaps", "collapse="):
        yield got(f"{similar}?{wrong}", *INVALID)
    yield got(f"{similar}?filter=" + "x" * 16_385, *INVALID)
    for wrong in ("n=-1", "n=65", "n=x", "n=1.5", "n=0x1"):
        yield got(f"/v1/products/stored/image?{wrong}", *INVALID)
    yield got("/v1/products/stored/image?n=64", 404, "picture_not_kept")
    yield got("/v1/products/stored?include=everything", *INVALID)
    yield got("/v1/products/stored?erase=perhaps", 422, "request_invalid", "DELETE")
    for cursor in ("x", "0", "1e5", "00000000-0000-0000-0000-00000000000g", "%00", "../../etc/passwd", "'--"):
        yield got(f"/v1/review?after={cursor}", 422, "search_invalid")
    yield got("/v1/review?after=" + "x" * 65, *INVALID)


def ids() -> Iterator[BadRequest]:
    """Ids that cannot be stored are never found either."""
    for id in ("x" * 257, "", "%C2%85", "%E2%80%A8"):
        yield got(f"/v1/products/{id}", *INVALID)
        yield got(f"/v1/products/{id}/similar", *INVALID)
        yield got(f"/v1/products/{id}/image", *INVALID)
        yield got(f"/v1/products/{id}", *INVALID, "DELETE")
        yield sent("", "PUT", f"/v1/products/{id}", {"title": "x"}, *INVALID)
    for id in ("a/similar", "a/image", "a%2Fimage", "similar", "image"):
        path = f"/v1/products/{id}"
        yield (
            sent("taken by an address", "PUT", path, {"title": "x"}, *INVALID)
            if "/" in id or "%2F" in id
            else got(f"{path}x", 404, "product_not_found")
        )
    for id in ("nobody", "..%2F..%2Fetc%2Fpasswd", "%2e%2e", "%27%20OR%201=1--", "%F0%9F%91%95", "$%7Bjndi:ldap%7D"):
        yield got(f"/v1/products/{id}", 404, "product_not_found")
        yield got(f"/v1/products/{id}", 404, "product_not_found", "DELETE")
        yield got(f"/v1/products/{id}/similar", 404, "product_not_found")
        yield got(f"/v1/products/{id}/image", 404, "picture_not_kept")
