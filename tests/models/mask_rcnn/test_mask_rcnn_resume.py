import json
import os
import signal

import numpy as np
import pytest

from base.base_data import BaseData
from base.interrupts import Interrupted
from data_loader.config import InstanceDataConfig
from models.mask_rcnn.model import MaskRCNN
from tests.base.loop_parts import At
from tests.models.mask_rcnn.dummy_batches import OBJECTS, SIZE, TWO, image, tiny_config
from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain
from utils.seeds import seed_everything

SECTION = {"name": "scenes", "image_size": [SIZE, SIZE], "max_objects": OBJECTS, "batch_size": 2}
TRAINER = {"epochs": 1, "validate_every": 0, "optimizer": {"learning_rate": 0.02, "ema": 0.9, "accumulate": 2}}


class Scenes(BaseData):
    task_name = "instance"
    classes = ("rectangle", "ellipse")

    def train(self):
        return [image(TWO[: 1 + i % 2], seed=i) | {"image_id": np.int64(i)} for i in range(12)]

    def val(self):
        return self.train()[:2]

    def prepare_sample(self, sample, rng):
        return sample if rng is None else sample | {"images": sample["images"] // rng.integers(1, 3, dtype=np.uint8)}


def trainer(folder, resume=False, **others):
    seed_everything(0)
    data = Scenes(InstanceDataConfig.model_validate_json(json.dumps(SECTION)), seed=0)
    model = MaskRCNN(tiny_config(), data.spec)
    model.init_saver(folder)
    checkpoint = model.load("last") if resume else None
    made = SupervisedTrain(model, data, TrainerConfig.model_validate_json(json.dumps(TRAINER)), **others)
    if checkpoint:
        made.restore(checkpoint)
    return made


@pytest.mark.slow
def test_stopped_and_resumed_it_ends_with_the_same_bits(tmp_path):
    whole = trainer(tmp_path / "whole")
    whole.train()
    stop = At(3, lambda _: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(Interrupted, match="after step 3"):
        trainer(tmp_path / "cut", callbacks=[stop]).train()
    resumed = trainer(tmp_path / "cut", resume=True)
    assert resumed.model.global_step == 3
    resumed.train()
    found, expected = (one.model.saver.read("last").arrays for one in (resumed, whole))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
