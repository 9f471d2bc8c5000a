"""What the tests of the loop share: a config of toys, and a trainer made from it as a main would."""

import json

from tests.toy.toy_data import ToyData, ToyDataConfig
from tests.toy.toy_evaluator import ToyEvaluator, ToyEvaluatorConfig
from tests.toy.toy_model import ToyModel, ToyModelConfig
from tests.toy.toy_train import ToyTrain, ToyTrainConfig
from utils.seeds import seed_everything, set_precision

DATA = {"image_size": [32, 32], "batch_size": 4, "val_batch_size": 4, "images": 26}
TRAINER = {
    "epochs": 3,
    "log_every": 2,
    "checkpoint": {"monitor": "accuracy"},
    "optimizer": {"learning_rate": 0.003},
    "schedule": {"warmup_steps": 0},
}


def toy_config(root, **trainer):
    """The whole config as a dict, every part by its dotted path; `trainer` changes keys of that section."""
    return {
        "exp": {"name": "toy", "root": str(root)},
        "data": {"name": "tests.toy.toy_data:ToyData", **DATA},
        "model": {"name": "tests.toy.toy_model:ToyModel"},
        "trainer": {"name": "tests.toy.toy_train:ToyTrain", **TRAINER, **trainer},
        "evaluator": {"name": "tests.toy.toy_evaluator:ToyEvaluator"},
        "logger": {"comet": {"mode": "off"}},
    }


def toy_data(**changes):
    return ToyData(ToyDataConfig.model_validate_json(json.dumps({**DATA, **changes})), seed=0)


def toy_trainer(folder, changes=None, resume=None, data=None, **others):
    """A fresh trainer whose checkpoints lie in `folder`; `resume` names the checkpoint to go on from."""
    config = ToyTrainConfig.model_validate_json(json.dumps({**TRAINER, **(changes or {})}))
    seed_everything(0)
    set_precision(config.precision)
    data = data or toy_data()
    model = ToyModel(ToyModelConfig(), data.spec)
    set_precision("float32")
    model.init_saver(folder, config.checkpoint)
    checkpoint = model.load(resume) if resume else None
    evaluator = ToyEvaluator(ToyEvaluatorConfig(), data.ground_truth("val"))
    trainer = ToyTrain(model, data, config, **{"evaluator": evaluator, **others})
    if checkpoint:
        trainer.restore(checkpoint)
    return trainer


def all_arrays(trainer):
    """What a checkpoint of this moment would hold."""
    network = {f"network/{v.path}": v.numpy() for v in trainer.model.network.trainable_variables}
    return network | trainer.state()
