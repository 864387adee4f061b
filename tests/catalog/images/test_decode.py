"""What `catalog.images.decode` accepts, what it makes of it, and what it refuses."""

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from catalog.errors import ImageCorrupt, ImageInvalid
from catalog.images.decode import LARGE, decode, flatten
from catalog.images.structure import ImageLimits
from tests.support.malformed.images import (
    BadImage,
    animation,
    bad_images,
    blank_png,
    chunk,
    encode,
    grey_ramp_16_bit,
    halved,
    many_scans,
    more_bad_images,
    plain,
    png,
    speckled,
)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
IMAGES = bad_images() + more_bad_images()
DEFAULT = ImageLimits()
LIBRARY_WORDS = ("0x", "PIL", "<", "Error", "io.")


def attempt(data: bytes, limits: ImageLimits = DEFAULT, size_hint: int | None = None) -> Image.Image | ImageInvalid:
    """The image, or the error that decoding gives."""
    try:
        return decode(data, limits, size_hint)
    except ImageInvalid as error:
        return error


def code_of(data: bytes, limits: ImageLimits = DEFAULT) -> str | None:
    """The code of the error that decoding gives, None if it succeeds."""
    outcome = attempt(data, limits)
    return outcome.code if isinstance(outcome, ImageInvalid) else None


