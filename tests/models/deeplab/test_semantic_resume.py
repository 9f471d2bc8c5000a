"""Training of the networks that label pixels: resumed it ends with the same bits; in low precision it stays finite."""

import json
import os
import signal

import numpy as np
import pytest
from keras import ops

from base.base_data import BaseData
from base.interrupts import Interrupted
from data_loader.config import InstanceDataConfig
from tests.base.loop_parts import At
from tests.models.deeplab.tiny import MODELS, image, tiny_config
from tests.models.layer_contract import dtype_policy
from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain
from utils.seeds import seed_everything

SIZE = (64, 96)
TRAINER = {"epochs": 1, "validate_every": 0, "optimizer": {"learning_rate": 0.02, "ema": 0.9, "accumulate": 2}}
LOSSES = [{"name": "cross_entropy"}, {"name": "lovasz_softmax"}]
DROPOUT = {"aspp": {"channels": 16, "dropout": 0.5}, "aux_head": {"dropout": 0.3}}


class Scenes(BaseData):
    task_name = "semantic"
    classes = ("rectangle", "disk")

    def train(self):
        return [image(seed, SIZE) | {"image_id": np.int64(seed)} for seed in range(12)]

    def val(self):
        return self.train()[:2]

    def prepare_sample(self, sample, rng):
        return sample if rng is None else sample | {"images": sample["images"] // rng.integers(1, 3, dtype=np.uint8)}


def trainer(folder, name, resume=False, section=TRAINER, **others):
    seed_everything(0)
    data = Scenes(InstanceDataConfig(name="scenes", image_size=SIZE, batch_size=2), seed=0)
    config = tiny_config(name, **DROPOUT)
    config = config.model_validate_json(json.dumps({**config.model_dump(mode="json"), "losses": LOSSES}))
    model = MODELS[name](config, data.spec)
    model.init_saver(folder)
    checkpoint = model.load("last") if resume else None
    made = SupervisedTrain(model, data, TrainerConfig.model_validate_json(json.dumps(section)), **others)
    if checkpoint:
        made.restore(checkpoint)
    return made


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deeplab_v3", "deeplab_v3_plus"])
def test_stopped_and_resumed_it_ends_with_the_same_bits(name, tmp_path):
    whole = trainer(tmp_path / "whole", name)
    whole.train()
    stop = At(3, lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted, match="after step 3"):
        trainer(tmp_path / "cut", name, callbacks=[stop]).train()
    resumed = trainer(tmp_path / "cut", name, resume=True)
    assert resumed.model.global_step == 3 and resumed.model.network.aux_head is not None
    resumed.train()
    found, expected = (one.model.saver.read("last").arrays for one in (resumed, whole))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_low_precision_trains_with_finite_weights(precision, tmp_path):
    with dtype_policy(precision):
        made = trainer(tmp_path, "deeplab_v3_plus", section={"epochs": 2, "validate_every": 0, "precision": precision})
        before = weights(made)
        made.train()
    after = weights(made)
    assert {value.dtype for value in after.values()} == {np.dtype("float32")}
    assert all(np.isfinite(value).all() for value in after.values())
    # A step of mixed_float16 whose gradients are too large changes nothing, so not every weight must have moved.
    for part in ("Conv1/", "aspp/", "decoder/", "head/logits/", "aux_head/logits/"):
        paths = [path for path in after if path.startswith(part) and path.endswith("/kernel")]
        assert paths and any((after[path] != before[path]).any() for path in paths), part


def weights(made):
    return {v.path: ops.convert_to_numpy(v).copy() for v in made.model.network.trainable_variables}
