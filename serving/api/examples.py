"""The examples of the OpenAPI document: of each request and each answer. A test holds them against the schemas."""

from typing import Any

# 3 by 3 pixels, as small as an image may be.
RED_PNG = "data:image/png;base64," + (
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAADCAIAAADZSiLoAAAAEElEQVR4nGP8zwAFTAyYLAAdWwEFNX6VDAAAAABJRU5ErkJggg=="
)
MODEL = "3f1c0a9be277"
SHADOW = "a90d51b3c6e4"
PRODUCT_ID = "shirt-1"
JOB_ID = "9b2f6c1e0d7a4c58b3e1f2a4d5c6b7a8"
UPLOAD_ID = "4f0e9d6b2c1a47e8a5b3c7d9e1f20a6b"
CURSOR = "5c1e7f0a-6d0e-5b7c-9a51-0c2b8f1d3e4f"
CREATED = "2026-03-01T09:30:00+00:00"

ANALYZE_REQUESTS: dict[str, dict[str, Any]] = {
    "text alone": {"value": {"items": [{"id": PRODUCT_ID, "title": "Red striped cotton shirt"}]}},
    "image and text": {
        "value": {
            "items": [
                {
                    "id": "shirt-2",
                    "title": "Shirt",
                    "description": "Long sleeves.",
                    "images": [RED_PNG],
                    "attributes": {"material": "cotton"},
                },
                {"id": "shoe-1", "title": "Running shoe, blue, men"},
            ],
            "top_k": 3,
            "include": ["category", "tags", "attributes", "embedding", "evidence"],
            "embedding_dimensions": 64,
        }
    },
}
ANALYZE_FORM: dict[str, Any] = {"id": PRODUCT_ID, "title": "Red striped cotton shirt", "top_k": 3}

SHIRT: dict[str, Any] = {
    "id": "clothing.shirt",
    "path": ["Clothing", "Shirt"],
    "path_scores": [0.98, 0.91],
    "score": 0.91,
}
UNDERSTANDING: dict[str, Any] = {
    "category": SHIRT,
    "alternatives": [
        {"id": "clothing.t-shirt", "path": ["Clothing", "T-shirt"], "path_scores": [0.98, 0.05], "score": 0.05}
    ],
    "tags": [{"name": "striped", "score": 0.88}],
    "attributes": {"colour": {"value": "red", "score": 0.97}},
    "modalities_used": ["text"],
    "decision": "auto",
    "notes": [],
}
CONTRADICTION: dict[str, Any] = {
    "code": "image_and_title_differ",
    "field": "colour",
    "said": "Red",
    "proposed": "Blue",
    "probability": 0.94,
    "sentence": "The picture seems to show Blue, but the words say Red.",
    "evidence": [
        {"source": "image", "says": "Blue", "start": None, "end": None, "score": 0.97},
        {"source": "title", "says": "Red", "start": 0, "end": 3, "score": None},
    ],
}
DOUBLE: dict[str, Any] = {
    "code": "duplicate",
    "product": "shirt-2",
    "axes": [],
    "probability": 0.97,
    "sentence": "This seems to be the same product as shirt-2.",
}
ANALYZED: dict[str, Any] = {
    "model": MODEL,
    "taxonomy_version": "1",
    "results": [
        {
            "id": PRODUCT_ID,
            **{name: UNDERSTANDING[name] for name in ("category", "alternatives", "tags", "attributes")},
            "embedding": None,
            "evidence": {"image": None, "text": None},
            "modalities_used": ["text"],
            "decision": "auto",
            "notes": [],
            "contradictions": [],
            "suggested_price": None,
            "error": None,
        }
    ],
    "usage": {"prompt_tokens": 8, "total_tokens": 8, "truncated": []},
}

