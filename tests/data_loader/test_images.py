"""Images of every kind → 8-bit RGB as shown; masks on top of them."""

import struct

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from data_loader.errors import DataError
from data_loader.images import image_size, is_turned, read_rgb, turned_hint
from data_loader.mask_images import check_mask_size, read_indices, read_values

RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (32, 1))
RGB = np.dstack([RAMP, 255 - RAMP, np.full_like(RAMP, 40)])
GRAY = np.dstack([RAMP] * 3)


def pillow(name, pixels, mode=None, **keys):
    def write(folder):
        image = PIL.Image.fromarray(pixels)
        image = image.quantize(256) if mode == "P" else image.convert(mode) if mode else image
        image.save(folder / name, **keys)
        return folder / name

    return write


def opencv(name, pixels):
    def write(folder):
        cv2.imwrite(str(folder / name), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
        return folder / name

    return write


WITH_ALPHA = np.dstack([RGB, np.maximum(RAMP, 1)])
KINDS = {
    "gray": (pillow("a.png", RAMP), GRAY, 0),
    "gray and alpha": (pillow("a.png", np.dstack([RAMP, 255 - RAMP])), GRAY, 0),
    "gray of 16 bits": (opencv("a.png", RAMP.astype(np.uint16) * 257), GRAY, 0),
    "gray of 16 bits, TIFF": (opencv("a.tif", RAMP.astype(np.uint16) * 257), GRAY, 0),
    "RGB of 16 bits": (opencv("a.png", RGB.astype(np.uint16) * 257), RGB, 0),
    "RGB and alpha, PNG": (pillow("a.png", WITH_ALPHA), RGB, 0),
    "RGB and alpha, TIFF": (pillow("a.tif", WITH_ALPHA), RGB, 0),
    "RGB and alpha, WebP": (pillow("a.webp", WITH_ALPHA, lossless=True, exact=True), RGB, 0),
    "palette": (pillow("a.png", RGB, "P"), RGB, 2),
    "palette with a transparent color": (pillow("a.png", RGB, "P", transparency=0), RGB, 2),
    "GIF": (pillow("a.gif", RGB, "P"), RGB, 2),
    "animation": (
        pillow("a.png", RGB, save_all=True, append_images=[PIL.Image.fromarray(255 - RGB)]),
        RGB,
        0,
    ),
    "CMYK": (pillow("a.jpg", RGB, "CMYK", quality=98), RGB, 4),
    "a wrong ending": (pillow("a.jpg", RGB, format="PNG"), RGB, 0),
    "BMP": (pillow("a.bmp", RGB), RGB, 0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_has_its_colors(tmp_path, kind):
    write, expected, tolerance = KINDS[kind]
    path = write(tmp_path)
    found = read_rgb(path)
    assert found.dtype == np.uint8 and found.shape == (32, 64, 3) and image_size(path) == (32, 64)
    assert np.abs(found.astype(int) - expected).max() <= 3 * tolerance
    assert np.abs(found.astype(int) - expected).mean() <= tolerance


def test_values_of_32_bits_are_named(tmp_path):
    PIL.Image.fromarray(RAMP.astype(np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="values of 32 bits, which are no colors"):
        read_rgb(tmp_path / "a.tif")


ORIENTED = [
    ("a.jpg", {"quality": 98}),
    ("a.png", {}),
    ("a.webp", {"lossless": True}),
    ("a.tif", {}),
    pytest.param(
        *("a.avif", {"quality": 98}),
        marks=pytest.mark.skipif(".avif" not in PIL.Image.registered_extensions(), reason="Pillow without AVIF"),
    ),
]


TURNS = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90,
}
"""What EXIF's orientation does; 0 and 9 are no orientations."""


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize(("name", "keys"), ORIENTED)
def test_an_image_is_as_it_is_shown(tmp_path, name, keys, orientation):
    corners = np.zeros((32, 64, 3), np.uint8)
    corners[:16, :32], corners[16:, :32], corners[16:, 32:] = (250, 20, 20), (20, 250, 20), (20, 20, 250)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    PIL.Image.fromarray(corners).save(tmp_path / name, exif=exif, **keys)
    expected = TURNS.get(orientation, lambda stored: stored)(corners)
    found = read_rgb(tmp_path / name)
    assert found.shape == expected.shape and image_size(tmp_path / name) == expected.shape[:2]
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_a_mask_that_fits_only_before_exif_turns_its_image_says_so(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.jpg"
    PIL.Image.fromarray(RGB).save(path, exif=exif)
    size = image_size(path)
    assert size == (64, 32)
    check_mask_size(tmp_path / "a.png", (64, 32), path, size)
    with pytest.raises(DataError, match=r"mask is \(32, 64\).*its EXIF orientation turns on its side: turn the mask"):
        check_mask_size(tmp_path / "a.png", (32, 64), path, size)
    with pytest.raises(DataError, match=r"the image \(64, 32\) \(height, width\)\.$"):
        check_mask_size(tmp_path / "a.png", (9, 9), path, size)
    PIL.Image.fromarray(RGB).save(path)
    assert turned_hint((64, 32), path, image_size(path)) == ""


@pytest.mark.parametrize(
    ("name", "pixels", "expected"),
    [
        ("index.png", np.array([[0, 7], [255, 1]], np.uint8), [[0, 7], [255, 1]]),
        ("deep.png", np.array([[0, 26001], [65535, 1]], np.uint16), [[0, 26001], [65535, 1]]),
        ("bits.png", np.array([[False, True]]), [[0, 1]]),
        ("gray.png", np.array([[[5, 5, 5], [9, 9, 9]]], np.uint8), [[5, 9]]),
        ("colors.png", np.array([[[1, 2, 3], [0, 0, 0]]], np.uint8), [[1 + 2 * 256 + 3 * 65536, 0]]),
        ("alpha.png", np.array([[[4, 4, 4, 0], [0, 0, 0, 255]]], np.uint8), [[4, 0]]),
    ],
)
def test_values_of_masks(tmp_path, name, pixels, expected):
    PIL.Image.fromarray(pixels).save(tmp_path / name)
    np.testing.assert_array_equal(read_values(tmp_path / name), expected)


def test_a_mask_as_jpeg_is_an_error(tmp_path):
    PIL.Image.fromarray(RAMP).save(tmp_path / "a.jpg")
    with pytest.raises(DataError, match="is a JPEG, which changes the values of a mask"):
        read_values(tmp_path / "a.jpg")


def test_masks_with_the_other_order_of_bytes_and_with_floats(tmp_path):
    values = np.array([[0, 300], [65535, 1]], np.uint16)
    fields = [(256, 2), (257, 2), (258, 16), (259, 1), (262, 1), (273, 110), (278, 2), (279, 8)]
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in fields)
    head = struct.pack(">2sHIH", b"MM", 42, 8, len(fields)) + entries + bytes(4)
    (tmp_path / "a.tif").write_bytes(head + values.astype(">u2").tobytes())
    np.testing.assert_array_equal(read_values(tmp_path / "a.tif"), values)
    np.testing.assert_array_equal(read_indices(tmp_path / "a.tif"), values)
    PIL.Image.fromarray(values.astype(np.float32)).save(tmp_path / "b.tif")
    np.testing.assert_array_equal(read_values(tmp_path / "b.tif"), values)
    for wrong in (0.5, np.nan, np.inf):
        PIL.Image.fromarray(np.array([[wrong, 1]], np.float32)).save(tmp_path / "c.tif")
        with pytest.raises(DataError, match="no whole numbers"):
            read_values(tmp_path / "c.tif")


def test_an_orientation_in_xmp_alone_turns_nothing(tmp_path):
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    for name in ("a.jpg", "a.webp", "a.avif"):
        PIL.Image.fromarray(RGB).save(tmp_path / name, xmp=xmp)
        assert image_size(tmp_path / name) == read_rgb(tmp_path / name).shape[:2] == (32, 64)


@pytest.mark.parametrize(("kind", "value"), [(1, b"\6"), (2, b"6\0"), (7, b"\6")])
def test_an_orientation_of_a_wrong_type_stops_nothing(tmp_path, kind, value):
    entry = struct.pack("<HHI", 0x112, kind, len(value)) + value.ljust(4, b"\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4)
    PIL.Image.fromarray(RGB).save(tmp_path / "a.jpg", exif=exif)
    assert image_size(tmp_path / "a.jpg") == read_rgb(tmp_path / "a.jpg").shape[:2]
    assert is_turned(tmp_path / "a.jpg") == (kind != 2)
