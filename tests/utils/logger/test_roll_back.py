from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from utils.logger import Logger, LoggerConfig
from utils.logger.writers.jsonl import read_metrics

QUIET = LoggerConfig.model_validate_json('{"comet": {"mode": "off"}}')


def tensorboard(run_dir, scope):
    accumulator = EventAccumulator(str(run_dir / "summaries" / scope), size_guidance={"scalars": 0})
    accumulator.Reload()
    return [(event.step, event.value) for event in accumulator.Scalars("ap")]


def test_one_scope_is_taken_back_from_a_step_on(tmp_path):
    with Logger(tmp_path, QUIET, experiment_name="x") as logger:
        for step in (10, 20, 30):
            logger.summarize(step, {"ap": 1.0}, "train")
            logger.summarize(step, {"ap": 1.0}, "val")
    with Logger(tmp_path, QUIET, experiment_name="x", resume_step=20) as logger:
        logger.roll_back(20, "val")
        logger.roll_back(0, "test")  # was never logged: nothing to do
        logger.summarize(20, {"ap": 2.0}, "val")
        logger.summarize(30, {"ap": 2.0}, "val")
    rows = [(row["step"], row["scope"], row["scalars"]["ap"]) for row in read_metrics(tmp_path / "metrics.jsonl")]
    assert rows == [(10, "train", 1), (10, "val", 1), (20, "train", 1), (20, "val", 2), (30, "val", 2)]
    assert tensorboard(tmp_path, "train") == [(10, 1), (20, 1)]
    assert tensorboard(tmp_path, "val") == [(10, 1), (20, 2), (30, 2)]


def test_without_tensorboard(tmp_path):
    config = LoggerConfig.model_validate_json('{"comet": {"mode": "off"}, "tensorboard": {"enabled": false}}')
    with Logger(tmp_path, config, experiment_name="x") as logger:
        logger.summarize(1, {"ap": 1.0}, "val")
        logger.roll_back(1, "val")
        logger.summarize(2, {"ap": 1.0}, "val")
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == [2]
