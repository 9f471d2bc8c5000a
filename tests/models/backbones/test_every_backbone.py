"""What holds for every backbone of the table: a new one is tested by being in it.

Alphabet: `C_n` features of stride 2^n, `P_n` those of the pyramid on top.
"""

import math
from dataclasses import dataclass

import keras
import numpy as np
import pytest
from keras import ops

from models.backbones import build
from models.backbones.applications.common import IMAGENET_MEAN, IMAGENET_STD
from models.backbones.architecture import Architecture
from models.backbones.build import STRIDES, freeze
from models.backbones.config import BackboneConfig
from models.backbones.table import BACKBONES
from models.layers.fpn import FPN
from tests.models.backbones.built import build_backbone
from tests.models.layer_contract import dtype_policy
from utils.registry import load_object

CHANNELS = {
    "mobilenet_v2": (24, 32, 96, 1280),
    "mobilenet_v3_large": (24, 40, 112, 960),
    "mobilenet_v3_small": (16, 24, 48, 576),
    "mobilenet_v3_large_torchvision": (24, 40, 112, 960),
    "efficientnet_b0": (24, 40, 112, 1280),
    "efficientnet_b1": (24, 40, 112, 1280),
    "efficientnet_b2": (24, 48, 120, 1408),
    "efficientnet_b3": (32, 48, 136, 1536),
    "efficientnet_b4": (32, 56, 160, 1792),
    "efficientnet_v2_b0": (32, 48, 112, 1280),
    "efficientnet_v2_b1": (32, 48, 112, 1280),
    "efficientnet_v2_b2": (32, 56, 120, 1408),
    "efficientnet_v2_b3": (40, 56, 136, 1536),
    "efficientnet_v2_s": (48, 64, 160, 1280),
    "convnext_tiny": (96, 192, 384, 768),
    "densenet121": (256, 512, 1024, 1024),
    "xception": (256, 728, 1024, 2048),
    "vgg16": (256, 512, 512, 512),
    "vgg19": (256, 512, 512, 512),
    **{name: (256, 512, 1024, 2048) for name in BACKBONES if name.startswith(("resnet", "resnext"))},
}
"""C2…C5, from the tables of the papers."""

QUICK = (
    "mobilenet_v3_large",
    "resnext50_32x4d",
    "resnet50_v2",
    "efficientnet_b2",
    "efficientnet_v2_b0",
    "convnext_tiny",
    "densenet121",
    "xception",
    "vgg16",
)
"""One of each way to be built."""
# test_build.py has these too, or the golden outputs; and one that is normalized otherwise than the rest of its family.
OTHERS = (
    *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large_torchvision", "resnet50", "resnet50_v1"),
    *("efficientnet_b0", "efficientnet_v2_s"),
)
SMALLER = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
BIGGER = sorted(set(BACKBONES) - {*QUICK, *OTHERS})
"""The same function made them; what differs are the names in a row of a table."""

SIZE, ODD = (64, 96), (75, 100)
MERGING = keras.layers.Add | keras.layers.Concatenate
"""What a block ends with, but for VGG's and ConvNeXt's."""


@dataclass(frozen=True)
class Case:
    """A backbone with the weights of a file that the untouched network of Keras wrote.

    Attributes:
        network: what `ours` was cut out of.
        theirs: that network; None where the backbone is not from `keras.applications`.
    """

    name: str
    config: BackboneConfig
    architecture: Architecture
    ours: keras.Model
    network: keras.Model
    theirs: keras.Model | None

    @property
    def body(self):
        return self.ours.layers[-1]


@pytest.fixture(scope="module", params=SMALLER)
def case(request, tmp_path_factory):
    name, made, frozen = request.param, [], []
    path = tmp_path_factory.mktemp("weights") / "published.h5"
    keras.utils.set_random_seed(0)

    def recording(make):
        def wrapped(*args, **kwargs):
            made.append(make(*args, **kwargs))
            _randomize(made[-1], architecture.pixels)
            made[-1].save(path)
            return made[-1]

        return wrapped

    def recorded_freeze(network, config, architecture):
        frozen.append(network)
        freeze(network, config, architecture)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "freeze", recorded_freeze)
        for application in [key for key in vars(keras.applications) if key[0].isupper()]:
            patch.setattr(keras.applications, application, recording(getattr(keras.applications, application)))
        architecture = load_object(BACKBONES[name])(BackboneConfig(name=name))
        from_keras = ".applications." in BACKBONES[name]
        config = BackboneConfig(name=name, weights=str(path) if from_keras else None)
        ours = build_backbone(config, SIZE, None if from_keras else True)
    assert len(made) == int(from_keras)
    return Case(name, config, architecture, ours, frozen[0], made[0] if made else None)


