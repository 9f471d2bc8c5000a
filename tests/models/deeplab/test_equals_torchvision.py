"""The network is the same function as torchvision 0.28's `deeplabv3_resnet50` and `…_mobilenet_v3_large`, in float32.

On every backend. 1e-4 of an output's largest value is allowed; 129 and 161 are no multiples of the strides.
"""

import keras
import numpy as np
import pytest
from keras import ops

from base.batch import DataSpec
from base.variables import load_network_arrays
from models.deeplab.config import DeepLabV3Config
from models.deeplab.model import DeepLabV3
from models.weights.torchvision import torchvision_arrays
from models.weights.voc import VOC_CLASSES
from tests.models.deeplab_golden import CASES, FORMS, FULL, cut, formula_state, golden
from tests.models.weights.torchvision_states import deeplab_shapes

OUTPUT_STRIDES = {"resnet50": 8, "mobilenet_v3_large": 16}


class Case:
    """A form of torchvision with the formula's weights, and what it makes of the image of a size."""

    def __init__(self, form, size):
        self.form, self.size = form, size
        image_size = tuple(map(int, size.split("x")))
        section = {
            "backbone": {"name": FORMS[form], "weights": None},
            "output_stride": OUTPUT_STRIDES[form],
            "aspp": {"rates": (12, 24, 36)},
        }
        self.model = DeepLabV3(
            DeepLabV3Config.model_validate(section), DataSpec("semantic", (*VOC_CLASSES,), image_size)
        )
        self.report = load_network_arrays(self.model.network, torchvision_arrays(formula_state(form)))

    def outputs(self, image):
        """Stored name → ours, whole."""
        network, size = self.model.network, np.array([image.shape[:2]], np.int32)
        batch = {"images": ops.convert_to_tensor(image[None]), "image_size": ops.convert_to_tensor(size)}
        features = network.features(batch, training=False)
        branches = network.aspp.pyramid(features["C5"], training=False)
        small = network.head(network.neck(features, training=False), training=False)
        aux = network.enlarge(network.aux_head(features[network.aux_feature], training=False))
        return {
            "features_out": features["C5"],
            "features_aux": features[network.aux_feature],
            **{f"aspp_{place}": branch for place, branch in enumerate(branches)},
            "logits_small": small,
            "out": network.enlarge(small),
            "aux": aux,
            "labels": self.model.predict(batch)["labels"],
        }


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request):
    form, size = request.param
    if size != "129x161" and not FULL.is_dir():
        pytest.skip(f"the full set of reference outputs is not at {FULL}")
    return Case(form, size)


@pytest.mark.parametrize("source", ["extract", "full"])
def test_features_branches_logits_labels_and_losses(case, source):
    report, expected = case.report, golden(source, case.form, case.size)
    assert not report.reshaped and not report.unexpected
    assert all("seed_generator" in path for path in report.missing)
    ours = case.outputs(expected["picture"])
    for name, values in ours.items():
        if name != "labels":
            stored = ops.convert_to_numpy(values)[STORED.get(name, ...)]
            check(name, cut(source, name, stored), expected[name])
    check_labels(ours, expected["classes"])
    target = ops.convert_to_tensor(expected["target"][None].astype(np.int32))
    for name in ("out", "aux"):
        (loss,) = case.model.head_losses(ours[name], target).values()
        assert float(loss) == pytest.approx(expected[f"loss_{name}"].item(), rel=1e-4)


STORED = {
    "features_out": np.s_[..., ::16],
    "features_aux": np.s_[..., ::8],
    **{f"aspp_{place}": np.s_[..., ::8] for place in range(5)},
    "out": np.s_[:, ::4, ::4],
    "aux": np.s_[:, ::4, ::4],
}
"""Output → what the full set holds of it."""


def check(name, ours, theirs):
    assert np.std(theirs) > 0
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max(), err_msg=name)


def check_labels(ours, classes):
    """The same wherever the two best logits are apart."""
    best = np.sort(ops.convert_to_numpy(ours["out"]), axis=-1)
    clear = best[..., -1] - best[..., -2] > 1e-3
    assert clear.mean() > 0.95
    np.testing.assert_array_equal(ops.convert_to_numpy(ours["labels"])[clear], classes[clear])


@pytest.mark.parametrize("form", FORMS)
def test_the_names_are_torchvisions(form):
    path = FULL / f"{form}_state_dict_names.txt"
    if not path.is_file():
        pytest.skip(f"torchvision's names are not at {path}")
    lines = [line.removesuffix(" norm").split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    expected = {name: tuple(int(side) for side in shape.strip("[]").split(",")) for name, shape in lines}
    assert {name: shape for name, shape in deeplab_shapes(form).items() if shape} == expected


def test_this_is_float32():
    assert keras.config.floatx() == "float32" and keras.config.dtype_policy().name == "float32"
