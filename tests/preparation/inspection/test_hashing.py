import cv2
import numpy as np
import pytest

from preparation.inspection.hashing import FARTHEST, gray_copy, groups, near_pairs, perceptual_hash
from tests.preparation.tiny_data import noise


def looked_at(images):
    grays = np.array([gray_copy(image) for image in images])
    return np.array([perceptual_hash(gray) for gray in grays], np.uint64), grays


def recompressed(image, quality):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


COPIES = {
    "a third": lambda image: cv2.resize(image, None, fx=0.34, fy=0.34, interpolation=cv2.INTER_AREA),
    "enlarged": lambda image: cv2.resize(image, None, fx=2.3, fy=1.9, interpolation=cv2.INTER_CUBIC),
    "JPEG of quality 30": lambda image: recompressed(image, 30),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=0.8, beta=20),
    "gray": lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
}


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES.keys())
def test_a_copy_is_found_and_nothing_else(copy):
    images = [noise(seed, (160, 220)) for seed in range(12)]
    pairs = near_pairs(*looked_at([*images, copy(images[7])]))
    assert pairs.tolist() == [[7, 12]]


def test_images_of_one_kind_are_not_copies():
    """Dark disks on white at other places: much the same to a hash, not the same images."""
    images = []
    for x in range(40, 100, 12):
        image = np.full((128, 128, 3), 250, np.uint8)
        cv2.circle(image, (x, 64), 22, (30, 30, 30), -1)
        images.append(image)
    assert near_pairs(*looked_at(images)).tolist() == []


def test_flat_images_are_the_same_where_their_gray_is():
    flat = [np.full((40, 40, 3), value, np.uint8) for value in (0, 255, 0, 90, 255, 90)]
    assert near_pairs(*looked_at(flat)).tolist() == [[0, 2], [1, 4], [3, 5]]


def test_every_pair_within_the_distance_is_found_and_none_beyond():
    rng = np.random.default_rng(0)
    hashes = rng.integers(0, 1 << 63, 400, dtype=np.uint64)
    near = []
    for distance in range(16):
        for _ in range(15):
            flipped = sum(1 << int(bit) for bit in rng.choice(63, distance, replace=False))
            near.append(int(hashes[rng.integers(400)]) ^ flipped)
    every = np.array([*hashes.tolist(), *near], np.uint64)
    grays = np.broadcast_to(noise(0, (32, 32))[..., 0], (len(every), 32, 32))
    distances = np.bitwise_count(every[:, None] ^ every[None])
    expected = np.argwhere(np.triu(distances <= FARTHEST, 1)).tolist()
    assert groups(len(every), near_pairs(every, grays)) == groups(len(every), np.array(expected))


def test_a_film_of_one_scene_is_one_set_though_a_band_is_full():
    hashes = np.arange(400, dtype=np.uint64)  # three bands are the same in all of them
    grays = np.broadcast_to(noise(0, (32, 32))[..., 0], (400, 32, 32))
    assert groups(400, near_pairs(hashes, grays)) == [list(range(400))]


def test_sets_are_connected_and_in_order():
    pairs = np.array([[5, 6], [1, 3], [3, 0], [6, 8]])
    assert groups(10, pairs) == [[0, 1, 3], [5, 6, 8]]
    assert groups(10, np.zeros((0, 2), np.int64)) == []
    assert near_pairs(np.zeros(0, np.uint64), np.zeros((0, 32, 32), np.uint8)).shape == (0, 2)