def _randomize(network, pixels):
    """No scale, shift or statistic keeps what it is made with, and all activations have a size that tells something."""
    generator = np.random.default_rng(0)
    for layer in _leaves(network):
        if type(layer).__name__ == "LayerScale":  # 1e-6 would hide the whole block behind it
            layer.gamma.assign(generator.uniform(0.2, 0.6, layer.gamma.shape))
        elif hasattr(layer, "gamma"):
            layer.gamma.assign(generator.uniform(0.5, 1.5, layer.gamma.shape))
            layer.beta.assign(generator.normal(0, 0.2, layer.beta.shape))
    # Published files hold the deviation as variance and the network divides once more; a random one does not.
    _set_normalization(network, np.square(IMAGENET_STD))
    norms = [layer for layer in _leaves(network) if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    if norms:
        inside = any(isinstance(layer, keras.layers.Rescaling) for layer in network.layers)
        normalized = (images(4) - np.array(pixels.mean)) / np.array(pixels.std)
        network(images(4) if inside else normalized, training=True)
    _set_normalization(network, np.array(IMAGENET_STD))


def _set_normalization(network, variance):
    for layer in _leaves(network):
        if isinstance(layer, keras.layers.Normalization) and layer.weights:
            layer.set_weights([np.array(IMAGENET_MEAN), variance, *layer.get_weights()[2:]])
            layer.finalize_state()


def _leaves(network):
    return [layer for layer in network._flatten_layers() if not isinstance(layer, keras.Model)]


def images(batch=2, size=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (batch, *size, 3)).astype(np.float32)


def numpy(tensors):
    return {level: ops.convert_to_numpy(ops.cast(x, "float32")) for level, x in tensors.items()}


def seen(network, names, inputs):
    """What the layers `names` of `network`, nested ones too, put out for `inputs`."""
    found, layers = {}, {layer.name: layer for layer in _leaves(network)}

    def watch(layer):
        call = layer.call

        def watched(*args, **kwargs):
            found[layer.name] = call(*args, **kwargs)
            return found[layer.name]

        return watched

    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setattr(layers[name], "call", watch(layers[name]), raising=False)
        network(inputs, training=False)
    return numpy({name: found[name] for name in names})


def test_every_name_has_its_channels():
    assert set(CHANNELS) == set(BACKBONES)


def test_sizes_and_channels(case):
    check_taps(case.name, case.ours, case.network, case.architecture.stages)


@pytest.mark.slow
@pytest.mark.parametrize("name", BIGGER)
def test_sizes_and_channels_of_the_bigger_ones(name, monkeypatch):
    networks = []
    monkeypatch.setattr(build, "freeze", lambda network, config, architecture: networks.append(network))
    backbone = build_backbone(BackboneConfig(name=name), SIZE, True)
    check_taps(name, backbone, networks[0], load_object(BACKBONES[name])(BackboneConfig(name=name)).stages)


def check_taps(name, backbone, network, stages):
    for number, (level, stride) in enumerate(STRIDES.items()):
        expected = (SIZE[0] // stride, SIZE[1] // stride, CHANNELS[name][number])
        assert backbone.output[level].shape[1:] == expected, level
        tap = next(place for place, layer in enumerate(network.layers) if layer.name == stages[number + 1])
        later = [layer for layer in network.layers[tap + 1 :] if isinstance(layer, MERGING)]
        assert not [layer.name for layer in later if layer.output.shape[1:3] == expected[:2]], f"{level} ends too early"


def test_features_are_those_of_the_application(case):
    """Also: a file that the application wrote is read into the right places, by the order of its layers."""
    if case.theirs is None:
        pytest.skip("not from keras.applications; test_resnet.py and the golden outputs hold it to torchvision")
    normalized = case.ours.get_layer("normalize_images")(images())
    ours = numpy(case.ours(images(), training=False))
    for level, expected in zip(STRIDES, _expected(case, normalized), strict=True):
        spread = expected.std()
        assert spread > 1e-3, f"{level} tells nothing"
        np.testing.assert_allclose(ours[level], expected, rtol=1e-4, atol=1e-3 * spread, err_msg=level)


def _expected(case, normalized):
    theirs, stages = case.theirs, case.architecture.stages
    if case.architecture.starts_at:
        start = theirs.get_layer(case.architecture.starts_at).input
        theirs = keras.models.clone_model(
            keras.Model(start, theirs.output), keras.Input((*SIZE, 3)), clone_function=lambda layer: layer
        )
    if case.name == "xception":  # without padding its stem gives other sizes
        stem = theirs.get_layer(stages[0])
        expected = seen(theirs, [stages[0]], normalized)[stages[0]]
        normalized = seen(case.body, [stages[0]], normalized)[stages[0]]
        np.testing.assert_allclose(normalized[:, 1:-2, 1:-2], expected, rtol=1e-4, atol=1e-4)
        theirs = keras.Model(stem.output, theirs.output)
    names = {layer.name for layer in _leaves(theirs)}
    middle = seen(theirs, [name for name in stages[1:4] if name in names], normalized)
    return [*middle.values(), numpy({"C5": theirs(normalized, training=False)})["C5"]]


def test_frozen_batch_norm_makes_training_equal_to_inference(case):
    """Nothing random is left in it either, as stochastic depth would be."""
    training, inference = (numpy(case.ours(images(), training=flag)) for flag in (True, False))
    for level in STRIDES:
        # By another kernel, so they differ by rounding.
        np.testing.assert_allclose(training[level], inference[level], rtol=1e-4, atol=1e-3 * inference[level].std())


def test_frozen_stages_are_those_below(case):
    learning = _all_trainable(case.network)
    for stages, end in enumerate(case.architecture.stages, 1):
        _all_trainable(case.network)
        freeze(case.network, BackboneConfig(frozen_stages=stages, batch_norm="trainable"), case.architecture)
        below = keras.Model(case.network.input, case.network.get_layer(end).output)
        left = {weight.path for weight in case.network.trainable_weights}
        assert left == learning - {weight.path for weight in below.weights}
        assert len(left) < len(learning) and (left or stages >= 4)  # VGG's C5 is C4, pooled
    assert not left
    _all_trainable(case.network)
    freeze(case.network, case.config, case.architecture)


def _all_trainable(network):
    for layer in network._flatten_layers():
        layer.trainable = True
    return {weight.path for weight in network.trainable_weights}


def test_a_pyramid_stands_on_it(case):
    pyramid = FPN(name="fpn")
    pyramid.build({level: tensor.shape for level, tensor in case.ours.output.items()})
    found = numpy(pyramid(case.ours(images())))
    assert {level: feature.shape for level, feature in found.items()} == {
        f"P{n}": (2, math.ceil(SIZE[0] / 2**n), math.ceil(SIZE[1] / 2**n), 256) for n in range(2, 7)
    }
    assert all(np.isfinite(feature).all() and feature.std() > 0 for feature in found.values())


def test_cells_lie_where_their_stride_says(case, monkeypatch):
    """A patch is seen in the cells around it; 32 pixels farther right, one cell farther right in C5."""
    for layer in case.body.layers:  # squeeze and excitation sees the patch from everywhere, so it is held still
        if isinstance(layer, keras.layers.GlobalAveragePooling2D):
            monkeypatch.setattr(layer, "call", lambda x, keep=layer.keepdims: ops.zeros_like(ops.mean(x, (1, 2), keep)))
    height, width, patch = 256, 512, 32
    patches = np.full((3, height, width, 3), 127.0, np.float32)
    patches[1:, 112:144, 240:272] = images(1, (patch, patch))
    patches[2] = np.roll(patches[2], 32, axis=1)
    wide = keras.models.clone_model(case.body, keras.Input((height, width, 3)), clone_function=lambda layer: layer)
    features = numpy(wide(case.ours.get_layer("normalize_images")(patches), training=False))
    for level, stride in STRIDES.items():
        seen_by = np.square(features[level][1:] - features[level][:1]).sum(-1)
        down, across = (_centers(seen_by, axis) * stride for axis in (1, 2))
        # A network that pads at the far edges only is half a cell off, and a deep one sees the borders of the image.
        assert abs(across[1] - across[0] - 32) < max(stride / 2, 4), level
        assert abs(down[1] - down[0]) < stride / 2, level
        assert abs(across[0] - 256) < stride + 4 and abs(down[0] - 128) < stride + 4, level


def _centers(energy, axis):
    """The center of gravity of each map (N, h, w) along an axis, in cells; the first cell lies around 0.5."""
    weights = energy.sum(3 - axis)
    return (weights * (np.arange(weights.shape[1]) + 0.5)).sum(1) / weights.sum(1)


def test_odd_sizes_in_bfloat16_and_lasting_names(case):
    with dtype_policy("mixed_bfloat16"):
        other = build_backbone(BackboneConfig(name=case.name), ODD, True)
    assert {weight.dtype for weight in other.weights if "seed" not in weight.path} == {"float32"}
    for level, feature in numpy(other(images(1, ODD))).items():
        assert feature.shape[1:3] == tuple(math.ceil(side / STRIDES[level]) for side in ODD)
        assert np.isfinite(feature).all() and feature.std() > 0
    paths = [weight.path for weight in case.ours.weights]
    assert [weight.path for weight in other.weights] == paths and len(set(paths)) == len(paths)
    names = [[layer.name for layer in network._flatten_layers()] for network in (case.ours, other)]
    assert names[0] == names[1]
