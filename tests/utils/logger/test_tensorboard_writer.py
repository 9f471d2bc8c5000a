import struct
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.hparams import metadata as hparams_metadata

from utils.logger.config import LoggerConfig, TensorBoardConfig
from utils.logger.values import sort_values
from utils.logger.writer import RunContext
from utils.logger.writers.tensorboard import TensorBoardWriter

ROOT = Path(__file__).resolve().parents[3]
KEEP_ALL = dict.fromkeys(("scalars", "images", "histograms", "tensors", "compressedHistograms"), 0)


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance=KEEP_ALL)
    accumulator.Reload()
    return accumulator


def writer_of(run_dir, resume_step):
    return TensorBoardWriter(RunContext(run_dir, "run", resume_step=resume_step), TensorBoardConfig())


def write_steps(folder, steps, resume_step=None, scope="train"):
    writer = writer_of(folder, resume_step)
    for step in steps:
        writer.write(step, scope, sort_values({"loss": step + 0.5}, LoggerConfig()), 1000.0 + step)
    writer.close()


def scalars(folder, tag="loss"):
    return [(event.step, event.value) for event in read(folder).Scalars(tag)]


def raw_steps(folder):
    """What stands in the files, for a reader that drops nothing by itself as TensorBoard's fast one."""
    found = []
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        while content:
            (size,) = struct.unpack_from("<Q", content)
            assert len(content) >= 16 + size, "a half-written record"
            event, content = Event.FromString(content[12 : 12 + size]), content[16 + size :]  # type: ignore[attr-defined]
            found += [event.step for value in event.summary.value if value.tag == "loss"]
    return found


def test_every_kind_comes_back(tmp_path):
    pixels = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    values = {"loss": 0.25, "overlay": pixels, "weights": np.arange(8.0), "note": "ä text"}
    writer = writer_of(tmp_path, None)
    writer.write(7, "val", sort_values(values, LoggerConfig(histogram_bins=4)), 1234.5)
    writer.close()
    events = read(tmp_path / "summaries/val")
    assert [(event.step, event.value, event.wall_time) for event in events.Scalars("loss")] == [(7, 0.25, 1234.5)]
    image = events.Images("overlay")[0]
    assert (image.height, image.width, image.step) == (4, 5, 7)
    decoded = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(decoded[..., ::-1], pixels)
    histogram = events.Histograms("weights")[0].histogram_value
    assert (histogram.min, histogram.max, histogram.num, histogram.sum, histogram.sum_squares) == (0, 7, 8, 28, 140)
    assert list(histogram.bucket_limit) == [1.75, 3.5, 5.25, 7]
    assert list(histogram.bucket) == [2, 2, 2, 2]
    assert events.Tensors("note")[0].tensor_proto.string_val == ["ä text".encode()]
    assert not (tmp_path / "summaries/train").exists()


def test_a_nan_stays_a_nan(tmp_path):
    writer = writer_of(tmp_path, None)
    writer.write(0, "train", sort_values({"loss": float("nan")}, LoggerConfig()), 0.0)
    writer.close()
    assert np.isnan(scalars(tmp_path / "summaries/train")[0][1])


def test_after_resumes_each_step_appears_once(tmp_path):
    write_steps(tmp_path, range(10))
    write_steps(tmp_path, range(6, 12), resume_step=5)
    write_steps(tmp_path, range(9, 14), resume_step=8)
    assert len(list((tmp_path / "summaries/train").iterdir())) == 3
    assert scalars(tmp_path / "summaries/train") == [(step, step + 0.5) for step in range(14)]
    assert raw_steps(tmp_path / "summaries/train") == list(range(14))


def test_a_resume_takes_back_steps_that_are_not_written_again(tmp_path):
    write_steps(tmp_path, range(10))
    write_steps(tmp_path, [4, 9], resume_step=9, scope="val")
    write_steps(tmp_path, [], resume_step=5)
    assert [step for step, _ in scalars(tmp_path / "summaries/train")] == [0, 1, 2, 3, 4, 5]
    assert [step for step, _ in scalars(tmp_path / "summaries/val")] == raw_steps(tmp_path / "summaries/val") == [4]
    assert raw_steps(tmp_path / "summaries/train") == [0, 1, 2, 3, 4, 5]


