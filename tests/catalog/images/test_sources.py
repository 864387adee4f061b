"""Which images `catalog.images` reads, and which it refuses to."""

import base64
import importlib.util
import os
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import (
    ConfigInvalid,
    ImageCorrupt,
    ImageFetchFailed,
    ImageInvalid,
    ImageNotFound,
    ImageOutsideRoot,
    ImageTooManyBytes,
    ImageUrlRefused,
)
from catalog.images import ImageReader, ImageRef
from tests.support.malformed.images import blank_png

IMAGE = blank_png(9, 9)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of images, with a secret beside it."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "1.png").write_bytes(IMAGE)
    (root / "sub" / "2.png").write_bytes(IMAGE)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "root-2").mkdir()
    (tmp_path / "root-2" / "secret.png").write_bytes(b"secret")
    return root


@pytest.fixture
def store() -> Iterator[None]:
    """An object store in memory, with one bucket that is allowed and one that is not."""
    memory = fsspec.filesystem("memory")
    memory.pipe({"/shop/img/1.png": IMAGE, "/shop/big.png": b"x" * 1_001, "/other/secret.png": b"secret"})
    yield
    memory.rm("/shop", recursive=True)
    memory.rm("/other", recursive=True)


@pytest.mark.parametrize("where", ["1.png", "./1.png", "sub/2.png", "sub/../1.png", "sub//2.png"])
def test_paths_below_the_root(root: Path, where: str) -> None:
    assert ImageReader(root).read(ImageRef(where)) == ImageReader(root).read(where) == IMAGE


def test_links_that_stay_inside_are_followed(root: Path) -> None:
    (root / "link.png").symlink_to(root / "1.png")
    (root.parent / "entrance").symlink_to(root)
    assert ImageReader(root).read("link.png") == ImageReader(root.parent / "entrance").read("1.png") == IMAGE


@pytest.mark.parametrize(
    "where",
    [
        *("../secret.png", "sub/../../secret.png", "../root-2/secret.png", "..", "/etc/passwd", "//etc/passwd"),
        *("C:\\secret.png", "\\\\host\\share", "out.png", "out/secret.png", "loop/../../secret.png"),
    ],
)
def test_paths_that_lead_outside(root: Path, where: str) -> None:
    (root / "out.png").symlink_to(root.parent / "secret.png")
    (root / "out").symlink_to(root.parent)
    (root / "loop").symlink_to(root / "sub")
    with pytest.raises((ImageOutsideRoot, ImageUrlRefused), match=r"outside the image folder|absolute|read from paths"):
        ImageReader(root).read(where)


def test_an_absolute_path_is_refused_even_below_the_root(root: Path) -> None:
    with pytest.raises(ImageOutsideRoot, match="absolute"):
        ImageReader(root).read(str(root / "1.png"))


@pytest.mark.parametrize(
    "where", ["missing.png", "", ".", "sub", "1.png/x", "a" * 5_000, "x\0y", "pipe", "self", "\udcff"]
)
def test_what_is_not_a_file(root: Path, where: str) -> None:
    os.mkfifo(root / "pipe")
    (root / "self").symlink_to("self")
    with pytest.raises(ImageNotFound, match=r"exist|NUL|lead to a file"):
        ImageReader(root).read(where)


def test_devices_are_not_files(root: Path) -> None:
    with pytest.raises(ImageNotFound, match="does not lead to a file"):
        ImageReader(Path("/dev")).read("zero")


def test_a_path_needs_a_root() -> None:
    with pytest.raises(ImageOutsideRoot, match="there is no image folder"):
        ImageReader().read("1.png")


def test_no_more_than_the_limit_is_read(root: Path) -> None:
    with (root / "huge.png").open("wb") as file:
        file.truncate(10**12)  # a hole: it takes no room on the disk
    with pytest.raises(ImageTooManyBytes, match="larger than the limit of 1,000 bytes"):
        ImageReader(root, max_bytes=1_000).read("huge.png")
    assert ImageReader(root, max_bytes=len(IMAGE)).read("1.png") == IMAGE


def test_bytes_of_the_feed_itself() -> None:
    assert ImageReader().read(ImageRef("anything", IMAGE)) == IMAGE
    assert ImageReader().read(ImageRef("anything", b"")) == b""
    with pytest.raises(ImageTooManyBytes, match="limit of 3 bytes"):
        ImageReader(max_bytes=3).read(ImageRef("anything", IMAGE))


@pytest.mark.parametrize("kind", ["data:image/png;base64,", "data:;base64,", "DATA:image/png;charset=utf-8;base64,"])
def test_data_uris(kind: str) -> None:
    assert ImageReader().read(kind + base64.b64encode(IMAGE).decode()) == IMAGE


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("data:image/png,abc", "does not begin with"),
        ("data:text/html;base64", "does not begin with"),
        ("data:image/png;base64,a*b=", "valid base64"),
        ("data:image/png;base64,abc", "valid base64"),
        ("data:image/png;base64,äöü", "valid base64"),
    ],
)
def test_data_uris_that_are_none(where: str, message: str) -> None:
    with pytest.raises(ImageCorrupt, match=message):
        ImageReader().read(where)


