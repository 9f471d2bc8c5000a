"""The peer's labels get the data's numbers and go back to the files' pixels: a network that is right has mIoU 1."""

import hashlib
import json
import sys

import numpy as np
import pytest

from benchmarks import tflite_peer
from models.weights.voc import VOC_CLASSES
from tests.data_loader.format_writers import save, write_text
from utils.errors import UserError

SIDE = 80
COLORS = (60, 200)
CAT, DOG, PERSON = (VOC_CLASSES[name] for name in ("cat", "dog", "person"))
BYTES = {"dtype": np.uint8, "quantization": (1 / 128, 128)}


def labels():
    """Of a wide and of a tall image, with a border that no metric counts."""
    wide = np.zeros((20, 40), np.uint8)
    wide[3:15, 5:18], wide[6:20, 22:39], wide[:4, 30:] = CAT, DOG, PERSON
    wide[15, 5:18] = 255
    tall = np.zeros((40, 20), np.uint8)
    tall[10:31, 3:14], tall[30, 3:14] = DOG, 255
    return wide, tall


class Interpreter:
    """Gives the right labels of one image after the other, and persons in the padding."""

    def __init__(self, way, scores=False, first=()):
        self.shown, self.answers = [], [*first]
        for one in labels():
            height, width = one.shape
            grown = (2, 2) if way == "fit" else (SIDE // height, SIDE // width)
            answer = np.full((SIDE, SIDE), PERSON, np.int64)
            inside = np.kron(np.where(one == 255, PERSON, one), np.ones(grown, int))
            answer[: inside.shape[0], : inside.shape[1]] = inside
            self.answers.append(answer)
        self.scores = scores

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        return [{"index": 3, "shape": np.array([1, SIDE, SIDE, 3]), **BYTES}]

    def get_output_details(self):
        shape = [1, SIDE, SIDE, *[21] * self.scores]
        return [{"index": 8, "shape": np.array(shape), "dtype": np.int64, "quantization": (0.25, 40)}]

    def set_tensor(self, index, value):
        assert index == 3 and value.shape == (1, SIDE, SIDE, 3) and value.dtype == np.uint8
        self.shown.append(value[0])

    def invoke(self):
        assert len(self.shown) <= len(self.answers)

    def get_tensor(self, index):
        assert index == 8
        answer = self.answers[len(self.shown) - 1]
        return (40 + 12 * np.eye(21, dtype=np.uint8)[answer] if self.scores else answer)[None]


@pytest.fixture
def config(tmp_path):
    """PASCAL VOC of which cats and dogs are learned; a person is background."""
    for name, one, color in zip(("wide", "tall"), labels(), COLORS, strict=True):
        save(tmp_path / f"voc/JPEGImages/{name}.jpg", np.full((*one.shape, 3), color, np.uint8))
        save(tmp_path / f"voc/SegmentationClass/{name}.png", one, "P")
    for split in ("train", "val"):
        write_text(tmp_path / f"voc/ImageSets/Segmentation/{split}.txt", "wide\ntall\n")
    data = {"name": "voc", "root": str(tmp_path / "voc"), "task": "semantic", "classes": ["dog", "cat"]}
    sections = {"data": data, "model": {"name": "deeplab_v3"}, "trainer": {"name": "supervised"}}
    path = tmp_path / "peer.json"
    path.write_text(json.dumps({"exp": {"name": "peer"}, **sections, "evaluator": {"name": "mean_iou"}}))
    return path


@pytest.mark.parametrize("scores", [False, True], ids=["labels", "scores"])
@pytest.mark.parametrize("way", tflite_peer.WAYS)
def test_a_network_that_is_right_has_mean_iou_1(way, scores, config, tmp_path, monkeypatch, capsys, fresh_log):
    interpreter = Interpreter(way, scores, first=[np.zeros((SIDE, SIDE), np.int64)])
    monkeypatch.setattr(tflite_peer, "interpreter_of", lambda path, threads: interpreter)
    peer, out = tmp_path / "peer.tflite", tmp_path / "out"
    peer.write_bytes(b"network")
    words = ["-c", str(config), "--peer", str(peer), "--resize", way, "--write", str(out)]
    monkeypatch.setattr(sys, "argv", ["tflite_peer.py", *words])
    tflite_peer.main()
    found = json.loads((out / "peer.json").read_text())
    metrics = found["resize"][way]["metrics"]
    assert {metrics[name] for name in ("mIoU", "boundary_mIoU", "pixel_accuracy", "IoU/cat", "IoU/dog")} == {1.0}
    assert found["peer"]["sha256"] == hashlib.sha256(b"network").hexdigest()
    assert found["peer"]["output"] == ("scores" if scores else "labels")
    assert found["data"]["images"] == 2 and len(found["data"]["fingerprint"]) == 12
    results = json.loads((out / f"results-{way}.json").read_text())
    assert {one["category_id"] for one in results} == {CAT, DOG}
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.startswith(f"| {way} | 1.0000 |")
    assert_shown(interpreter.shown[1:], way)


def assert_shown(images, way):
    """The images in the upper left corner, gray beside them; or all over the input."""
    for image, one, color in zip(images, labels(), COLORS, strict=True):
        height, width = (2 * side for side in one.shape) if way == "fit" else (SIDE, SIDE)
        assert (image[:height, :width] == color).all()
        assert (image[height:] == 127).all() and (image[:, width:] == 127).all()


def test_labels_are_mapped_by_the_names_of_the_classes():
    table = tflite_peer.labels_by_name(("dog", "cat"))
    assert table.tolist() == [{8: 2, 12: 1}.get(label, 0) for label in range(21)]
    with pytest.raises(UserError, match="knows no Abyssinian, Beagle:"):
        tflite_peer.labels_by_name(("cat", "Abyssinian", "Beagle"))


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (BYTES, [0, 128, 255]),
        ({"dtype": np.int8, "quantization": (1 / 128, 0)}, [-128, 0, 127]),
        ({"dtype": np.float32, "quantization": (0.0, 0)}, [-1, 128 / 127.5 - 1, 1]),
    ],
)
def test_pixels_are_numbers_from_minus_1_to_1(details, expected):
    found = tflite_peer.as_input(np.array([0, 128, 255], np.uint8), details)
    assert found.dtype == details["dtype"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_network_that_wants_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"step of 0\.5"):
        tflite_peer.as_input(np.zeros(3, np.uint8), {"dtype": np.uint8, "quantization": (0.5, 0)})
    other = Interpreter("fit")
    other.get_output_details = lambda: [{"index": 8, "shape": np.array([1, 9, 9, 4])}]
    with pytest.raises(UserError, match=r"output is \[1, 9, 9, 4\]"):
        tflite_peer.Peer(other)
    with pytest.raises(UserError, match="no such file"):
        tflite_peer.interpreter_of(tmp_path / "none.tflite", 1)
    (tmp_path / "text.tflite").write_text("no network")
    with pytest.raises(UserError, match="is no TFLite network"):
        tflite_peer.interpreter_of(tmp_path / "text.tflite", 1)