EXPLAINED: dict[str, Any] = {
    "model": MODEL,
    "taxonomy_version": "1",
    "results": [
        ANALYZED["results"][0]
        | {
            "evidence": {
                "image": None,
                "text": None,
                "explained": SHIRT,
                "log_odds": 2.313,
                "words": [
                    {"word": "Red", "score": -0.12, "places": [{"field": "title", "start": 0, "end": 3}]},
                    {"word": "shirt", "score": 3.87, "places": [{"field": "title", "start": 19, "end": 24}]},
                ],
                "words_untried": [],
                "heat_map": None,
                "nearest": [
                    {
                        "id": "shirt-9",
                        "title": "Striped shirt",
                        "category": SHIRT,
                        "labelled_by": "person",
                        "similarity": 0.93,
                    }
                ],
            }
        }
    ],
    "usage": ANALYZED["usage"],
}

EMBEDDINGS_REQUEST: dict[str, Any] = {"input": ["red shoes", {"text": "blue shirt"}], "dimensions": 64}
EMBEDDED: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.6, 0.0, -0.8]}],
    "model": MODEL,
    "usage": {"prompt_tokens": 10, "total_tokens": 10, "truncated": []},
}

PRODUCT_REQUEST: dict[str, Any] = {
    "title": "Red striped cotton shirt",
    "description": "Long sleeves.",
    "images": [RED_PNG],
    "brand": "Acme",
    "price": 29.9,
    "currency": "EUR",
    "link": "https://shop.example/shirt-1",
    "product_type": "Men > Shirts",
    "attributes": {"material": "cotton", "size": ["M", "L"]},
    "list_price": 39.9,
    "sale_price": 29.9,
    "sale_dates": "",
    "unit_price": None,
    "unit_measure": "",
    "availability": "in_stock",
    "status": "active",
    "sku": "SHIRT-1",
    "gtin": "4006381333931",
    "mpn": "",
    "google_product_category": "Apparel & Accessories > Clothing > Shirts & Tops",
    "variants": [
        {
            "options": {"size": "M"},
            "sku": "SHIRT-1-M",
            "gtin": "",
            "mpn": "",
            "price": 29.9,
            "availability": "in_stock",
        }
    ],
}
CHANGE_REQUEST: dict[str, Any] = {"price": 24.5}
PRODUCT: dict[str, Any] = {
    "id": PRODUCT_ID,
    **PRODUCT_REQUEST,
    "images": 1,
    "model": MODEL,
    "added_at": CREATED,
    "understanding": UNDERSTANDING
    | {"attributes": {"material": {"value": "linen", "score": 0.93}}, "modalities_used": ["image", "text"]},
    "conflicts": [{"name": "material", "yours": "cotton", "model": "linen", "score": 0.93}],
    "contradictions": [CONTRADICTION],
    "doubles": [DOUBLE],
    "judgement": None,
    "embedding": None,
}

