"""An image out of all proportion is refused by its structure; what cameras write is not."""

import pytest

from catalog.errors import ImageCorrupt, ImageFormatUnsupported, ImageTooCostly, ProductNotFound
from catalog.images.decode import decode
from catalog.images.structure import ImageLimits
from tests.support.malformed.costly_images import (
    GREY_JPEG,
    costly_images,
    in_header,
    ordinary_images,
    repeated_scan,
    segment,
)
from tests.support.malformed.images import blank_png, encode, speckled

COSTLY, ORDINARY = costly_images(), ordinary_images()


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_out_of_proportion_is_refused(name: str) -> None:
    with pytest.raises(ImageTooCostly, match=r"^The .*\.$"):
        decode(COSTLY[name](), size_hint=64)


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_images_pass(name: str) -> None:
    assert decode(ORDINARY[name](), size_hint=64).mode == "RGB"


def test_limits_on_structure_are_inclusive() -> None:
    for data, at_limit, beyond in (
        (repeated_scan(64, 64, 4), ImageLimits(max_scan_blocks=10 * 64), ImageLimits(max_scan_blocks=10 * 64 - 1)),
        (encode(speckled(), "PNG"), ImageLimits(max_unpacked=32 * 145), ImageLimits(max_unpacked=32 * 145 - 1)),
        (blank_png(9, 9), ImageLimits(max_reads=8), ImageLimits(max_reads=7)),
    ):
        decode(data, at_limit)
        with pytest.raises(ImageTooCostly, match="The "):
            decode(data, beyond)


def test_scans_are_counted_by_the_components_that_they_hold() -> None:
    colour = encode(speckled(64, 64), "JPEG", progressive=True, subsampling=2)
    with pytest.raises(ImageTooCostly, match="10 scans go through 512 blocks; the limit is 1"):
        decode(colour, ImageLimits(max_scan_blocks=1))


def test_a_frame_twice_is_damaged_and_arithmetic_coding_unsupported() -> None:
    frame = GREY_JPEG.index(b"\xff\xc0")
    with pytest.raises(ImageCorrupt, match="corrupt"):
        decode(GREY_JPEG[:frame] + GREY_JPEG[frame : frame + 13] + GREY_JPEG[frame:])
    with pytest.raises(ImageFormatUnsupported, match="arithmetic"):
        decode(GREY_JPEG[: frame + 1] + b"\xc9" + GREY_JPEG[frame + 2 :])
    with pytest.raises(ImageCorrupt, match="corrupt"):
        decode(in_header(segment(0xC0, b"\x08\0\x40\0\x40\x01" + b"\1\x11\0" * 9), 100))


def test_a_decoding_that_is_to_stop_does_so_within_the_file() -> None:
    reads = 0

    def check() -> None:
        nonlocal reads
        reads += 1
        if reads == 40:
            raise ProductNotFound

    with pytest.raises(ProductNotFound, match="No product"):
        decode(ORDINARY["camera_jpeg"](), check=check)
    assert reads == 40
