import numpy as np
import pytest
from keras import ops

from models.ops import roi_align as module
from models.ops.roi_align import assign_levels, roi_align


@pytest.fixture
def align(way):
    """`roi_align` on the way of the test."""
    return lambda *args, **kwargs: ops.convert_to_numpy(roi_align(*args, **kwargs))


def ramp(height=16, width=16):
    """Channel 0 is the row of a cell, channel 1 its column."""
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    return np.stack([y, x], axis=-1)[None].astype(np.float32)


def by_the_book(feature, box, scale, size, ratio):
    """torchvision's loops for one image and one box."""
    height, width, channels = feature.shape
    x1, y1, x2, y2 = (np.asarray(box, np.float64) * scale).tolist()
    step_y, step_x = max(y2 - y1, 1) / size, max(x2 - x1, 1) / size
    result = np.zeros((size, size, channels))

    def sample(y, x):
        if y < -1 or y > height or x < -1 or x > width:
            return 0.0
        y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
        y0, x0 = int(y), int(x)
        y3, x3 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
        top = feature[y0, x0] * (1 - x + x0) + feature[y0, x3] * (x - x0)
        low = feature[y3, x0] * (1 - x + x0) + feature[y3, x3] * (x - x0)
        return top * (1 - y + y0) + low * (y - y0)

    for p, q, i, j in np.ndindex(size, size, ratio, ratio):
        y, x = y1 + (p + (i + 0.5) / ratio) * step_y, x1 + (q + (j + 0.5) / ratio) * step_x
        result[p, q] += sample(y, x) / ratio**2
    return result


def test_a_ramp_by_hand(align):
    # In cells the box spans y 2…6 and x 1…9; a linear map's mean over a cell is its value at the cell's center.
    result = align([ramp()], np.float32([[[4, 8, 36, 24]]]), np.zeros((1, 1), np.int32), [0.25], 2)
    np.testing.assert_allclose(result[0, 0, :, :, 0], [[3, 3], [5, 5]], rtol=1e-6)
    np.testing.assert_allclose(result[0, 0, :, :, 1], [[3, 7], [3, 7]], rtol=1e-6)


@pytest.mark.parametrize("ratio", [1, 2, 3])
def test_equals_the_loops_at_borders_and_beyond(align, ratio):
    rng = np.random.default_rng(0)
    maps = [rng.normal(size=(2, 12, 9, 3)).astype(np.float32), rng.normal(size=(2, 6, 5, 3)).astype(np.float32)]
    scales = [0.25, 0.125]
    boxes = [[-9, -9, 20, 30], [20, 30, 60, 70], [0, 0, 36, 48], [10, 10, 10, 10], [31, 44, 35.5, 47.5], [-5, 3, -3, 9]]
    boxes = np.stack([np.float32(boxes), np.float32(boxes)[::-1]])
    levels = np.int32([[0, 1, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0]])
    result = align(maps, boxes, levels, scales, 3, sampling_ratio=ratio)
    for b, n in np.ndindex(2, 6):
        level = levels[b, n]
        expected = by_the_book(maps[level][b], boxes[b, n], scales[level], 3, ratio)
        np.testing.assert_allclose(result[b, n], expected, atol=2e-6)


def test_a_box_outside_gives_zero(align):
    boxes = np.float32([[[200, 0, 240, 40], [0, -80, 40, -40]]])
    result = align([ramp() + 1], boxes, np.zeros((1, 2), np.int32), [0.25], 2)
    assert not result.any()


def test_a_batch_equals_its_images(align):
    rng = np.random.default_rng(1)
    maps = [rng.normal(size=(3, n, n, 4)).astype(np.float32) for n in (8, 4)]
    boxes = np.sort(rng.uniform(0, 32, (3, 5, 2, 2)), axis=2).reshape(3, 5, 4).astype(np.float32)
    levels = rng.integers(0, 2, (3, 5)).astype(np.int32)
    together = align(maps, boxes, levels, [0.25, 0.125], 2)
    for i in range(3):
        part = slice(i, i + 1)
        single = align([m[part] for m in maps], boxes[part], levels[part], [0.25, 0.125], 2)
        np.testing.assert_allclose(single[0], together[i], atol=1e-6)


def test_half_precision_features_keep_exact_positions(align):
    # At x = 1001 of a wide map float16 positions would be off by a quarter of a cell.
    feature = np.zeros((1, 2, 1100, 1), np.float16)
    feature[0, :, 1001] = 1
    result = align([feature], np.float32([[[1001.0, 0, 1002.0, 1]]]), np.zeros((1, 1), np.int32), [1.0], 1)
    assert result.dtype == np.float16
    assert result.item() == pytest.approx(0.5, abs=1e-3)


def test_the_rule_takes_the_dense_way_for_small_maps_only(monkeypatch):
    def refuse(*_):
        raise LookupError("the other way")

    monkeypatch.setattr(module, "tensorflow_cpu_kernels", lambda: False)
    boxes, levels = np.zeros((1, 1, 4), np.float32), np.zeros((1, 1), np.int32)
    monkeypatch.setattr(module, "_align_dense", refuse)
    roi_align([np.zeros((1, 128, 128, 1), np.float32)], boxes, levels, [0.25], 7)
    with pytest.raises(LookupError):
        roi_align([np.zeros((1, 40, 40, 1), np.float32)], boxes, levels, [0.25], 7)


def test_levels_by_size():
    sides = np.float32([0, 10, 111.9, 112, 224, 447, 448, 5000])
    boxes = np.stack([np.zeros_like(sides), np.zeros_like(sides), sides, sides], axis=1)
    assert ops.convert_to_numpy(assign_levels(boxes, 2, 5)).tolist() == [0, 0, 0, 1, 2, 2, 3, 3]
    assert ops.convert_to_numpy(assign_levels(boxes, 3, 5)).tolist() == [0, 0, 0, 0, 1, 1, 2, 2]


def test_what_does_not_fit_is_named():
    boxes, levels = np.zeros((1, 1, 4), np.float32), np.zeros((1, 1), np.int32)
    with pytest.raises(ValueError, match="1 feature maps and 2 scales"):
        roi_align([ramp()], boxes, levels, [0.25, 0.125], 7)