SEARCH_REQUEST: dict[str, Any] = {
    "text": "striped shirt",
    "filter": {"price": {"lte": 50}, "attributes": {"colour": ["red", "pink"]}},
    "facets": ["category", "brand"],
    "include": ["evidence"],
}
SIMILAR: dict[str, Any] = {
    "results": [PRODUCT | {"score": 0.84, "duplicates": [], "evidence": None}],
    "nearest": [],
    "facets": {},
    "total": 120,
    "model": MODEL,
    "notes": [],
}
PRICE_REQUEST: dict[str, Any] = {"title": "Red striped cotton shirt", "currency": "EUR", "coverage": 0.9}
PRICE: dict[str, Any] = {
    "currency": "EUR",
    "coverage": 0.9,
    "low": 17.4,
    "median": 29.9,
    "high": 44.95,
    "reason": "",
    "comparables": [
        {"id": f"shirt-{number}", "title": "Striped shirt", "price": price, "similarity": similarity}
        for number, price, similarity in (
            (9, 29.9, 0.93),
            (4, 34.9, 0.91),
            (5, 24.9, 0.88),
            (6, 29.9, 0.86),
            (7, 39.9, 0.8),
        )
    ],
    "calibrated_on": 412,
}
_CHANNEL: dict[str, Any] = {"channel": "ebay", "language": "en"}
DRAFT_OPTIONS: dict[str, Any] = _CHANNEL | {"style": False}
DRAFT_REQUEST: dict[str, Any] = DRAFT_OPTIONS | {
    "title": "Striped shirt",
    "brand": "Acme",
    "attributes": {"colour": "Red"},
}
_TITLE: list[dict[str, Any]] = [
    {"text": "Acme", "source": "brand"},
    {"text": " ", "source": ""},
    {"text": "Striped shirt", "source": "title"},
]
_COLOUR: list[dict[str, Any]] = [{"text": "Colour: ", "source": ""}, {"text": "Red", "source": "attributes.colour"}]
_NAMED: list[dict[str, Any]] = [*_TITLE, {"text": ", ", "source": ""}, _COLOUR[1]]
_STOP: dict[str, Any] = {"text": ".", "source": ""}
DRAFT: dict[str, Any] = _CHANNEL | {
    "title": {"text": "Acme Striped shirt, Red", "length": 23, "limit": 80, "spans": _NAMED},
    "description": {
        "text": "Acme Striped shirt. Colour: Red.",
        "length": 32,
        "limit": 4000,
        "spans": [*_TITLE, _STOP, {"text": " ", "source": ""}, *_COLOUR, _STOP],
    },
    "bullets": [{"text": "Colour: Red", "length": 11, "limit": 65, "spans": _COLOUR}],
    "ad": {"text": "Acme Striped shirt, Red.", "length": 24, "limit": 55, "spans": [*_NAMED, _STOP]},
    "styling": None,
}
DEMAND_REQUEST: dict[str, Any] = {
    "histories": [{"id": PRODUCT_ID, "sales": [4, 3, 5, 4, 6, 3, 4, 5, 4, 4]}],
    "horizon": 2,
    "lead_time_weeks": 2,
}
DEMAND: dict[str, Any] = {
    "coverage": 0.8,
    "forecasts": [
        {
            "id": PRODUCT_ID,
            "method": "mean of 8 weeks",
            "mean": [4.375, 4.375],
            "median": [4.2, 4.2],
            "low": [3.1, 3.1],
            "high": [5.6, 5.6],
            "tested": 10,
            "safety_stock": 2.1,
            "reorder_point": 10.85,
            "neighbours": [],
            "reason": "",
        }
    ],
}
WHY_FOUND: dict[str, Any] = {
    "vectors": {"rank": 2, "score": 0.84, "adds": 0.84},
    "words": {"rank": 1, "score": 6.2, "adds": 0.71},
    "matched": ["striped", "shirt"],
    "by_number": False,
}
FOUND: dict[str, Any] = SIMILAR | {
    "results": [PRODUCT | {"score": 0.84, "duplicates": [], "evidence": WHY_FOUND}],
    "facets": {"category": [{"value": "clothing.shirt", "count": 88}], "brand": [{"value": "Acme", "count": 12}]},
}

USER_ID = "u-204"
EVENT: dict[str, Any] = {"kind": "view", "product_id": PRODUCT_ID, "query": "", "time": CREATED, "id": "e-1"}
EVENTS_REQUEST: dict[str, Any] = {
    "events": [
        {"user_id": USER_ID} | EVENT,
        {"user_id": USER_ID, "kind": "purchase", "product_id": "shoe-1", "time": CREATED, "id": "e-2"},
        {"user_id": USER_ID, "kind": "search", "query": "striped shirt"},
    ]
}
EVENTS_KEPT: dict[str, Any] = {"received": 3, "new": 3}
EVENTS: dict[str, Any] = {"events": [EVENT], "after": None}
RECOMMENDATIONS_REQUEST: dict[str, Any] = {
    "events": [{"kind": "view", "product_id": "shoe-1"}, {"kind": "cart", "product_id": "shoe-1"}],
    "limit": 5,
    "exclude": ["mug-1"],
}
RECOMMENDATIONS: dict[str, Any] = {
    "recommendations": [
        {
            "product": PRODUCT,
            "score": 0.031,
            "reason": {"source": "together", "product_id": "shoe-1", "title": "Running shoe"},
        }
    ]
}
COMPANIONS: dict[str, Any] = {"products": [{"product": PRODUCT, "times": 12}]}

