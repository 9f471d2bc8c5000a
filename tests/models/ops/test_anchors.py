import numpy as np
import pytest

from models.ops.anchors import AnchorGenerator


def test_base_anchors_are_rounded_to_whole_pixels():
    (level,) = AnchorGenerator(sizes=((32,),)).grid((32,), [(1, 1)])
    # 32 * sqrt(2) / 2 = 22.6 and 32 / sqrt(2) / 2 = 11.3
    assert level.tolist() == [[-23, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]]
    assert level.dtype == np.float32


def test_order_is_row_column_ratio():
    (level,) = AnchorGenerator(sizes=((8,),), aspect_ratios=(1.0, 4.0)).grid((16,), [(2, 3)])
    centers = (level[:, :2] + level[:, 2:]) / 2
    expected = [[x, y] for y in (0, 16) for x in (0, 16, 32) for _ in range(2)]
    assert centers.tolist() == expected
    assert (level[1, 2:] - level[1, :2]).tolist() == [4, 16]


def test_several_sizes_for_a_level():
    generator = AnchorGenerator(sizes=((8, 16), (32,)), aspect_ratios=(1.0,))
    first, second = generator.grid((8, 16), [(2, 2), (1, 1)])
    assert generator.num_per_cell == (2, 1)
    assert first[:2].tolist() == [[-4, -4, 4, 4], [-8, -8, 8, 8]]
    assert len(first) == 8
    assert second.tolist() == [[-16, -16, 16, 16]]


def test_a_missing_level_is_an_error():
    with pytest.raises(ValueError, match=r"1 feature maps .* for 5 levels"):
        AnchorGenerator().grid((4, 8, 16, 32, 64), [(1, 1)])
    with pytest.raises(ValueError, match=r"1 strides \[4\] for 2 levels"):
        AnchorGenerator(sizes=((8,), (16,))).grid((4,), [(2, 2), (1, 1)])
