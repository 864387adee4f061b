"""The arguments of the operations, and their JSON. Images are bytes, paths, or data URIs."""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from catalog.errors import FileNotReadable
from catalog.product import Availability, Status

Image: TypeAlias = bytes | str | os.PathLike[str]


class ItemFields(TypedDict, total=False):
    """A product to analyze: at least an image or some text. See `serving.api.schemas.analyze.Item`."""

    id: str
    title: str
    description: str
    images: Sequence[Image]
    attributes: Mapping[str, str | Sequence[str]]


class VariantFields(TypedDict, total=False):
    """One of the articles that a product is sold as. See `serving.api.schemas.products.VariantFields`."""

    options: Mapping[str, str]
    sku: str
    gtin: str
    mpn: str
    price: float | None
    availability: Availability


class ProductFields(TypedDict, total=False):
    """A product to store, or the fields to change. See `serving.api.schemas.products.ProductIn`."""

    title: str | None
    description: str | None
    images: Sequence[Image] | None
    brand: str | None
    price: float | None
    currency: str | None
    link: str | None
    product_type: str | None
    attributes: Mapping[str, str | Sequence[str]] | None
    list_price: float | None
    sale_price: float | None
    sale_dates: str | None
    unit_price: float | None
    unit_measure: str | None
    availability: Availability | None
    status: Status | None
    sku: str | None
    gtin: str | None
    mpn: str | None
    google_product_category: str | None
    variants: Sequence[VariantFields] | None


class EmbeddingFields(TypedDict, total=False):
    """A text, an image, or both, for one embedding."""

    text: str
    image: Image


def data_uri(image: Image) -> str:
    """An image as a data URI. A URL stays as it is, because the service decides whether it is allowed. Raises
    FileNotReadable.
    """
    if isinstance(image, str) and image.partition(":")[0].lower() in ("data", "http", "https"):
        return image
    data = image if isinstance(image, bytes) else read_file(image)
    return "data:application/octet-stream;base64," + base64.b64encode(data).decode()


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The content of a file. Raises FileNotReadable."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError):
        raise FileNotReadable(f"The file {os.fspath(path)} cannot be read.") from None


def with_uris(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with each image as a data URI."""
    sent = dict(fields)
    if sent.get("images") is not None:
        sent["images"] = [data_uri(image) for image in sent["images"]]
    if "image" in sent:
        sent["image"] = data_uri(sent["image"])
    return sent


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None. The service has its own defaults for the others."""
    return {name: value for name, value in fields.items() if value is not None}