LISTED: dict[str, Any] = {"products": [PRODUCT], "facets": FOUND["facets"], "total": 120}

FEEDBACK_REQUEST: dict[str, Any] = {
    "product_id": PRODUCT_ID,
    "verdict": "correct",
    "category": "clothing.shirt",
    "tags": ["striped"],
    "attributes": {"colour": "red"},
    "comment": "The stripes are white.",
}
FEEDBACK: dict[str, Any] = {
    "id": 1,
    **FEEDBACK_REQUEST,
    "title": PRODUCT_REQUEST["title"],
    "proposed_category": None,
    "created_at": CREATED,
    "seen": "clothing",
    "given_by": "",
    "group": None,
    "conflicting": False,
}
FEEDBACK_BATCH: dict[str, Any] = {
    "items": [
        {"product_id": PRODUCT_ID, "verdict": "accept"},
        {"product_id": "mug-1", "verdict": "correct", "proposed_category": "Kitchen > Mugs"},
    ]
}
JUDGED: dict[str, Any] = {
    "results": [
        {"feedback": FEEDBACK, "error": None},
        {
            "feedback": None,
            "error": {
                "message": "No product with this id is stored.",
                "type": "invalid_request_error",
                "param": None,
                "code": "product_not_found",
            },
        },
    ]
}
FEEDBACK_ALIKE: dict[str, Any] = {"product_id": PRODUCT_ID, "verdict": "correct", "category": "clothing.shirt"}
JUDGED_ALIKE: dict[str, Any] = {
    "results": [
        {"feedback": FEEDBACK | {"group": 1}, "error": None},
        {"feedback": FEEDBACK | {"id": 2, "product_id": "shirt-2", "group": 1}, "error": None},
    ]
}
PROPOSALS: dict[str, Any] = {"proposals": [{"category": "Kitchen > Mugs", "products": 46}]}
REVIEW: dict[str, Any] = {
    "products": [PRODUCT],
    "after": CURSOR,
    "total": 7,
    "menu": {"decisions": {"review": 5, "abstain": 2}, "guesses": [{"category": "clothing.shirt", "count": 7}]},
    "stored": 1200,
}
ALIKE: dict[str, Any] = {"products": [PRODUCT | {"score": 0.97}]}

