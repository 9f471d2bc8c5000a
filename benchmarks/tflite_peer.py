"""A TFLite network, measured as ours are: `python benchmarks/tflite_peer.py -c configs/pets_deeplab.json --peer FILE`.

FILE tells PASCAL VOC's 21 labels apart, as DeepLab's published networks do. It sees the images of a split of the
config's data; its labels are mapped to the data's classes by their names, all others to background, and measured by the
config's evaluator at the size of the files, in one view. With `--write DIR` the metrics are in `peer.json`, and
`results-fit.json` and `results-stretch.json` are what `evaluate_main.py --predictions` and `--compare` take.
"""

import argparse
import hashlib
import statistics
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from base.batch import Size
from base.letterbox import Letterbox, fit, pad, resize, resize_labels
from benchmarks.common import machine, prepared
from data_loader.cores import usable_cores
from inference.label_map import LabelMap, label_map_of, to_resize
from models.weights.voc import ROWS, VOC_CLASSES
from reporting.table import as_json
from utils.args import parse_args, run_main
from utils.console import setup_console
from utils.environment import environment
from utils.errors import UserError
from utils.files import write_json
from utils.registry import EVALUATORS, resolve

Resize = Literal["fit", "stretch"]
WAYS: tuple[Resize, ...] = get_args(Resize)
GRAY = 127
"""Of the padding: 0 to a network whose numbers are from -1 to 1."""
_STEP = 1 / 128
"""Of such a network's input in 8 bits."""
_MEANS = ("mIoU", "boundary_mIoU", "pixel_accuracy")


class Peer:
    """The network of a TFLite interpreter.

    Args:
        interpreter: with the methods of `tf.lite.Interpreter`.

    Attributes:
        size: (H, W) of its input.

    Raises:
        UserError: it does not take one RGB image, or gives neither VOC's labels nor a score for each of them.
    """

    def __init__(self, interpreter: Any):
        interpreter.allocate_tensors()
        self._interpreter = interpreter
        self._input, self._output = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        shape, given = self._input["shape"].tolist(), self._output["shape"].tolist()
        if len(shape) != 4 or shape[0] != 1 or shape[3] != 3:
            raise UserError(f"The peer's input is {shape}: one image, (1, H, W, 3), is needed.")
        self.size: Size = shape[1], shape[2]
        self.scores = len(given) == 4 and given[3] == ROWS
        if not (self.scores or len(given) == 3 or (len(given) == 4 and given[3] == 1)):
            raise UserError(f"The peer's output is {given}: labels (1, h, w) or scores (1, h, w, {ROWS}) are needed.")
        self.milliseconds: list[float] = []

    def __call__(self, image: np.ndarray) -> dict[str, np.ndarray]:
        """`labels` (H, W) int and, where it gives scores, `probabilities` (H, W, 21), as our networks predict.

        Args:
            image: (H, W, 3) uint8 RGB.
        """
        self._interpreter.set_tensor(self._input["index"], as_input(image, self._input)[None])
        start = time.perf_counter()
        self._interpreter.invoke()
        self.milliseconds.append(1000 * (time.perf_counter() - start))
        found = self._interpreter.get_tensor(self._output["index"])[0]
        if not self.scores:
            return {"labels": resize_labels(found.reshape(found.shape[:2]).astype(np.uint8), self.size)}
        scores = resize(real_numbers(found, self._output), self.size)
        return {"labels": scores.argmax(-1), "probabilities": softmax(scores)}


