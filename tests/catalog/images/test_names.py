"""An image is found in whatever spelling a feed names it, and nothing outside its folder is."""

import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from catalog.errors import ImageInvalid, ImageNotFound, ImageOutsideRoot, ImageUrlRefused
from catalog.feeds.image_cells import image_refs
from catalog.images import ImageReader
from catalog.images.archives import Archive
from tests.support.malformed.images import blank_png

IMAGE, OTHER = blank_png(9, 9), blank_png(10, 10)
FILES = ("zitrone gelb.jpg", "birne-grün.jpg", "r/e/Red.JPG", "50%.jpg", "High_Street,_London.jpg", "a.jpg", "b;c.jpg")
SPELT = (
    *("zitrone%20gelb.jpg", "Zitrone Gelb.JPG", "zitrone gelb", "birne-gr%C3%BCn.jpg", "BIRNE-GRÜN.jpg"),
    *("r\\e\\Red.JPG", "\\r\\e\\Red.JPG", "/r/e/red.jpg", "//r/e/red.jpg", "R/E/RED.jpg", "r/e/red", "R%5Ce%5Cred"),
    *(unicodedata.normalize("NFD", "birne-grün.jpg"), "50%.jpg", "50%25.jpg", "./r/e/red.jpg"),
)


@pytest.fixture(params=["folder", "zip", "zip made on Windows", "zip with names in NFD"])
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> ImageReader:
    if request.param == "folder":
        for name in FILES:
            path = tmp_path / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(IMAGE)
        (tmp_path / "secret.jpg").write_bytes(OTHER)
        return ImageReader(tmp_path / "images")
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for name in FILES:
            decomposed = unicodedata.normalize("NFD", name) if "NFD" in request.param else name
            archive.writestr(decomposed.replace("/", "\\") if "Windows" in request.param else decomposed, IMAGE)
    return ImageReader(archive=Archive(tmp_path / "images.zip"))


@pytest.mark.parametrize("where", [*FILES, *SPELT])
def test_a_file_is_found_in_other_spellings_of_its_name(reader: ImageReader, where: str) -> None:
    assert reader.read(where) == IMAGE


@pytest.mark.parametrize(
    "where", ["missing.jpg", "zitrone gelb.png", "r/e/blue", "r/red.jpg", "zitrone%00gelb.jpg", "%FF.jpg", "x/../y"]
)
def test_a_name_that_is_no_files_is_not_found(reader: ImageReader, where: str) -> None:
    with pytest.raises(ImageNotFound, match=r"not in the zip|does not exist"):
        reader.read(where)


@pytest.mark.parametrize(
    "where",
    ["../secret.jpg", "..\\secret.jpg", "%2e%2e/secret.jpg", "%2E%2E%5Csecret.jpg", "/../secret.jpg", "/secret.jpg"],
)
def test_no_spelling_leads_out(reader: ImageReader, where: str) -> None:
    with pytest.raises((ImageOutsideRoot, ImageNotFound), match=r"outside|absolute|does not exist|not in the zip"):
        reader.read(where)


def test_a_link_out_is_not_followed_in_another_spelling(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "secret.jpg").write_bytes(OTHER)
    (tmp_path / "root" / "out").symlink_to(tmp_path / "beside")
    (tmp_path / "root" / "Link.jpg").symlink_to(tmp_path / "beside" / "secret.jpg")
    reader = ImageReader(tmp_path / "root")
    for where in ("OUT/secret.jpg", "out/SECRET.jpg", "/out/secret.jpg", "link.jpg", "link", "out%2Fsecret"):
        with pytest.raises((ImageOutsideRoot, ImageNotFound), match=r"outside|absolute|does not exist"):
            reader.read(where)


def test_what_fits_several_files_is_not_guessed(tmp_path: Path) -> None:
    for name in ("red.jpg", "Red.jpg", "blue.jpg", "blue.png"):
        (tmp_path / name).write_bytes(IMAGE)
    reader = ImageReader(tmp_path)
    assert reader.read("red.jpg") == reader.read("Red.jpg") == IMAGE
    for where in ("RED.jpg", "blue"):
        with pytest.raises(ImageNotFound, match="Several files have this name but for case or ending"):
            reader.read(where)


def test_a_folder_is_listed_once_and_again_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, real = list[str](), os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    (tmp_path / "Red.jpg").write_bytes(IMAGE)
    reader = ImageReader(tmp_path)
    assert {reader.read("red.JPG") for _ in range(20)} == {IMAGE}
    assert len(listed) == 1
    (tmp_path / "Blue.jpg").write_bytes(IMAGE)
    os.utime(tmp_path, ns=(1, 1))
    assert reader.read("blue.JPG") == IMAGE


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("High_Street,_London.jpg", ["High_Street,_London.jpg"]),
        ("a.jpg,High_Street,_London.jpg,a.jpg", ["a.jpg", "High_Street,_London.jpg"]),
        ("high_street,_london.JPG|b;c.jpg", ["high_street,_london.JPG", "b;c.jpg"]),
        ("a.jpg, x.jpg,y,z.jpg", ["a.jpg", "x.jpg", "y", "z.jpg"]),
    ],
)
def test_a_separator_may_be_part_of_a_name(reader: ImageReader, cell: str, names: list[str]) -> None:
    assert [ref.where for ref in reader.settled(list(image_refs(cell, "images")))] == names


@pytest.mark.parametrize("where", ["//cdn.invalid/x.jpg", "//cdn.invalid/a b.jpg", "cdn.invalid/x.jpg"])
def test_an_address_without_a_scheme_is_https(tmp_path: Path, where: str) -> None:
    with pytest.raises(ImageInvalid, match=r"could not be fetched|has no IP address|not public"):
        ImageReader(tmp_path, hosts=("cdn.invalid",)).read(where)


def test_an_address_of_another_host_is_refused_and_what_may_be_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImageUrlRefused, match="host is not allowed"):
        ImageReader(tmp_path, hosts=("x.example",)).read("//cdn.example.com/x.jpg")
    with pytest.raises(ImageNotFound, match="must begin with https://"):
        ImageReader(tmp_path, hosts=("x.example",)).read("cdn.example.com/x.jpg")
    with pytest.raises(ImageUrlRefused, match="not from file:"):
        ImageReader(tmp_path).read("file:///home/shop/x.jpg")
    with pytest.raises(ImageOutsideRoot, match="absolute"):
        ImageReader(tmp_path).read("C:\\Users\\shop\\x.jpg")