JOB_REQUEST: dict[str, Any] = {"source": "spring/products.csv", "columns": {"title": "name"}, "dry_run": True}
UPLOAD_REQUEST: dict[str, Any] = {"filename": "products.csv", "bytes": 61_000_000}
UPLOAD: dict[str, Any] = {
    "id": UPLOAD_ID,
    **UPLOAD_REQUEST,
    "received": 8_388_608,
    "part_bytes": 8_388_608,
}
JOB_FORM: dict[str, Any] = {
    "file": "id,name,price\nshirt-1,Red striped cotton shirt,29.90 EUR\n",
    "columns": '{"title": "name"}',
    "dry_run": True,
}
PREVIEW_FORM: dict[str, Any] = {key: value for key, value in JOB_FORM.items() if key != "dry_run"} | {"cut": False}
PREVIEW_REQUEST: dict[str, Any] = {key: value for key, value in JOB_REQUEST.items() if key != "dry_run"}
PREVIEW: dict[str, Any] = {
    "format": "csv",
    "system": "a feed of no known system",
    "columns": [
        {"name": "id", "field": "id", "examples": ["shirt-1"]},
        {"name": "name", "field": "title", "examples": ["Red striped cotton shirt"]},
        {"name": "price", "field": "price", "examples": ["29.90 EUR"]},
        {"name": "shelf", "field": None, "examples": ["B 12"]},
    ],
    "prices": [{"column": "price", "written": "29.90 EUR", "price": 29.9, "currency": "EUR", "code": ""}],
    "rows": [
        {
            "line": 2,
            "id": "shirt-1",
            "title": "Red striped cotton shirt",
            "price": 29.9,
            "currency": "EUR",
            "product_type": "",
            "images": 0,
            "warnings": [],
            "error": None,
        }
    ],
    "error": None,
}
SOURCES: dict[str, Any] = {"sources": [{"path": "spring/products.csv", "bytes": 61_000_000, "modified_at": CREATED}]}
JOB: dict[str, Any] = {
    "id": JOB_ID,
    "state": "running",
    "source": "products.csv",
    "dry_run": False,
    "created_at": CREATED,
    "started_at": CREATED,
    "finished_at": None,
    "total": 1200,
    "done": 400,
    "failed": 3,
    "skipped": 150,
    "added": 240,
    "updated": 7,
    "removed": 0,
    "warnings": {"image_not_found": 2},
    "eta_seconds": 31.5,
    "teaching": False,
    "auditing": False,
    "taught": None,
    "error": None,
}
JOBS: dict[str, Any] = {"jobs": [JOB]}
OVERVIEW: dict[str, Any] = {
    "products": 1200,
    "decisions": {"auto": 1010, "review": 120, "abstain": 70},
    "waiting": 186,
    "departments": [{"id": "clothing", "label": "Clothing", "label_zh": "服装", "products": 1130}],
    "last_job": JOB,
}
FAILED_ROW: dict[str, Any] = {
    "line": 17,
    "id": "",
    "code": "row_id_missing",
    "reason": "The row has no id.",
    "row": {"id": "", "name": "Shirt", "brand": "Halden"},
}
WARNED_ROW: dict[str, Any] = {
    "line": 18,
    "id": "shirt-10",
    "code": "image_not_found",
    "reason": '"back.jpg": The image file does not exist or cannot be read.',
}
FAILED_SHEET = (
    "id,name,brand,failed_line,failed_code,failed_reason\r\n,Shirt,Halden,17,row_id_missing,The row has no id.\r\n"
)

