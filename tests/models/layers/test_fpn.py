import numpy as np
import pytest
from keras import ops

from models.layers.config import FPNConfig
from models.layers.fpn import FPN, _double
from tests.models.layer_contract import check_layer

SIZES = {"C2": (11, 9), "C3": (6, 5), "C4": (3, 3), "C5": (2, 2)}
CHANNELS = {"C2": 3, "C3": 4, "C4": 5, "C5": 6}


def features(batch=2, seed=0):
    generator = np.random.default_rng(seed)
    return {n: generator.normal(size=(batch, *SIZES[n], CHANNELS[n])).astype(np.float32) for n in SIZES}


def transparent(config):
    """A pyramid in which every level passes the mean of the channels on, so that its sums can be done by hand."""
    fpn = FPN(config)
    fpn.build({n: (1, *SIZES[n], CHANNELS[n]) for n in SIZES})
    for layer in fpn.inner:
        layer.kernel.assign(np.full(layer.kernel.shape, 1 / layer.kernel.shape[2]))
    for layer in fpn.outer:
        kernel = np.zeros(layer.kernel.shape)
        kernel[1, 1] = np.eye(config.channels)
        layer.kernel.assign(kernel)
    return fpn


def test_contract(tmp_path):
    check_layer(lambda: FPN(FPNConfig(channels=8), name="fpn"), features(), tmp_path)


def test_levels_are_sums_from_the_top():
    values = {"C2": 1, "C3": 10, "C4": 100, "C5": 1000}
    constant = {n: np.full((1, *SIZES[n], CHANNELS[n]), value, np.float32) for n, value in values.items()}
    pyramid = transparent(FPNConfig(channels=2))(constant)
    assert list(pyramid) == ["P2", "P3", "P4", "P5", "P6"]
    expected = {"P2": 1111, "P3": 1110, "P4": 1100, "P5": 1000, "P6": 1000}
    for name, value in expected.items():
        np.testing.assert_allclose(pyramid[name], value, rtol=1e-6)
    sizes = {name: tuple(p.shape) for name, p in pyramid.items()}
    assert sizes == {
        "P2": (1, 11, 9, 2),
        "P3": (1, 6, 5, 2),
        "P4": (1, 3, 3, 2),
        "P5": (1, 2, 2, 2),
        "P6": (1, 1, 1, 2),
    }


def test_a_cell_of_the_top_reaches_the_cells_below_it():
    data = {n: np.zeros((1, *SIZES[n], CHANNELS[n]), np.float32) for n in SIZES}
    data["C5"][0, 1, 0] = 1
    pyramid = {n: ops.convert_to_numpy(p)[0, ..., 0] for n, p in transparent(FPNConfig(channels=1))(data).items()}
    for name, stride in (("P4", 2), ("P3", 4), ("P2", 8)):
        expected = np.zeros(pyramid[name].shape)
        expected[stride:, :stride] = 1
        np.testing.assert_allclose(pyramid[name], expected)


def test_extra_level_takes_every_second_cell_from_the_first():
    fpn = FPN(FPNConfig(channels=4, min_level=3, max_level=4))
    data = {n: x for n, x in features().items() if n in ("C3", "C4")}
    pyramid = {name: ops.convert_to_numpy(p) for name, p in fpn(data).items()}
    assert list(pyramid) == ["P3", "P4", "P5"]
    np.testing.assert_array_equal(pyramid["P5"], pyramid["P4"][:, ::2, ::2])
    assert list(FPN(FPNConfig(channels=4, extra_level=False))(features())) == ["P2", "P3", "P4", "P5"]


def test_outer_convolution_pads_with_one_row_of_zeros_on_each_side():
    fpn = transparent(FPNConfig(channels=1, min_level=4, max_level=4, extra_level=False))
    fpn.outer[0].kernel.assign(np.ones((3, 3, 1, 1)))
    p4 = ops.convert_to_numpy(fpn({"C4": np.ones((1, 3, 3, 5), np.float32)})["P4"])[0, ..., 0]
    np.testing.assert_allclose(p4, [[4, 6, 4], [6, 9, 6], [4, 6, 4]], rtol=1e-6)


@pytest.mark.parametrize("fine", [1, 2, 5, 8, 13, 40])
def test_doubling_picks_the_neighbors_that_torch_picks(fine):
    coarse = (fine + 1) // 2
    doubled = ops.convert_to_numpy(_double(ops.reshape(ops.arange(coarse), (1, coarse, 1, 1)), (fine, 1)))[0, :, 0, 0]
    torch_picks = [cell * coarse // fine for cell in range(fine)]
    assert doubled.tolist() == torch_picks


def test_kernels_start_as_in_torchvision():
    fpn = FPN(FPNConfig(channels=64))
    fpn.build({n: (1, *SIZES[n], 256) for n in SIZES})
    for layer, fan_in in ((fpn.inner[0], 256), (fpn.outer[3], 9 * 64)):
        kernel, limit = np.asarray(layer.kernel), np.sqrt(3 / fan_in)
        assert 0.99 * limit < np.abs(kernel).max() <= limit
        assert abs(kernel.std() / (limit / np.sqrt(3)) - 1) < 0.02
        assert not np.asarray(layer.bias).any()


def test_weights_have_clear_names():
    fpn = FPN(FPNConfig(channels=4), name="fpn")
    fpn(features())
    names = {weight.path for weight in fpn.weights}
    assert {"fpn/inner_c2/kernel", "fpn/inner_c5/bias", "fpn/outer_p2/kernel", "fpn/outer_p5/bias"} <= names
    assert len(names) == len(fpn.weights) == 16


def test_wrong_features_are_errors_that_name_the_level():
    with pytest.raises(ValueError, match=r"C5 must be .* received nothing among \['C2', 'C3', 'C4'\]"):
        FPN().build({n: (1, *SIZES[n], 4) for n in ("C2", "C3", "C4")})
    with pytest.raises(ValueError, match=r"C3 is \(6, 5\) and C4 is \(4, 3\)"):
        FPN().build({n: (1, *({**SIZES, "C4": (4, 3)})[n], 4) for n in SIZES})
    with pytest.raises(ValueError, match="min_level 5 above max_level 3"):
        FPNConfig(min_level=5, max_level=3)