def test_a_new_run_takes_back_everything(tmp_path):
    write_steps(tmp_path, range(5))
    write_steps(tmp_path, range(2))
    assert (
        [step for step, _ in scalars(tmp_path / "summaries/train")] == raw_steps(tmp_path / "summaries/train") == [0, 1]
    )


def test_steps_taken_back_within_a_session_are_gone_from_the_files(tmp_path):
    write_steps(tmp_path, range(6))
    writer = writer_of(tmp_path, 4)
    writer.roll_back(3, "train")
    writer.write(3, "train", sort_values({"loss": 9.0}, LoggerConfig()), 0.0)
    writer.close()
    assert raw_steps(tmp_path / "summaries/train") == [0, 1, 2, 3]
    assert scalars(tmp_path / "summaries/train")[-2:] == [(2, 2.5), (3, 9.0)]


def test_a_crash_while_steps_are_taken_back_loses_nothing(tmp_path, monkeypatch):
    write_steps(tmp_path, range(6))

    def crash(*_):
        raise OSError("full")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="full"):
        patch.setattr(Path, "replace", crash)
        writer_of(tmp_path, 2)
    assert [step for step, _ in scalars(tmp_path / "summaries/train")] == list(range(6))


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_half_written_record_costs_only_itself(tmp_path, cut):
    write_steps(tmp_path, range(4))
    (path,) = (tmp_path / "summaries/train").iterdir()
    path.write_bytes(path.read_bytes()[:-cut])
    write_steps(tmp_path, [3, 4], resume_step=2)
    assert (
        [step for step, _ in scalars(tmp_path / "summaries/train")]
        == raw_steps(tmp_path / "summaries/train")
        == [0, 1, 2, 3, 4]
    )


def test_records_are_in_the_file_before_it_is_closed(tmp_path):
    writer = writer_of(tmp_path, None)
    writer.write(3, "train", sort_values({"loss": 1.0}, LoggerConfig()), 0.0)
    assert scalars(tmp_path / "summaries/train") == [(3, 1.0)]
    writer.close()


def test_hyper_parameters_and_graph(tmp_path):
    writer = writer_of(tmp_path, None)
    writer.parameters({"lr": 0.5, "flip": True, "name": "x", "sizes": [1, 2]})
    writer.graph("layer  1\nlayer  2")
    writer.close()
    events = read(tmp_path / "summaries/train")
    content = events.summary_metadata[hparams_metadata.SESSION_START_INFO_TAG].plugin_data.content
    start = hparams_metadata.parse_session_start_info_plugin_data(content)
    assert start.hparams["lr"].number_value == 0.5
    assert start.hparams["flip"].bool_value is True
    assert start.hparams["sizes"].string_value == "[1, 2]"
    assert events.Tensors("network")[0].tensor_proto.string_val == [b"    layer  1\n    layer  2"]


def test_tensorflow_is_not_imported(tmp_path):
    program = (
        "import sys, numpy as np; from pathlib import Path; from utils.logger import Logger, LoggerConfig\n"
        "assert not {'comet_ml', 'tensorboard'} & sys.modules.keys(), 'the config drags a writer in'\n"
        'config = LoggerConfig.model_validate_json(\'{"comet": {"mode": "off"}}\')\n'
        "with Logger(Path(sys.argv[1]), config, experiment_name='x', hyper_parameters={'a': 1}) as logger:\n"
        "    logger.summarize(0, {'a': 1, 'b': np.ones(3), 'c': np.zeros((2, 2, 3), np.uint8), 'd': 'text'})\n"
        "assert not {'comet_ml', 'tensorflow'} & sys.modules.keys(), 'TensorFlow or Comet was imported'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "summaries" / "train").is_dir()