def test_a_long_data_uri_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(ImageTooManyBytes, match="limit of 100 bytes"):
        ImageReader(max_bytes=100).read("data:image/png;base64," + "*" * 200)


@pytest.mark.parametrize("where", ["file:///etc/passwd", "ftp://x/1.png", "javascript:alert(1)", "gopher://x", "jar:x"])
def test_other_schemes_are_refused(root: Path, where: str) -> None:
    with pytest.raises(ImageUrlRefused, match="are read from paths, data URIs, https://, s3:// and gs:// only"):
        ImageReader(root, hosts=("x",), stores=("memory://shop",)).read(where)


@pytest.mark.parametrize("where", ["https://x.example/1.png", "http://x.example/1.png", "HTTPS://x.example/1.png"])
def test_urls_are_off_by_default(root: Path, where: str) -> None:
    with pytest.raises(ImageUrlRefused, match="only fetched from allowed hosts"):
        ImageReader(root).read(where)


def test_urls_go_through_the_fetcher(root: Path) -> None:
    with pytest.raises(ImageUrlRefused, match="host is not allowed"):
        ImageReader(root, hosts=("x.example",)).read("https://y.example/1.png")
    with pytest.raises(ImageUrlRefused, match="does not begin with https"):
        ImageReader(root, hosts=("x.example",)).read("http://x.example/1.png")


@pytest.mark.usefixtures("store")
def test_an_object_store() -> None:
    assert ImageReader(stores=("memory://shop",)).read("memory://shop/img/1.png") == IMAGE
    assert ImageReader(stores=("memory://other", "memory://shop/img/")).read("MEMORY://shop/img/1.png") == IMAGE


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "where",
    [
        *("memory://other/secret.png", "memory://shop-2/1.png", "memory://shop", "memory://shop/../other/secret.png"),
        *(
            "memory://shop/./img/1.png",
            "memory://shop/*",
            "memory://shop/[a]",
            "s3://shop/img/1.png",
            "memory:shop/img",
        ),
        *("memory://shop/img/1.png::file:///etc/passwd", "memory:///shop/img/1.png", "memory://SHOP/img/1.png"),
    ],
)
def test_places_of_a_store_that_are_not_allowed(where: str) -> None:
    with pytest.raises(ImageUrlRefused, match="this object store location"):
        ImageReader(stores=("memory://shop",)).read(where)


@pytest.mark.usefixtures("store")
def test_what_an_object_store_does_not_have() -> None:
    reader = ImageReader(stores=("memory://shop",), max_bytes=1_000)
    with pytest.raises(ImageNotFound, match="does not exist in the object store"):
        reader.read("memory://shop/missing.png")
    with pytest.raises(ImageTooManyBytes, match="limit of 1,000 bytes"):
        reader.read("memory://shop/big.png")


def test_errors_of_a_store_are_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise PermissionError("secret key AKIA...")

    monkeypatch.setattr(fsspec.filesystem("memory"), "cat_file", fail)
    with pytest.raises(ImageFetchFailed, match=r"^The image could not be read from the object store\.$"):
        ImageReader(stores=("memory://shop",)).read("memory://shop/1.png")


@pytest.mark.parametrize("place", ["shop", "s3://", "file:///etc", "s3:///", "https://x", "s3://a/../b", "s3://a*"])
def test_places_that_are_none(place: str) -> None:
    with pytest.raises(ConfigInvalid, match="have the form s3://BUCKET/FOLDER"):
        ImageReader(stores=(place,))


@pytest.mark.parametrize("place", ["s3://shop", "gs://shop/img"])
def test_a_store_whose_package_is_missing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ConfigInvalid, match=r"requires more packages\. In a clone of Shelflens: pip install -e '\.\[stores\]'"
    ):
        ImageReader(stores=(place,))


def test_a_link_put_in_place_of_the_file_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at the path and its opening somebody swaps the file for a link."""
    real = os.path.realpath

    def swapping(path: str) -> str:
        found = real(path)
        if found.endswith("1.png"):
            (root / "1.png").unlink()
            (root / "1.png").symlink_to(root.parent / "secret.png")
        return found

    monkeypatch.setattr(os.path, "realpath", swapping)
    with pytest.raises(ImageNotFound, match="does not exist or cannot be read"):
        ImageReader(root).read("1.png")


def test_a_reader_can_be_sent_and_shared(root: Path) -> None:
    reader = ImageReader(root, hosts=("x.example",))
    with pytest.raises(ImageUrlRefused, match="is not allowed"):
        reader.read("https://y.example/1.png")
    sent = pickle.loads(pickle.dumps(reader))
    assert sent == reader
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(sent.read, ["1.png", "sub/2.png"] * 50)) == {IMAGE}


@settings(max_examples=200, deadline=None, database=None)
@given(
    where=st.text(max_size=40) | st.from_regex(r"(data:|https://|s3://|\.\./|/)[a-z0-9@:/.%;,=-]{0,30}", fullmatch=True)
)
def test_any_reference_gives_an_image_or_our_own_error(where: str) -> None:
    with suppress(ImageInvalid):
        ImageReader(Path(__file__).parent, hosts=("x.invalid",)).read(where)