def as_input(image: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """Pixels from 0 to 255 as the numbers of a network that was trained with numbers from -1 to 1.

    Args:
        image: uint8.
        details: of the interpreter's input.

    Raises:
        UserError: it was trained with other numbers.
    """
    kind, (step, zero) = np.dtype(details["dtype"]), details["quantization"]
    if kind == np.float32:
        return image.astype(np.float32) / 127.5 - 1
    if kind not in (np.uint8, np.int8) or abs(step / _STEP - 1) > 0.02:
        raise UserError(
            f"The peer's input is {kind} with a step of {step}: float32, or 8 bits with a step of 1/128, is needed."
        )
    limits = np.iinfo(kind)
    return (image.astype(int) + zero - 128).clip(limits.min, limits.max).astype(kind)


def real_numbers(values: np.ndarray, details: dict[str, Any]) -> np.ndarray:
    """The numbers that the integers of an output are for, float32."""
    step, zero = details["quantization"]
    found = values.astype(np.float32)
    return (found - zero) * np.float32(step) if step else found


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def fitted(image: np.ndarray, size: Size, way: Resize) -> tuple[np.ndarray, Letterbox]:
    """The image in the network's input, and where it is: in the aspect ratio, padded with gray, or all over it."""
    original = image.shape[0], image.shape[1]
    geometry = fit(original, size) if way == "fit" else Letterbox(original, size)
    return pad(resize(image, geometry.size), size, GRAY), geometry


def labels_by_name(classes: Sequence[str]) -> np.ndarray:
    """(21,) uint8: VOC's label → the label 1…K of the class of this name, or background.

    Raises:
        UserError: a class is none of VOC's.
    """
    unknown = [name for name in classes if name not in VOC_CLASSES]
    if unknown:
        raise UserError(
            f"The peer knows no {', '.join(unknown[:5])}: choose and rename classes by data.classes and "
            f"data.label_map. It knows: {', '.join(VOC_CLASSES)}."
        )
    table = np.zeros(ROWS, np.uint8)
    for label, name in enumerate(classes, 1):
        table[VOC_CLASSES[name]] = label
    return table


@dataclass
class Measured:
    """What one way of resizing gave.

    Attributes:
        metrics: name → value.
        results: as `evaluate_main` reads them.
        ms: median milliseconds of an image: `network` alone, and `image` with resizing and labels, without reading.
    """

    metrics: dict[str, float] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    ms: dict[str, float] = field(default_factory=dict)


def measure(peer: Peer, data: Any, split: str, evaluator: Any, way: Resize) -> Measured:
    """The peer on all images of a split.

    Args:
        peer: the network.
        data: prepared, of semantic segmentation.
        split: `"train"`, `"val"` or `"test"`.
        evaluator: a `MeanIoUEvaluator` of that split.
        way: how an image is resized.
    """
    table, names, times = labels_by_name(data.classes), tuple(VOC_CLASSES), []
    evaluator.reset()
    peer.milliseconds.clear()
    for sample in data.split(split):
        start = time.perf_counter()
        image, geometry = fitted(sample["image"], peer.size, way)
        found = label_map_of(to_resize(peer(image), evaluator.soft), geometry, names)
        times.append(1000 * (time.perf_counter() - start))
        evaluator.add(sample["image_id"], LabelMap(table[found.labels], data.classes, data.category_ids))
    ms = {"network": statistics.median(peer.milliseconds), "image": statistics.median(times)}
    return Measured(evaluator.result(), evaluator.results(), ms)


def main() -> None:
    """Measures with each way of resizing, prints and writes."""
    setup_console()
    args = parse_args(__doc__ or "", options)
    config, data = prepared(args.config, args.overrides)
    if data.task_name != "semantic":
        raise UserError(f'The peer gives labels and the data are for task "{data.task_name}": set data.task=semantic.')
    peer = Peer(interpreter_of(args.peer, args.threads))
    evaluator = resolve(EVALUATORS, config.evaluator.name)(config.evaluator, data.ground_truth(args.split))
    peer(np.full((*peer.size, 3), GRAY, np.uint8))  # memory is allocated before the clock starts
    found = {way: measure(peer, data, args.split, evaluator, way) for way in args.resize}
    size = "×".join(map(str, peer.size))
    images = f"{data.display_name}, {args.split}, {len(data.split(args.split))} images"
    print(f"{args.peer.name}, {size}, {args.threads} threads, on {images} ({machine()})\n\n{table_of(found)}")
    if args.write:
        write(args, data, peer, found)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--peer", type=Path, required=True, metavar="FILE", help="the network, .tflite")
    parser.add_argument("--resize", nargs="+", choices=WAYS, default=list(WAYS), help="how images; default: both ways")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test", help="default: test")
    parser.add_argument("--threads", type=int, default=usable_cores(), help="of the network; default: one for a core")
    parser.add_argument("--write", type=Path, metavar="DIR", help="where peer.json and the predictions are written")


def interpreter_of(path: Path, threads: int) -> Any:
    """TensorFlow's own interpreter, which needs no further package; ai-edge-litert is the same code.

    Raises:
        UserError: the file or the interpreter is missing.
    """
    if not path.is_file():
        raise UserError(f"--peer {path}: there is no such file.")
    try:
        import tensorflow as tf  # noqa: PLC0415 - after Keras was silenced

        make = tf.lite.Interpreter
    except (ImportError, AttributeError):
        raise UserError('The peer needs the interpreter of pip install "tensorflow>=2.21,<2.22".') from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a later TensorFlow has none
        try:
            return make(str(path), num_threads=threads)
        except ValueError as error:
            raise UserError(f"--peer {path}: is no TFLite network ({error}).") from None


def table_of(found: dict[Resize, Measured]) -> str:
    """Markdown, a line for each way of resizing."""
    names = [name for name in next(iter(found.values())).metrics if name in _MEANS or name.startswith("IoU/")]
    head = ("resize", *names, "network, ms", "image, ms")
    lines = [head, ("---",) * len(head)]
    for way, one in found.items():
        times = [f"{one.ms[name]:.1f}" for name in ("network", "image")]
        lines.append((way, *(f"{one.metrics[name]:.4f}" for name in names), *times))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write(args: argparse.Namespace, data: Any, peer: Peer, found: dict[Resize, Measured]) -> None:
    """`peer.json` and the predictions of each way, into `--write`."""
    about = {
        "peer": {
            "file": args.peer.name,
            "sha256": hashlib.sha256(args.peer.read_bytes()).hexdigest(),
            "input": list(peer.size),
            "output": "scores" if peer.scores else "labels",
            "threads": args.threads,
        },
        "data": {
            "name": data.display_name,
            "split": args.split,
            "images": len(data.split(args.split)),
            "fingerprint": data.fingerprint,
        },
        "resize": {way: {"metrics": as_json(one.metrics), "ms": one.ms} for way, one in found.items()},
    }
    write_json(args.write / "peer.json", environment(about))
    for way, one in found.items():
        write_json(args.write / f"results-{way}.json", one.results)


if __name__ == "__main__":
    run_main(main)
