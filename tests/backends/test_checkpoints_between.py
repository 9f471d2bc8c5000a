"""A checkpoint that one backend wrote opens on another, and training goes on there with the optimizer's state."""

import shutil

import keras
import numpy as np

from base.checkpoint import read_checkpoint
from base.variables import network_arrays
from models.mask_rcnn.model import MaskRCNN
from tests.backends.exchange import compares_backends, others, own
from tests.backends.formula import fill
from tests.backends.parts import mask_rcnn
from tests.models.mask_rcnn.dummy_batches import tiny_spec
from tests.toy.toy_model import ToyModel, ToyModelConfig
from tests.toy.toy_run import TRAINER, toy_data
from tests.toy.toy_train import ToyTrain, ToyTrainConfig

pytestmark = compares_backends

OPTIMIZER = {"name": "adam", "learning_rate": 0.002, "ema": 0.9, "accumulate": 2}
CONSTANT = {"name": "constant", "warmup_steps": 0}  # a curve would be another one for a shorter run


class Quiet(ToyModel):
    """The toy without noise and dropout, whose numbers differ from backend to backend; with batch norm."""

    def build_model(self):
        images = keras.Input((*self.spec.image_size, 3), dtype="uint8", name="images")
        x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(1 / 127.5, -1, name="scale")(images))
        x = keras.layers.BatchNormalization(name="norm")(
            keras.layers.Dense(self.config.units, "tanh", name="hidden")(x)
        )
        network = keras.Model(images, keras.layers.Dense(self.spec.num_classes, name="logits")(x), name="toy")
        fill(network)
        return network


def trainer(folder, steps, resume=False):
    changes = {"max_steps": steps, "validate_every": 0, "optimizer": OPTIMIZER, "schedule": CONSTANT}
    config = ToyTrainConfig.model_validate({**TRAINER, **changes})
    data = toy_data()
    model = Quiet(ToyModelConfig(), data.spec)
    model.init_saver(folder, config.checkpoint)
    checkpoint = model.load("last") if resume else None
    made = ToyTrain(model, data, config)
    if checkpoint:
        made.restore(checkpoint)
    return made


def ended(run):
    """Weights, statistics and the optimizer's variables at the end of a run."""
    found = {f"network/{path}": value for path, value in network_arrays(run.model.network).items()}
    return found | {key: value for key, value in run.state().items() if key.startswith("optimizer/")}


def test_a_run_goes_on_where_another_backend_left_it(tmp_path):
    whole = trainer(tmp_path / "whole", 9)
    whole.train()
    end = ended(whole)
    np.savez(own("end.npz"), **end)
    shutil.rmtree(own("checkpoints"), ignore_errors=True)
    trainer(own("checkpoints"), 5).train()
    for backend, path in others("checkpoints").items():
        shutil.copytree(path, tmp_path / backend)
        resumed = trainer(tmp_path / backend, 9, resume=True)
        assert resumed.model.global_step == 5
        for key, value in resumed.model.saver.read("last").arrays.items():
            if key.startswith(("network/", "trainer/optimizer/")):
                np.testing.assert_array_equal(ended(resumed)[key.removeprefix("trainer/")], value, err_msg=key)
        resumed.train()
        with np.load(own("end.npz").parents[1] / backend / "end.npz") as theirs:
            for key, value in ended(resumed).items():
                np.testing.assert_allclose(value, theirs[key], rtol=1e-3, atol=1e-4, err_msg=f"{backend}: {key}")
                np.testing.assert_allclose(value, end[key], rtol=1e-3, atol=1e-4, err_msg=f"{backend}: {key}")


def test_a_mask_rcnn_opens_with_the_very_weights(tmp_path):
    model = mask_rcnn()
    shutil.rmtree(own("mask_rcnn"), ignore_errors=True)
    model.init_saver(own("mask_rcnn"))
    model.save(meta={"position": 0})
    for path in others("mask_rcnn").values():
        fresh = MaskRCNN(model.config, tiny_spec())
        fresh.init_saver(tmp_path)
        (checkpoint,) = path.iterdir()
        fresh.load(str(checkpoint))
        held = read_checkpoint(checkpoint).arrays
        assert {key.removeprefix("network/") for key in held} == network_arrays(fresh.network).keys()
        for name, value in network_arrays(fresh.network).items():
            np.testing.assert_array_equal(value, held[f"network/{name}"], err_msg=name)