MODELS: dict[str, Any] = {
    "object": "list",
    "data": [
        {
            "id": MODEL,
            "object": "model",
            "created": 0,
            "owned_by": "shelflens",
            "role": "active",
            "taxonomy_version": "1",
            "image_size": 224,
            "embedding_dimensions": [64, 128, 256],
            "max_input_tokens": 96,
        }
    ],
}
CATEGORY_REQUEST: dict[str, Any] = {"path": "Garden > Hoses", "items": [{"title": "Garden hose 20 m, green"}]}
CATEGORY_ADDED: dict[str, Any] = {"id": "garden.hoses", "path": ["Garden", "Hoses"], "model": MODEL}
FINDING: dict[str, Any] = {
    "id": "9c1c6f0c7d1d2a55",
    "code": "variant",
    "sentence": "This seems to be a variant of shirt-2: they differ in colour.",
    "product": PRODUCT_ID,
    "others": ["shirt-2"],
    "products": [
        {"id": PRODUCT_ID, "title": "Red shirt", "images": 1},
        {"id": "shirt-2", "title": "Blue shirt", "images": 1},
    ],
    "field": "colour",
    "said": "",
    "proposed": "",
    "probability": 0.93,
    "takes_value": False,
    "writes": {"item_group_id": "shirt-1"},
    "evidence": [
        {
            "source": "product",
            "says": "Both titles have: shirt.",
            "start": None,
            "end": None,
            "score": 2.1,
            "code": "alike",
            "values": ["shirt"],
        }
    ],
    "state": "open",
    "value": "",
    "given_by": "",
    "judged_at": None,
    "auto": False,
}
FINDINGS: dict[str, Any] = {"findings": [FINDING], "after": None}
FINDING_VERDICT: dict[str, Any] = {"verdict": "dismissed"}
AUDITS: dict[str, Any] = {
    "runs": [
        {
            "id": 1,
            "created_at": CREATED,
            "products": 1200,
            "figures": {"distinct": 1150.0},
            "counts": {"variant": 31},
        }
    ],
    "counts": {"variant": {"open": 29, "accepted": 2, "corrected": 0, "dismissed": 0}},
    "merging": {
        "promised": False,
        "target": 0.98,
        "verdicts": 61,
        "wrong": 0,
        "needed": 149,
        "least": None,
        "bound": None,
        "coverage": None,
        "sentence": "Merging duplicates unseen cannot be promised: 61 of the 149 verdicts needed. Accept or dismiss"
        " duplicates to get there.",
    },
}
FEED_FORM: dict[str, Any] = {"file": "id,title\nshirt-1,Red shirt\n", "columns": "{}"}
CORRECTED = "id,title,item_group_id\r\nshirt-1,Red shirt,shirt-1\r\nshirt-2,Blue shirt,shirt-1\r\n"
EXPORTED: dict[str, Any] = {
    "id": PRODUCT_ID,
    "title": "Red striped cotton shirt",
    "price": 29.9,
    "category": {
        "id": "clothing.shirt",
        "path": ["Clothing", "Shirt"],
        "path_scores": [0.99, 0.93],
        "path_ids": ["clothing", "clothing.shirt"],
    },
    "decision": "auto",
    "model": MODEL,
    "embedding": [0.6, 0.8],
}
EXPORTED_SHEET = "id,title,price,category,decision\r\nshirt-1,Red striped cotton shirt,29.9,Clothing > Shirt,auto\r\n"
PATCH = "id,item_group_id\r\nshirt-1,shirt-1\r\nshirt-2,shirt-1\r\n"
COMPARISON: dict[str, Any] = {
    "active": MODEL,
    "shadow": SHADOW,
    "products": 200,
    "missed": 3,
    "changed_categories": 0.035,
    "top_ten_overlap": 0.91,
    "neighbour_overlap": 0.87,
    "examples": [
        {
            "id": PRODUCT_ID,
            "active": ["Clothing", "Shirt"],
            "active_score": 0.61,
            "shadow": ["Clothing", "T-shirt"],
            "shadow_score": 0.7,
        }
    ],
}
TAXONOMY: dict[str, Any] = {
    "version": "1",
    "nodes": [
        {"id": "clothing", "parent": None, "label": "Clothing", "label_zh": "服装"},
        {"id": "clothing.shirt", "parent": "clothing", "label": "Shirt", "label_zh": "衬衫"},
    ],
    "tags": [{"name": "striped", "label_zh": "条纹"}],
    "attributes": [{"name": "colour", "values": ["red", "blue"]}],
}

SHIRTS: dict[str, Any] = {"id": "212", "path": ["Apparel & Accessories", "Clothing", "Shirts & Tops"]}
CONFIRMED: dict[str, Any] = {
    "id": 1,
    "category": "clothing.shirt",
    "counterpart": SHIRTS,
    "given_by": "",
    "created_at": CREATED,
}
CONFIRMATION_REQUEST: dict[str, Any] = {"category": "clothing.shirt", "counterpart": "212"}
CONFIRMATIONS: dict[str, Any] = {"confirmed": [CONFIRMED]}
CATEGORY_LIST: dict[str, Any] = {"version": "google 2021-09-21", "categories": 5595}
CATEGORY_MAP: dict[str, Any] = {
    "tree": CATEGORY_LIST,
    "ready": True,
    "done": 2,
    "unread": 0,
    "categories": 2,
    "open": 1,
    "confirmed": 0,
    "results": [
        {
            "category": {"id": "clothing.shirt", "path": ["Clothing", "Shirt"]},
            "named": "",
            "proposals": [SHIRTS | {"score": 0.78, "finer": False}],
            "confirmed": None,
        }
    ],
    "after": None,
}
SHEET = (
    "id,path,to,to_path,score,finer,confirmed,alternatives\r\n"
    "clothing.shirt,Clothing > Shirt,212,Apparel & Accessories > Clothing > Shirts & Tops,0.780,,yes,\r\n"
)
GOOGLE: dict[str, Any] = {
    "version": "google 2021-09-21",
    "nodes": [
        {
            "id": "166",
            "parent": None,
            "label": "Apparel & Accessories",
            "label_zh": "Apparel & Accessories",
        }
    ],
    "tags": [],
    "attributes": [],
}