def near(left: object, right: object, tolerance: int) -> bool:
    """Whether two colours differ by at most `tolerance` of 255 in each channel."""
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    return all(abs(a - b) <= tolerance for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("decoded", IMAGES, ids=str)
def test_bad_images_are_refused_with_their_code_or_decoded(decoded: BadImage) -> None:
    assert code_of(decoded.data) == decoded.code


@pytest.mark.parametrize("decoded", [decoded for decoded in IMAGES if decoded.code], ids=str)
def test_messages_are_our_own(decoded: BadImage) -> None:
    with pytest.raises(ImageInvalid, match=r"^The .*\.$") as caught:
        decode(decoded.data)
    assert not any(word in caught.value.message for word in LIBRARY_WORDS)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_result_is_a_plain_rgb_image_without_metadata(image_format: str, mode: str) -> None:
    source = plain("RGB", RED).convert(mode)
    stored = source.convert("RGB") if (image_format, mode) == ("JPEG", "P") else source
    decoded = decode(encode(stored, image_format))
    assert type(decoded) is Image.Image
    assert (decoded.mode, decoded.size, decoded.info) == ("RGB", (48, 32), {})
    assert near(decoded.getpixel((20, 10)), source.convert("RGB").getpixel((20, 10)), tolerance=3)


JPEGS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2},
    "restarting rows": {"restart_marker_rows": 1},
}


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_that_lacks_its_end_alone_is_read_and_one_that_is_cut_is_not(kind: str, mode: str) -> None:
    image = speckled(200, 160).convert(mode)
    data = encode(image, "JPEG", **JPEGS[kind])
    whole = decode(data)
    for ending in (data[:-1], data[:-2], data[:-2] + bytes(30)):
        assert decode(ending).tobytes() == whole.tobytes()
        assert decode(ending, size_hint=40).tobytes() == decode(data, size_hint=40).tobytes()
    for share in (20, 25, 40, 50, 60, 75, 80):
        assert code_of(data[: len(data) * share // 100]) == "image_corrupt", share


@pytest.mark.parametrize("kind", JPEGS)
def test_a_jpeg_cut_where_a_part_of_it_ends_is_corrupt(kind: str) -> None:
    """Before a restart marker or a scan, where the decoder would not notice by itself."""
    data = encode(speckled(200, 160), "JPEG", **JPEGS[kind])
    start = data.index(b"\xff\xda") + 2
    parts = [at for at in range(start, len(data) * 3 // 4) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xDA]
    assert parts or kind == "baseline"
    for at in parts[:: len(parts) // 20 + 1]:
        assert code_of(data[:at]) == code_of(data[: at + 1]) == code_of(data[: at + 2]) == "image_corrupt"


def test_a_jpeg_may_lack_a_few_of_its_last_pixels() -> None:
    image = speckled(200, 160)
    data = encode(image, "JPEG", quality=90)
    cut = decode(data[:-30])
    kept = (0, 0, 200, 140)
    assert cut.crop(kept).tobytes() == decode(data).crop(kept).tobytes()


@pytest.mark.parametrize("lacking", [1, 4, 8, 12, 16])
def test_a_png_that_lacks_what_comes_after_its_pixels_is_read(lacking: int) -> None:
    data = encode(speckled(), "PNG")
    assert decode(data[:-lacking]).tobytes() == decode(data).tobytes()


def test_exif_icc_and_text_are_dropped() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker of the camera"
    data = encode(speckled(), "JPEG", exif=exif, icc_profile=b"profile" * 20, comment=b"words")
    decoded = decode(data)
    assert decoded.info == {}
    assert dict(decoded.getexif()) == {}


def test_cmyk_jpeg_with_adobe_inversion_keeps_its_colour() -> None:
    data = encode(plain("CMYK", (0, 200, 200, 0)), "JPEG", quality=95)
    assert b"Adobe" in data
    assert near(decode(data).getpixel((10, 10)), (255, 55, 55), tolerance=4)


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    decoded = decode(encode(grey_ramp_16_bit(), "PNG"))
    assert [decoded.getpixel((x, 0)) for x in range(256)] == [(grey, grey, grey) for grey in range(256)]


@pytest.mark.parametrize(("value", "grey"), [(0, 0), (128, 0), (129, 1), (65_406, 254), (65_407, 255), (65_535, 255)])
def test_16_bit_grey_is_rounded(value: int, grey: int) -> None:
    rows = (b"\0" + struct.pack(">4H", *[value] * 4)) * 4
    assert decode(png(4, 4, 16, 0, zlib.compress(rows))).getpixel((0, 0)) == (grey, grey, grey)


def test_16_bit_grey_declared_transparent_becomes_white() -> None:
    rows = (b"\0" + struct.pack(">4H", 0, 1000, 1001, 65_535)) * 4
    data = png(4, 4, 16, 0, zlib.compress(rows), before=(chunk(b"tRNS", struct.pack(">H", 1000)),))
    decoded = decode(data)
    assert [decoded.getpixel((x, 0)) for x in range(4)] == [(0, 0, 0), WHITE, (4, 4, 4), WHITE]


@pytest.mark.parametrize("image_format", ["PNG", "WEBP"])
@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGBA", (255, 0, 0, 128), (255, 127, 127)),
        ("RGBA", (255, 0, 0, 0), WHITE),
        ("RGBA", (255, 0, 0, 255), RED),
        ("LA", (0, 128), (127, 127, 127)),
    ],
)
def test_alpha_is_laid_over_white(
    image_format: str, mode: str, colour: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    options = {"lossless": True} if image_format == "WEBP" else {}
    data = encode(plain(mode, colour), image_format, **options)
    assert near(decode(data).getpixel((5, 5)), expected, tolerance=1)


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_transparent_palette_entry_becomes_white(image_format: str) -> None:
    image = plain("P", (0,))
    image.putpalette([*GREEN, *BLUE])
    image.paste(1, (24, 0, 48, 32))
    decoded = decode(encode(image, image_format, transparency=0))
    assert (decoded.getpixel((0, 0)), decoded.getpixel((40, 0))) == (WHITE, BLUE)


def test_half_transparent_palette_entries_are_laid_over_white() -> None:
    image = plain("P", (0,))
    image.putpalette([*GREEN, *BLUE])
    image.paste(1, (24, 0, 48, 32))
    decoded = decode(encode(image, "PNG", transparency=bytes((128, 255))))
    assert near(decoded.getpixel((0, 0)), (127, 255, 127), tolerance=1)
    assert decoded.getpixel((40, 0)) == BLUE


def test_rgb_colour_declared_transparent_becomes_white() -> None:
    image = plain("RGB", GREEN)
    image.paste(BLUE, (24, 0, 48, 32))
    decoded = decode(encode(image, "PNG", transparency=GREEN))
    assert (decoded.getpixel((0, 0)), decoded.getpixel((40, 0))) == (WHITE, BLUE)


@pytest.mark.parametrize("mode", ["PA", "YCbCr", "CMYK", "I", "I;16B", "RGBa"])
def test_flatten_takes_modes_that_no_encoder_here_writes(mode: str) -> None:
    assert flatten(Image.new(mode, (4, 4))).mode == "RGB"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    # How an upright image with corners 0 1 / 2 3 (red, green / blue, white) is stored; see EXIF 2.32, table 6.
    [
        (1, "0123"),
        (2, "1032"),
        (3, "3210"),
        (4, "2301"),
        (5, "0213"),
        (6, "1302"),
        (7, "3120"),
        (8, "2031"),
        (9, "0123"),
    ],
)
def test_exif_orientation_is_applied(image_format: str, byte_order: str, orientation: int, stored: str) -> None:
    corners = (RED, GREEN, BLUE, WHITE)
    width, height = (32, 64) if 5 <= orientation <= 8 else (64, 32)
    image = Image.new("RGB", (width, height))
    for place, corner in enumerate(stored):
        left, top = place % 2 * width // 2, place // 2 * height // 2
        image.paste(corners[int(corner)], (left, top, left + width // 2, top + height // 2))
    decoded = decode(encode(image, image_format, exif=exif_block(byte_order, orientation)))
    assert decoded.size == (64, 32)
    for place, corner_colour in enumerate(corners):
        assert near(decoded.getpixel((8 + place % 2 * 48, 8 + place // 2 * 16)), corner_colour, tolerance=12)


def exif_block(byte_order: str, orientation: int) -> bytes:
    """EXIF with two tags: the image width (0x0100) and the orientation."""
    mark = {"<": b"II", ">": b"MM"}[byte_order]
    body = struct.pack(byte_order + "HIH", 42, 8, 2) + struct.pack(byte_order + "HHII", 0x0100, 4, 1, 64)
    return b"Exif\0\0" + mark + body + struct.pack(byte_order + "HHIHHI", 0x0112, 3, 1, orientation, 0, 0)


@pytest.mark.parametrize("length", [0, 6, 8, 12, 16, 20, 27, 40])
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_flawed_exif_is_no_reason_to_refuse_or_warn(image_format: str, length: int) -> None:
    exif = exif_block("<", 6)[:length]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode(encode(speckled(), image_format, exif=exif)).mode == "RGB"


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(image_format: str) -> None:
    assert near(decode(animation(image_format)).getpixel((5, 5)), RED, tolerance=2)


@pytest.mark.parametrize(
    ("data", "at_limit", "beyond", "code"),
    [
        (blank_png(20, 10), ImageLimits(max_pixels=200), ImageLimits(max_pixels=199), "image_too_many_pixels"),
        (blank_png(20, 10), ImageLimits(max_side=20), ImageLimits(max_side=19), "image_side_out_of_range"),
        (blank_png(20, 10), ImageLimits(min_side=10), ImageLimits(min_side=11), "image_side_out_of_range"),
        (blank_png(20, 10), ImageLimits(max_aspect=2), ImageLimits(max_aspect=1), "image_aspect_out_of_range"),
        (blank_png(21, 10), ImageLimits(max_aspect=3), ImageLimits(max_aspect=2), "image_aspect_out_of_range"),
        (blank_png(10, 20), ImageLimits(max_aspect=2), ImageLimits(max_aspect=1), "image_aspect_out_of_range"),
        (blank_png(3, 300), DEFAULT, ImageLimits(min_side=4), "image_side_out_of_range"),
        (many_scans(4), ImageLimits(max_scans=10), ImageLimits(max_scans=9), "image_too_costly"),
    ],
)
def test_limits_are_inclusive(data: bytes, at_limit: ImageLimits, beyond: ImageLimits, code: str) -> None:
    assert code_of(data, at_limit) is None
    assert code_of(data, beyond) == code


def test_byte_limit_is_inclusive_and_comes_before_the_format() -> None:
    data = encode(speckled(), "PNG")
    assert code_of(data, ImageLimits(max_bytes=len(data))) is None
    assert code_of(data, ImageLimits(max_bytes=len(data) - 1)) == "image_too_many_bytes"
    assert code_of(b"not a picture", ImageLimits(max_bytes=12)) == "image_too_many_bytes"


def test_default_limits() -> None:
    assert code_of(blank_png(3, 301)) == "image_aspect_out_of_range"
    assert code_of(blank_png(2, 100)) == "image_side_out_of_range"
    assert code_of(blank_png(16_384, 164)) is None
    assert code_of(blank_png(8000, 5001)) == "image_too_many_pixels"
    assert code_of(bytes(20 * 1024 * 1024)) == "image_format_unsupported"
    assert code_of(bytes(20 * 1024 * 1024 + 1)) == "image_too_many_bytes"


@pytest.mark.parametrize(
    ("data", "limits", "message"),
    [
        (b"12345", ImageLimits(max_bytes=4), "has 5 bytes; the limit is 4."),
        (blank_png(20_000, 10_000), DEFAULT, r"has 200\.0 megapixels \(20000 x 10000\); the limit is 40\."),
        (blank_png(1, 5000), DEFAULT, r"is 1 x 5000 pixels; each side must have 3 to 16384\."),
        (blank_png(4, 5000), DEFAULT, r"is 4 x 5000 pixels, 1250\.0 times .*; the limit is 100\."),
    ],
)
def test_messages_name_the_measure_and_the_limit(data: bytes, limits: ImageLimits, message: str) -> None:
    with pytest.raises(ImageInvalid, match=message):
        decode(data, limits)


@pytest.mark.parametrize(
    ("hint", "size"),
    [(1, (100, 75)), (75, (100, 75)), (76, (200, 150)), (150, (200, 150)), (151, (400, 300)), (301, (800, 600))],
)
def test_size_hint_decodes_a_jpeg_smaller_but_never_below_the_hint(hint: int, size: tuple[int, int]) -> None:
    assert decode(encode(plain("RGB", RED, 800, 600), "JPEG"), size_hint=hint).size == size


@pytest.mark.parametrize("hint", [224, 601, 5000])
def test_size_hint_holds_for_sizes_that_do_not_divide(hint: int) -> None:
    for width, height in [(801, 601), (1799, 449), (450, 1793)]:
        decoded = decode(encode(plain("L", (90,), width, height), "JPEG"), size_hint=hint)
        assert min(decoded.size) >= min(hint, width, height)
        assert decoded.width <= width
        assert decoded.height <= height


def test_size_hint_works_with_orientation_and_cmyk_and_changes_no_other_format() -> None:
    turned = encode(plain("RGB", RED, 800, 600), "JPEG", exif=exif_block(">", 6))
    assert decode(turned, size_hint=100).size == (150, 200)
    printed = decode(encode(plain("CMYK", (0, 200, 200, 0), 800, 600), "JPEG"), size_hint=100)
    assert printed.size == (200, 150)
    assert near(printed.getpixel((50, 50)), (255, 55, 55), tolerance=6)
    assert decode(blank_png(800, 600), size_hint=100).size == (800, 600)


def test_limits_apply_to_the_declared_size_whatever_the_hint() -> None:
    with pytest.raises(ImageInvalid, match="megapixels"):
        decode(encode(plain("RGB", RED, 800, 600), "JPEG"), ImageLimits(max_pixels=479_999), size_hint=50)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_truncated_images_are_refused_even_if_a_library_asks_pillow_to_accept_them(
    image_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encode(speckled(), image_format)
    assert code_of(data) is None
    for part in (halved(data), data[:-100], data[:20]):
        with pytest.raises(ImageCorrupt, match="truncated"):
            decode(part)


def test_pillows_own_bomb_limit_is_left_as_it_is() -> None:
    before = Image.MAX_IMAGE_PIXELS, list(warnings.filters)
    for decoded in IMAGES:
        code_of(decoded.data)
    assert (Image.MAX_IMAGE_PIXELS, list(warnings.filters)) == before


@pytest.mark.parametrize(("height", "alone"), [(3_001, True), (3_000, False)])
def test_large_images_are_decoded_one_at_a_time(height: int, alone: bool) -> None:
    """Two of 40 megapixels at once would take twice 600 MB."""
    held: list[bool] = []
    decode(encode(Image.new("1", (4_000, height)), "PNG"), check=lambda: held.append(LARGE.locked()))
    assert (held[0], held[-1]) == (False, alone)
    assert not LARGE.locked()


def test_eight_threads_decode_as_one() -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(code_of, [decoded.data for decoded in IMAGES] * 8))
    assert codes == [decoded.code for decoded in IMAGES] * 8


VALID = [
    *(encode(speckled(12, 9), image_format) for image_format in ("JPEG", "PNG", "WEBP", "GIF", "BMP")),
    encode(speckled(12, 9), "JPEG", progressive=True, exif=exif_block(">", 6)),
    encode(plain("RGBA", (9, 9, 9, 9), 12, 9), "PNG"),
    encode(plain("P", (0,), 12, 9), "PNG", transparency=0),
    *(animation(image_format) for image_format in ("PNG", "WEBP", "GIF")),
]


@st.composite
def mutated_images(draw: st.DrawFn) -> bytes:
    """A valid image with a few bytes overwritten, then perhaps a slice removed, repeated or cut off."""
    data = bytearray(draw(st.sampled_from(VALID)))
    # Half of the changes fall on the header, where the sizes and the structure are.
    position = st.integers(0, 63) | st.integers(0, len(data) - 1)
    for place, value in draw(st.lists(st.tuples(position, st.integers(0, 255)), max_size=6)):
        data[place % len(data)] = value
    start, end = sorted((draw(position) % len(data), draw(position) % len(data)))
    act = draw(st.sampled_from(["keep", "keep", "remove", "repeat", "cut"]))
    if act == "remove":
        del data[start:end]
    elif act == "repeat":
        data[end:end] = data[start:end]
    elif act == "cut":
        del data[end:]
    return bytes(data)


@settings(max_examples=150, deadline=None, database=None)
@given(data=mutated_images())
def test_mutated_images_decode_to_rgb_or_raise_our_own_error(data: bytes) -> None:
    limits = ImageLimits(max_pixels=1_000_000)
    outcome = attempt(data, limits, size_hint=4)
    if isinstance(outcome, ImageInvalid):
        assert not any(word in outcome.message for word in LIBRARY_WORDS)
    else:
        assert (outcome.mode, outcome.info) == ("RGB", {})
        assert len(outcome.tobytes()) == 3 * outcome.width * outcome.height <= 3 * limits.max_pixels


@settings(max_examples=100, deadline=None, database=None)
@given(start=st.sampled_from([data[:18] for data in VALID]), rest=st.binary(max_size=200))
def test_random_bytes_behind_a_valid_start_raise_our_own_error(start: bytes, rest: bytes) -> None:
    assert code_of(start + rest, ImageLimits(max_pixels=1_000_000)) != "image_invalid"


def test_bytes_are_not_changed_and_a_file_can_be_decoded_twice() -> None:
    data = encode(speckled(), "PNG")
    assert decode(data).tobytes() == decode(data).tobytes() == Image.open(io.BytesIO(data)).tobytes()
