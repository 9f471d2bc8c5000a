import keras
import numpy as np
import pytest

from base.variables import LoadReport, load_network_arrays, network_arrays
from utils.errors import UserError


def network(classes=2, names=("hidden", "drop")):
    x = inputs = keras.Input((4,))
    x = keras.layers.Dense(3, name=names[0])(x)
    x = keras.layers.Dropout(0.5, name=names[1])(x)
    x = keras.layers.GaussianNoise(0.5, name="noise")(x)
    return keras.Model(inputs, keras.layers.Dense(classes, name="logits")(x))


def test_the_names_do_not_depend_on_what_the_process_made_before():
    first = network()
    keras.layers.Dropout(0.5)
    second = network()
    report = load_network_arrays(second, network_arrays(first))
    assert report.complete
    assert report.loaded[:2] == ["hidden/kernel", "hidden/bias"]
    assert len(report.loaded) == 6
    for a, b in zip(first.variables, second.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    image = np.ones((8, 4), np.float32)
    outputs = []
    for net in (first, second):
        keras.utils.set_random_seed(0)  # on PyTorch dropout draws from the global generator
        outputs.append(keras.ops.convert_to_numpy(net(image, training=True)))
    np.testing.assert_array_equal(*outputs)


def test_what_does_not_fit_stays_and_is_listed():
    source, target = network(classes=2), network(classes=5, names=("hidden", "drop"))
    arrays = network_arrays(source)
    arrays["old/kernel"] = arrays.pop("hidden/bias")
    before = {path: value.copy() for path, value in network_arrays(target).items()}
    report = load_network_arrays(target, arrays)
    assert not report.complete
    assert report.missing == ["hidden/bias"]
    assert report.unexpected == ["old/kernel"]
    assert report.reshaped == ["logits/kernel: (3, 2) → (3, 5)", "logits/bias: (2,) → (5,)"]
    after = network_arrays(target)
    np.testing.assert_array_equal(after["hidden/kernel"], arrays["hidden/kernel"])
    for path in ("hidden/bias", "logits/kernel", "logits/bias"):
        np.testing.assert_array_equal(after[path], before[path])
    text = str(report)
    for words in ("3 variables loaded", "2 other shape:", "1 missing:", "1 not used:"):
        assert words in text
    for names in (report.reshaped, report.missing, report.unexpected):
        assert all(f"    {name}" in text.splitlines() for name in names)


def test_every_name_is_listed():
    names = [f"layer_{i}/kernel" for i in range(60)]
    assert [line.strip() for line in str(LoadReport(missing=names)).splitlines()[2:]] == names


def test_two_variables_of_one_name_are_refused():
    inner = [keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, name="same")], name=name) for name in "ab"]
    inputs = keras.Input((4,))
    both = keras.Model(inputs, inner[1](inner[0](inputs)))
    paths = [variable.path for variable in both.variables]
    if len(set(paths)) == len(paths):
        inner[1].layers[0].kernel._path = paths[0]
    with pytest.raises(UserError, match="Two variables of the network are called"):
        network_arrays(both)
