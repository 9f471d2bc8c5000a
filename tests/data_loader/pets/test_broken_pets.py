import logging
import re
import struct
import zlib

import cv2
import numpy as np
import pytest

from data_loader.errors import DataError
from data_loader.pets.data import PetsData
from data_loader.records import read_sample


def half_an_image(root):
    path = root / "images/beagle_3.jpg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_image(root):
    (root / "images/beagle_3.jpg").unlink()


def text_for_an_image(root):
    (root / "images/beagle_3.jpg").write_text("<html>404</html>")


def smaller_mask(root):
    cv2.imwrite(str(root / "annotations/trimaps/beagle_3.png"), np.ones((20, 30), np.uint8))


def no_mask(root):
    (root / "annotations/trimaps/beagle_3.png").unlink()


def empty_mask(root):
    cv2.imwrite(str(root / "annotations/trimaps/beagle_3.png"), np.full((40, 60), 2, np.uint8))


def broken_mask(root):
    (root / "annotations/trimaps/beagle_3.png").write_bytes(b"\x89PNG nothing more")


def garbage_line(root):
    path = root / "annotations/trainval.txt"
    path.write_text(path.read_text().replace("beagle_3 5 2 4", "\x00\x01 garbage"))


def png_header(width, height):
    """A PNG of a hundred bytes that claims so many pixels."""
    chunks = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\x00" * 99)), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return chunks


def bomb_as_image(root):
    (root / "images/beagle_3.jpg").write_bytes(png_header(60_000, 60_000))


def smaller_bomb_as_image(root):
    """Fewer pixels than OpenCV refuses."""
    (root / "images/beagle_3.jpg").write_bytes(png_header(12_000, 12_000))


def bomb_as_mask(root):
    (root / "annotations/trimaps/beagle_3.png").write_bytes(png_header(60_000, 60_000))


def folder_as_image(root):
    (root / "images/beagle_3.jpg").unlink()
    (root / "images/beagle_3.jpg").mkdir()


def other_values(root):
    trimap = np.full((40, 60), 2, np.uint8)
    trimap[5:20] = 1
    trimap[0, :3] = 0, 4, 255
    cv2.imwrite(str(root / "annotations/trimaps/beagle_3.png"), trimap)


def nul_in_a_name(root):
    path = root / "annotations/trainval.txt"
    path.write_text(path.read_text().replace("beagle_3 5 2 4", "beagle\x00_3 5 2 4"))


def endless_name(root):
    path = root / "annotations/trainval.txt"
    path.write_text(path.read_text().replace("beagle_3 5 2 4", f"{'b' * 300} 5 2 4"))


def listed_twice(root):
    path = root / "annotations/test.txt"
    path.write_text(path.read_text().replace("beagle_10 5 2 4", "beagle_3 5 2 4"))


BREAKS = {
    half_an_image: ("beagle_3.jpg", "image does not decode"),
    text_for_an_image: ("beagle_3.jpg", "image does not decode"),
    no_image: ("beagle_3.jpg", "image missing"),
    smaller_mask: ("beagle_3.png", r"mask of another size: mask \(20, 30\), image \(40, 60\)"),
    no_mask: ("beagle_3.png", "mask missing"),
    empty_mask: ("beagle_3.png", "empty mask"),
    broken_mask: ("beagle_3.png", "mask does not decode"),
    garbage_line: (r"trainval.txt:\d+", "garbage line"),
    bomb_as_image: ("beagle_3.jpg", "image does not decode: .* claims more than 134217728 pixels"),
    smaller_bomb_as_image: ("beagle_3.jpg", "image does not decode: .* claims more than 134217728 pixels"),
    bomb_as_mask: ("beagle_3.png", "mask does not decode: .* claims more than 134217728 pixels"),
    folder_as_image: ("beagle_3.jpg", "image does not decode: .* is a folder"),
    other_values: ("beagle_3.png", r"mask with other values: 0, 4, 255; allowed are \[1, 2, 3\]"),
    nul_in_a_name: (r"trainval.txt:\d+", "garbage line"),
    endless_name: (r"trainval.txt:\d+", "garbage line"),
    listed_twice: (r"test.txt:\d+", "listed twice"),
}


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda item: item.__name__)
def test_what_is_broken_is_named_counted_and_left_out(break_it, pets_folder, pets_config, caplog):
    break_it(pets_folder)
    where, reason = BREAKS[break_it]
    data = PetsData(pets_config(max_bad_fraction=0.05), 0)
    with caplog.at_level(logging.WARNING, "maskeras"):
        data.prepare()
    assert "1 of 36 images are broken and left out" in caplog.text
    assert re.search(f"{where}: {reason}", caplog.text)
    kept = [record.path.stem for split in ("train", "val", "test") for record in data.records(split)]
    assert len(kept) == len(set(kept)) == 35
    for split in ("train", "val", "test"):
        assert all(len(sample["boxes"]) == 1 for sample in data.split(split))


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda item: item.__name__)
def test_too_much_that_is_broken_is_an_error(break_it, pets_folder, pets_config):
    break_it(pets_folder)
    where, reason = BREAKS[break_it]
    with pytest.raises(DataError, match=rf"{where}: {reason}[\s\S]*max_bad_fraction = 0.02") as caught:
        PetsData(pets_config(max_bad_fraction=0.02), 0).prepare()
    assert caught.value.exit_code == 2


def test_the_report_of_a_kept_index_is_the_same(pets_folder, pets_config, caplog):
    no_mask(pets_folder)
    for _ in range(2):
        PetsData(pets_config(max_bad_fraction=0.05), 0).prepare()
    assert caplog.text.count("beagle_3.png: mask missing") == 2


def test_an_image_that_breaks_later_is_named(pets_folder, pets_config):
    data = PetsData(pets_config(), 0)
    data.prepare()
    record = data.records("train")[0]
    record.path.write_bytes(b"gone bad")
    with pytest.raises(DataError, match=f"{record.path.name}: does not decode"):
        read_sample(record)
    cv2.imwrite(str(record.path), np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(DataError, match=r"is \(10, 10\) but was \(40, 60\)"):
        read_sample(record)


def test_a_split_without_images_is_an_error(pets_folder, pets_config):
    (pets_folder / "annotations/test.txt").write_text("")
    with pytest.raises(DataError, match="no usable image for test"):
        PetsData(pets_config(), 0).prepare()