HEALTH: dict[str, Any] = {"status": "ok"}
READY: dict[str, Any] = {
    "status": "ready",
    "model": MODEL,
    "taxonomy_version": "1",
    "products": 1200,
    "indexed": 1.0,
    "damaged": [],
}
METRICS = "# TYPE shelflens_products gauge\nshelflens_products 1200\n"

ONE_REVIEW: dict[str, Any] = {
    "id": "r-17",
    "text": "Warm and soft. The strap broke.",
    "rating": 3.0,
    "written_at": CREATED,
}
REVIEWS_REQUEST: dict[str, Any] = {"reviews": [ONE_REVIEW]}
REVIEWS_KEPT: dict[str, Any] = {"added": 1, "changed": 0, "unchanged": 0}
REVIEWS: dict[str, Any] = {
    "reviews": [
        ONE_REVIEW
        | {
            "sentiment": "neutral",
            "passages": [
                {"start": 0, "end": 13, "sentiment": "positive", "score": 0.8},
                {"start": 15, "end": 30, "sentiment": "negative", "score": -0.667},
            ],
        }
    ],
    "total": 1,
}
REVIEW_SUMMARY: dict[str, Any] = {
    "reviews": 412,
    "positive": 301,
    "negative": 74,
    "aspects": [
        {
            "name": "strap",
            "reviews": 58,
            "positive": 21,
            "negative": 34,
            "sentences": [
                {"review": "r-17", "text": "The strap broke.", "start": 15, "end": 31, "sentiment": "negative"}
            ],
        }
    ],
}
INTENTS_REQUEST: dict[str, Any] = {"texts": ["Where is my parcel?", "这件衣服有红色的吗"]}
INTENTS: dict[str, Any] = {
    "model": MODEL,
    "results": [
        {"intent": "order_status", "score": 0.83, "nearest": "Where is my order?"},
        {"intent": "unknown", "score": 0.21, "nearest": None},
    ],
}
QUESTION: dict[str, Any] = {"question": "What is it made of?", "reword": False}
CATALOGUE_QUESTION: dict[str, Any] = {
    "question": "Which shirt is made of cotton?",
    "filter": {"category": "aa-1-13", "price": {"lte": 50}},
}
ANSWERED: dict[str, Any] = {
    "answered": True,
    "answers": [
        {
            "text": "cotton",
            "source": "attribute",
            "name": "material",
            "start": 0,
            "by": "feed",
            "score": 0.93,
            "certainty": 1.0,
            "product_id": PRODUCT_ID,
            "document": "",
            "page": None,
        }
    ],
    "message": "",
    "reworded": "",
    "rewording": None,
}
DOCUMENT: dict[str, Any] = {
    "id": 1,
    "name": "care.md",
    "kind": "markdown",
    "scope": "category",
    "target": "clothing.shirt",
    "pieces": 12,
    "created_at": CREATED,
    "given_by": "",
}
DOCUMENTS: dict[str, Any] = {"documents": [DOCUMENT], "after": None}
EDGE: dict[str, Any] = {
    "subject": f"product:{PRODUCT_ID}",
    "predicate": "attribute:colour",
    "object": "red",
    "by": "model",
    "score": 0.97,
    "source": MODEL,
}
EDGES: dict[str, Any] = {"edges": [EDGE], "after": None}
KNOWN: dict[str, Any] = {
    "edges": [EDGE],
    "jsonld": {"@context": "https://schema.org/", "@type": "Product", "@id": f"product:{PRODUCT_ID}"},
}
