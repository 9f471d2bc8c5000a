"""The images of a validation go where a person looks for them."""

import json
import zipfile

import cv2
import numpy as np
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from base import rle
from base.base_eval import BaseEvaluator
from base.letterbox import Letterbox
from reporting.comparison import comparison_images
from tests.toy.toy_data import ToyData, ToyDataConfig
from tests.toy.toy_model import ToyModel, ToyModelConfig
from tests.toy.toy_run import DATA, TRAINER
from tests.toy.toy_task import ToyTask
from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain
from utils.logger import Logger, LoggerConfig


class Squares(ToyData):
    """Toys with one object each, drawn as instances are."""

    task_name = "tests.trainers.test_logged_images:Drawn"

    def prepare_sample(self, sample, rng):
        return super().prepare_sample(sample, rng) | Letterbox((32, 32), (32, 32)).arrays()


class Drawn(ToyTask):
    def draw(self, batch, predictions, ground_truth, spec):
        return comparison_images(batch, predictions, ground_truth, spec.classes)


class Detector(ToyModel):
    def predict(self, batch):
        count = batch["images"].shape[0]
        return {
            "boxes": np.tile(np.array([[4, 4, 20, 20]], np.float32), (count, 1, 1)),
            "scores": np.full((count, 1), 0.9, np.float32),
            "classes": np.ones((count, 1), np.int32),
            "masks": np.ones((count, 1, 28, 28), np.float32),
        }


class Nothing(BaseEvaluator):
    def reset(self):
        """Nothing to forget."""

    def update(self, batch, predictions):
        """Looks at nothing."""

    def result(self):
        return {"accuracy": 0.5}


def ground_truth(data):
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 1
    item = {"category_id": 1, "bbox": [8, 8, 16, 16], "segmentation": rle.encode(mask)}
    categories = [{"id": number, "name": name} for number, name in enumerate(data.classes, 1)]
    annotations = [item | {"image_id": int(sample["image_id"])} for sample in data.val()]
    return {"annotations": annotations, "categories": categories}


def trainer(folder, logger):
    data = Squares(ToyDataConfig.model_validate_json(json.dumps(DATA)), seed=0)
    model = Detector(ToyModelConfig(), data.spec)
    config = TrainerConfig.model_validate_json(json.dumps({**TRAINER, "logged_images": 3}))
    model.init_saver(folder / "checkpoints", config.checkpoint)
    return SupervisedTrain(model, data, config, logger=logger, evaluator=Nothing(None, ground_truth(data)))


def test_images_of_a_validation_are_in_the_event_file_and_in_the_archive(tmp_path):
    config = LoggerConfig.model_validate_json('{"comet": {"mode": "offline"}}')
    with Logger(tmp_path, config, experiment_name="x") as logger:
        one = trainer(tmp_path, logger)
        one.model.global_step = 7
        assert one.validate() == {"accuracy": 0.5}
    names = [f"images/{number:02d}" for number in range(3)]

    events = EventAccumulator(str(tmp_path / "summaries" / "val"), size_guidance={"images": 0})
    events.Reload()
    assert events.Tags()["images"] == names
    found = events.Images(names[0])[0]
    decoded = cv2.imdecode(np.frombuffer(found.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    assert found.step == 7
    # Prediction left, ground truth right; an image of 1024 pixels at most.
    assert decoded.shape[1] == 1024
    assert not np.array_equal(decoded[:, :500], decoded[:, -500:])

    with zipfile.ZipFile(logger.locations["Comet"]) as files:
        messages = [json.loads(line)["payload"] for line in files.read("messages.json").splitlines()]
        sent = [m for m in messages if m.get("upload_type") == "visualization"]
        stored = sorted(info.file_size for info in files.infolist() if not info.filename.endswith(".json"))
    assert sorted(m["additional_params"]["figName"] for m in sent) == [f"val/{name}" for name in names]
    assert {m["additional_params"]["step"] for m in sent} == {7}
    assert len(stored) == 3
    assert stored[0] > 1000
