"""What the Predictor gives is what the evaluator measured, for images of any size."""

import subprocess
import sys
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from base import rle
from data_loader.config import InstanceDataConfig
from data_loader.errors import DataError
from data_loader.images import read_rgb
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord, ObjectRecord
from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from inference.compiled import useful_calls
from inference.predictor import Predictor
from inference.remote import UrlLimits
from inference.restore import restore_model
from inference.tiling import Tiling
from inference.tta import Tta
from models.mask_rcnn.model import MaskRCNN
from models.ops.kernels import portable_operations
from tests.local_server import serving_folder
from tests.models.mask_rcnn.dummy_batches import OBJECTS, SIZE, tiny_config
from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain

ROOT = Path(__file__).resolve().parents[2]
SIZES = ((50, 90), (120, 64), (64, 64), (31, 33), (200, 180))


class Rectangles(InstanceData):
    """Five images of different sizes with one bright rectangle each."""

    classes = ("rectangle", "ellipse")

    def __init__(self, folder):
        section = {"name": "x", "image_size": (SIZE, SIZE), "max_objects": OBJECTS, "batch_size": 2}
        super().__init__(InstanceDataConfig(**section, val_batch_size=2), 0)
        self.found = []
        for number, (height, width) in enumerate(SIZES, 1):
            mask = np.zeros((height, width), np.uint8)
            mask[height // 4 : height // 2, width // 4 : width // 2] = 1
            path = folder / f"{number}.png"
            cv2.imwrite(str(path), np.repeat(mask[..., None] * 150 + 50, 3, axis=2))
            self.found.append(ImageRecord(path, number, height, width, (ObjectRecord(1, rle.encode(mask)),)))

    def records(self, split):
        return self.found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run with one checkpoint, its data, and the results that its evaluation measured."""
    folder = tmp_path_factory.mktemp("predictor")
    keras.utils.set_random_seed(3)
    data = Rectangles(folder)
    model = MaskRCNN(tiny_config(), data.spec)
    for layer in (model.network.box_head.logits, model.network.mask_head.logits):  # else every box has the same score
        layer.kernel.assign(layer.kernel * 50)
    config = CocoConfig(mask_threshold=0.4)
    model.evaluator_config = config
    model.init_saver(folder / "run/checkpoints")
    trainer = SupervisedTrain(model, data, TrainerConfig(logged_images=0))
    evaluator = CocoEvaluator(config, data.ground_truth("val"))
    metrics = trainer.evaluate("val", evaluator)
    trainer.save(metrics)
    return folder / "run", data, evaluator.coco_results()


def test_the_detections_are_those_that_the_evaluator_measured(run):
    folder, data, measured = run
    predictor = Predictor.load(folder, batch_size=2)
    found = list(predictor.predict_all([record.path for record in data.records("val")]))
    assert len(measured) > 10 and [one.size for one in found] == list(SIZES)
    pairs = zip(data.records("val"), found, strict=True)
    assert [result for record, one in pairs for result in one.to_coco(record.image_id)] == measured


def test_an_array_gives_what_its_file_gives(run):
    folder, data, _ = run
    predictor = Predictor.load(folder, "last")
    path = data.records("val")[0].path
    of_file = predictor.predict(path)
    of_array = predictor.predict(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))
    np.testing.assert_array_equal(of_file.boxes, of_array.boxes)
    assert of_file.masks == of_array.masks
    assert of_file.pixels().shape == (len(of_file), 50, 90)
    assert str(of_file).splitlines()[0].endswith("in 90×50 pixels")


def test_a_restored_model_needs_no_data_and_has_the_spec(run):
    folder, data, _ = run
    model = restore_model(folder / "checkpoints/ckpt-00001")
    assert model.spec == data.spec
    assert model.config == tiny_config()


def test_what_is_no_image_is_an_error(run, tmp_path):
    predictor = Predictor.load(run[0])
    with pytest.raises(ValueError, match="uint8"):
        predictor.predict(np.zeros((10, 10, 3), np.float32))
    (tmp_path / "x.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"x.jpg"):
        predictor.predict(tmp_path / "x.jpg")
    with pytest.raises(DataError, match="no such file"):
        predictor.predict(tmp_path / "absent.jpg")
    with pytest.raises(TypeError, match="received a NoneType; give an RGB array, the path"):
        predictor.predict(None)  # pyright: ignore[reportArgumentType]


def test_lists_give_lists_and_iterators_iterators(run):
    folder, data, _ = run
    predictor = Predictor.load(folder, batch_size=2)
    paths = [record.path for record in data.records("val")]
    one = predictor.predict(str(paths[0]))
    found = predictor.predict(paths[:3])
    assert isinstance(found, list) and len(found) == 3 and found[0].masks == one.masks
    lazy = predictor.predict(path for path in paths)
    assert iter(lazy) is lazy and [result.size for result in lazy] == list(SIZES)


def test_a_stream_that_starts_with_several_calls_gives_what_single_images_give(run):
    """The network is traced in its first call, which two threads make at once on TensorFlow."""
    folder, data, _ = run
    paths = [record.path for record in data.records("val")] * 3
    streamed = list(Predictor.load(folder).predict(iter(paths)))
    single = Predictor.load(folder)
    assert len(streamed) == len(paths)
    for path, found in zip(paths, streamed, strict=True):
        expected = single.predict(path)
        np.testing.assert_array_equal(found.classes, expected.classes)
        np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-3)
        np.testing.assert_allclose(found.scores, expected.scores, atol=1e-5)


@pytest.mark.parametrize("gpu", [False, True])
def test_two_calls_at_a_time_only_where_they_help(monkeypatch, gpu):
    on_tensorflow = keras.backend.backend() == "tensorflow"
    if on_tensorflow:
        monkeypatch.setattr("models.ops.native.tensorflow_devices.has_gpu", lambda: gpu)
    assert useful_calls() == (2 if on_tensorflow and not gpu else 1)
    with portable_operations():
        assert useful_calls() == 1


def test_a_stream_names_its_images_and_reports_broken_ones(run, tmp_path):
    folder, data, _ = run
    paths = [record.path for record in data.records("val")]
    (tmp_path / "x.jpg").write_text("no image")
    pixels = read_rgb(paths[2])
    sources = [paths[0], ("second", lambda: read_rgb(paths[1])), tmp_path / "x.jpg", ("third", pixels), None, pixels]
    predictor = Predictor.load(folder, batch_size=4)
    found = list(predictor.stream(sources))
    assert [str(one.source) for one in found[:5]] == [str(paths[0]), "second", str(tmp_path / "x.jpg"), "third", "None"]
    assert [type(one.error) for one in found] == [type(None)] * 2 + [DataError, type(None), TypeError, type(None)]
    expected = predictor.predict(paths[:3])
    for one, result in zip([found[0], found[1], found[3], found[5]], [*expected, expected[2]], strict=True):
        np.testing.assert_array_equal(one.result.classes, result.classes)
        np.testing.assert_allclose(one.result.boxes, result.boxes, atol=1e-3)
    np.testing.assert_array_equal(found[3].image, pixels)


def test_an_address_is_an_image_too(run):
    folder, data, _ = run
    path = data.records("val")[0].path
    predictor = Predictor.load(folder, url_limits=UrlLimits(allow_private=True))
    with serving_folder(path.parent) as server:
        assert predictor.predict(f"{server.address}/{path.name}").masks == predictor.predict(path).masks
        with pytest.raises(DataError, match="of this machine or of a private network"):
            Predictor(predictor.model).predict(f"{server.address}/{path.name}")


def test_tiles_and_views_go_together(run):
    folder, data, _ = run
    model = restore_model(folder)
    plain, tiled = Predictor(model, 2), Predictor(model, 2, tile=Tiling())
    small, large = read_rgb(data.records("val")[2].path), read_rgb(data.records("val")[4].path)
    assert tiled.predict(small).masks == plain.predict(small).masks, "an image as large as the input is not cut"
    both = Predictor(model, 3, tile=Tiling(size=96), tta=Tta(scales=(0.75,)))
    found, again = both.predict(large), next(iter(both.stream([large]))).result
    assert len(found) and found.size == (200, 180) and found.masks == again.masks
    assert (np.diff(found.scores) <= 0).all() and {mask["size"][0] for mask in found.masks} == {200}


def test_predicting_loads_neither_grain_nor_a_trainer():
    code = (
        "import sys, inference.predictor; "
        "print([name for name in sys.modules if name.partition('.')[0] in ('grain', 'trainers', 'evaluation')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "[]"
