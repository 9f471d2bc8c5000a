"""Reference outputs of torchvision 0.28's DeepLabV3: an extract beside this file, and the full set; and the weights.

The full set lies outside the repository and may be absent. The extract (`python -m tests.models.deeplab_golden` makes
it from the full set) has the image of 129×161, and of its outputs the entries of `CUT`, in less than 500 kB.

Weights come from a formula: every entry has its own generator, seeded by its name, so the same numbers come out
wherever they are made.
"""

import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.models.weights.torchvision_states import deeplab_shapes

FULL = Path(__file__).parents[3] / "shared" / "golden" / "deeplab_v3"
EXTRACT = Path(__file__).with_name("deeplab_extract.npz")
FORMS = {"resnet50": "resnet50", "mobilenet_v3_large": "mobilenet_v3_large_torchvision"}
"""torchvision's backbone → ours."""
SIZES = ("129x161", "96x128")
CASES = [(form, size) for form in FORMS for size in SIZES]
_SHARED = ("picture", "target")
CUT = {
    "features_out": np.s_[..., ::4],
    "features_aux": np.s_[..., ::4],
    **{f"aspp_{branch}": np.s_[..., ::2] for branch in range(5)},
    "out": np.s_[:, ::2, ::2],
    "aux": np.s_[:, ::2, ::2],
}
"""Output → what the extract holds of what the full set holds."""


def golden(source, form, size):
    """The arrays of a form and a size by name, from `"extract"` or `"full"`; skips where those are absent."""
    if source == "full":
        if not FULL.is_dir():
            pytest.skip(f"the full set of reference outputs is not at {FULL}")
        return _read(FULL / f"{form}.npz", f"{size}/")
    if size != SIZES[0]:
        pytest.skip("the extract has one size")
    return _read(EXTRACT, "both/") | _read(EXTRACT, f"{form}/")


def cut(source, name, values):
    """What the source holds of an output that the full set holds."""
    return values if source == "full" or name not in CUT else values[CUT[name]]


def _read(path, prefix):
    with np.load(path, allow_pickle=False) as archive:
        return {key.removeprefix(prefix): archive[key] for key in archive.files if key.startswith(prefix)}


def formula_state(form):
    """Name in torchvision's state dict → array in PyTorch's layout."""
    # The counters of the batch norms have no dimension and no part in any output.
    shapes = {name: shape for name, shape in deeplab_shapes(form).items() if shape}
    norms = {name.rpartition(".")[0] for name in shapes if name.endswith("running_mean")}
    return {name: _value(name, shape, name.rpartition(".")[0] in norms) for name, shape in shapes.items()}


def _value(name, shape, norm):
    random = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    leaf = name.rpartition(".")[2]
    if leaf == "running_var":
        value = 0.75 + 0.5 * random.random(shape)
    elif leaf == "running_mean":
        value = 0.1 * random.standard_normal(shape)
    elif norm and leaf == "weight":
        value = (0.2 if ".bn3." in name else 0.8) + 0.2 * random.random(shape)
    elif leaf == "bias":
        value = 0.05 * random.standard_normal(shape)
    else:
        value = np.sqrt(2 / np.prod(shape[1:])) * random.standard_normal(shape)
    return value.astype(np.float32)


def _extract():
    arrays = {}
    for form in FORMS:
        for name, value in golden("full", form, SIZES[0]).items():
            arrays[f"both/{name}" if name in _SHARED else f"{form}/{name}"] = cut("extract", name, value)
    return arrays


if __name__ == "__main__":
    np.savez_compressed(EXTRACT, allow_pickle=False, **_extract())
