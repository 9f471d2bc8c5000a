"""The layers give with the translated arrays what their definition in PyTorch's layout gives."""

from pathlib import Path

import keras
import numpy as np
import pytest

from models.weights.torchvision import torchvision_arrays
from tests.models.weights.torchvision_states import mask_rcnn_shapes, resnet_shapes, state

NAMES = Path(__file__).parents[4] / "shared" / "golden" / "state_dict_names.txt"


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def filled(layer, shape, *values):
    layer.build(shape)
    layer.set_weights(values)
    return layer


@pytest.mark.parametrize("groups", [1, 3])
def test_a_convolution_grouped_or_not(groups):
    image, weight = draw(6, 5, 4), draw(9, 6 // groups, 3, 3, seed=1)
    arrays = torchvision_arrays({"layer1.0.conv2.weight": weight})
    layer = keras.layers.Conv2D(9, 3, groups=groups, use_bias=False)
    filled(layer, (None, 5, 4, 6), arrays["layer1_0_conv2/kernel"])
    expected = np.zeros((9, 3, 2))
    for output, row, column in np.ndindex(expected.shape):
        group = output // (9 // groups)
        part = image[group * 6 // groups : (group + 1) * 6 // groups, row : row + 3, column : column + 3]
        expected[output, row, column] = (part * weight[output]).sum()
    found = layer(image.transpose(1, 2, 0)[None])[0]
    np.testing.assert_allclose(found, expected.transpose(1, 2, 0), rtol=1e-4, atol=1e-4)


def test_a_transposed_convolution():
    image, weight, bias = draw(4, 3, 2), draw(4, 5, 2, 2, seed=1), draw(5, seed=2)
    module = "roi_heads.mask_predictor.conv5_mask"
    arrays = torchvision_arrays({f"{module}.weight": weight, f"{module}.bias": bias})
    layer = keras.layers.Conv2DTranspose(5, 2, strides=2)
    filled(layer, (None, 3, 2, 4), arrays["mask_head/upsample/kernel"], arrays["mask_head/upsample/bias"])
    expected = np.einsum("iyx,ioab->oyaxb", image, weight).reshape(5, 6, 4) + bias[:, None, None]
    found = layer(image.transpose(1, 2, 0)[None])[0]
    np.testing.assert_allclose(found, expected.transpose(1, 2, 0), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shared", ["rpn.head.conv.0.0", "rpn.head.conv", "backbone.fpn.layer_blocks.0.0"])
def test_the_first_dense_layer_takes_pooled_features_with_their_channels_last(shared):
    pooled, weight = draw(6, 3, 3), draw(8, 6 * 9, seed=1)
    arrays = torchvision_arrays({"roi_heads.box_head.fc6.weight": weight, f"{shared}.bias": draw(6)})
    found = pooled.transpose(1, 2, 0).reshape(1, -1) @ arrays["box_head/fc6/kernel"]
    np.testing.assert_allclose(found[0], weight @ pooled.reshape(-1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 255), (8, 256 * 8), (8,), (8, 0)])
def test_inputs_that_are_no_square_are_an_error(shape):
    with pytest.raises(ValueError, match=rf"fc6.weight is \({shape[0]}.* \(outputs, 256 channels"):
        torchvision_arrays({"roi_heads.box_head.fc6.weight": np.zeros(shape, np.float32)})


def test_the_other_dense_layers_and_the_rows_of_classes():
    source = state(mask_rcnn_shapes(classes=4, channels=2, hidden=3, pool=1, masks=1))
    arrays = torchvision_arrays(source)
    features = draw(3)
    for theirs, ours in (("cls_score", "logits"), ("bbox_pred", "deltas")):
        weight, bias = (source[f"roi_heads.box_predictor.{theirs}.{leaf}"] for leaf in ("weight", "bias"))
        found = features @ arrays[f"box_head/{ours}/kernel"] + arrays[f"box_head/{ours}/bias"]
        np.testing.assert_allclose(found, weight @ features + bias, rtol=1e-5, atol=1e-6)
    weight, bias = (source[f"roi_heads.mask_predictor.mask_fcn_logits.{leaf}"] for leaf in ("weight", "bias"))
    np.testing.assert_array_equal(arrays["mask_head/logits/kernel"][0, 0].T, weight[1:, :, 0, 0])
    np.testing.assert_array_equal(arrays["mask_head/logits/bias"], bias[1:])


def test_batch_norm_has_its_four_arrays_and_no_counter():
    source = state(resnet_shapes())
    arrays = torchvision_arrays(source)
    for module, layer in (("bn1", "bn1"), ("layer1.0.downsample.1", "layer1_0_downsample_1")):
        for theirs, ours in (("weight", "gamma"), ("bias", "beta"), ("running_mean", "moving_mean")):
            np.testing.assert_array_equal(arrays[f"{layer}/{ours}"], source[f"{module}.{theirs}"])
        np.testing.assert_array_equal(arrays[f"{layer}/moving_variance"], source[f"{module}.running_var"])
    assert not [name for name in arrays if "num_batches" in name or name.startswith("fc")]
    assert len(arrays) == 53 * 5


def test_old_names_give_the_same_and_unknown_ones_stay():
    new, old = (state(mask_rcnn_shapes(channels=2, hidden=2, pool=1, old_names=old)) for old in (False, True))
    assert set(new) != set(old)
    values = dict(zip(old, new.values(), strict=True))
    first, second = torchvision_arrays(new), torchvision_arrays(values)
    assert list(first) == list(second)
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value)
    own = {
        "bn1/gamma": np.ones(2),
        "rpn.head.conv.1.0.weight": np.ones((1, 1, 1, 1)),
        "module.conv1.weight": np.ones(1),
    }
    assert torchvision_arrays(own) == own


def test_the_names_are_torchvisions():
    if not NAMES.is_file():
        pytest.skip(f"torchvision's names are not at {NAMES}")
    lines = (line.split(" ", 1) for line in NAMES.read_text(encoding="utf-8").splitlines() if "(" in line)
    expected = {name: tuple(int(side) for side in shape.strip("()").split(",") if side) for name, shape in lines}
    shapes = {name: shape for name, shape in mask_rcnn_shapes().items() if shape}
    assert shapes == expected
