"""The bytes of a request -> the schemas of `serving.api.schemas`, or an error that names the field at fault."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from catalog.errors import CatalogError, ImageAsText
from catalog.product import Product
from serving.api.decoding import attempted
from serving.api.schemas.analyze import AnalyzeForm
from serving.api.schemas.schema import MAX_INPUTS
from serving.errors import BodyTooLarge, JsonInvalid, RequestInvalid, TooManyItems
from serving.settings.schema import Settings

DATA_URI = b'"data:'

# pydantic's kinds of error, in our words; the others are one of type or range.
REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not known here",
    "string_too_long": "is too long",
    "too_long": "has too many entries",
    "too_short": "has too few entries",
    "sale_dates": "must be two ISO 8601 times with a slash between",
    "web_link": "must be a URL that begins with https:// or http://",
}

# Of products, whose number has an error of its own.
LISTS = (("items",), ("input",))

Request = TypeVar("Request", bound=BaseModel)


class ProductItem(Protocol):
    """One item of a request; its images are still data URIs."""

    def to_product(self) -> Product: ...


def read_json(body: bytes, schema: type[Request], settings: Settings, times: int = 1) -> Request:
    """times: how much larger than others it may be.

    Raises BodyTooLarge, JsonInvalid, ImageAsText, or RequestInvalid with the field at fault.
    """
    max_bytes = times * settings.max_json_bytes
    if len(body) - image_bytes(body) > max_bytes:
        raise BodyTooLarge(f"The JSON has more than {max_bytes:,} bytes besides its images.")
    try:
        return schema.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


def check_items(count: int, settings: Settings, param: str = "items") -> None:
    """Raises TooManyItems."""
    if count > settings.max_items:
        raise TooManyItems(f"The request has {count} {param}; the limit is {settings.max_items}.", param)


def to_products(items: Sequence[ProductItem]) -> list[Product | CatalogError]:
    """Each item's product, or what is wrong with it, in their order."""
    return [attempted(item.to_product) for item in items]


def image_bytes(body: bytes) -> int:
    """How much of a JSON body is data URIs, found without parsing: what remains is what parsing may cost."""
    total, end = 0, -1
    for _ in range(MAX_INPUTS):
        start = body.find(DATA_URI, end + 1)
        end = body.find(b'"', start + 1)
        if start < 0 or end < 0:
            break
        total += end - start
    return total


async def read_form(form: FormData) -> tuple[AnalyzeForm, Product]:
    """Raises RequestInvalid with the field at fault."""
    images: list[bytes] = []
    include: list[str] = []
    fields: dict[str, str | list[str]] = {}
    for name, value in form.multi_items():
        if (name == "image") is not isinstance(value, UploadFile):
            raise RequestInvalid(
                "Fields named image must contain files, and files are only allowed there.", name_of([name])
            )
        if isinstance(value, UploadFile):
            images.append(await value.read())
        elif name == "include":
            fields["include"] = include = [*include, *value.split(",")]
        else:
            fields[name] = value
    try:
        read = AnalyzeForm.model_validate(fields)
    except ValidationError as error:
        raise invalid(error) from None
    return read, Product(read.id, read.title, read.description, tuple(images))


def invalid(error: ValidationError) -> CatalogError:
    first = error.errors(include_input=False, include_url=False)[0]
    return wrong_field(first["type"], first["loc"])


def wrong_field(kind: str, location: Sequence[int | str]) -> CatalogError:
    """What pydantic found wrong, in our words."""
    if kind == "json_invalid":
        return JsonInvalid()
    if kind == "too_long" and tuple(location) in LISTS:
        few = f"The request has more than {MAX_INPUTS:,} inputs, the limit." if location[0] == "input" else None
        return TooManyItems(few, name_of(location))
    if kind == "image_as_text":
        error = ImageAsText()
        error.param = name_of(location)
        return error
    reason = REASONS.get(kind, "has the wrong type or a value out of its range")
    param = name_of(location)
    return RequestInvalid(f"The field {param} {reason}." if param else None, param)


def name_of(location: Sequence[int | str]) -> str:
    """A field's place as clients write it: items.0.title."""
    return ".".join(str(step) for step in location if step != "[key]")[:200]
