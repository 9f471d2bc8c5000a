import json
import math

from utils.logger.values import Entries
from utils.logger.writer import RunContext
from utils.logger.writers.jsonl import JsonlWriter, read_metrics


def writer_of(path, resume_step=None):
    return JsonlWriter(RunContext(path.parent, "run", resume_step=resume_step))


def write_steps(path, steps, resume_step=None):
    writer = writer_of(path, resume_step)
    for step in steps:
        writer.write(step, "train", Entries(scalars={"loss": step / 2}), 1000.0 + step)
    writer.close()
    return writer


def refuse(word):
    raise AssertionError(f"{word} is not JSON")


def test_a_line_holds_step_scope_time_and_scalars(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_steps(path, [3])
    assert json.loads(path.read_text()) == {"step": 3, "scope": "train", "time": 1003.0, "scalars": {"loss": 1.5}}


def test_each_line_is_there_at_once(tmp_path):
    path = tmp_path / "metrics.jsonl"
    writer = writer_of(path)
    for count in (1, 2):
        writer.write(count, "val", Entries(scalars={"AP": 0.5}), 0.0)
        assert path.read_bytes().count(b"\n") == count
    writer.close()


def test_what_has_no_scalars_is_no_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    writer = writer_of(path)
    writer.write(1, "val", Entries(scalars={"AP": 0.5}), 0.0)
    writer.write(1, "val", Entries(texts={"note": "an image would do the same"}), 0.0)
    writer.close()
    assert [line["scalars"] for line in read_metrics(path)] == [{"AP": 0.5}]


def test_nonfinite_numbers_are_valid_json_and_come_back(tmp_path):
    path = tmp_path / "metrics.jsonl"
    writer = writer_of(path)
    writer.write(0, "train", Entries(scalars={"a": math.nan, "b": math.inf, "c": -math.inf}), 0.0)
    writer.close()
    content = json.loads(path.read_text(), parse_constant=refuse)
    assert content["scalars"] == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}
    scalars = read_metrics(path)[0]["scalars"]
    assert math.isnan(scalars["a"])
    assert (scalars["b"], scalars["c"]) == (math.inf, -math.inf)


def test_resume_drops_later_steps_and_a_half_written_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_steps(path, [1, 2, 3, 4])
    kept = path.read_bytes().splitlines(keepends=True)[:2]
    with path.open("ab") as file:
        file.write(b'{"step": 2, "sco')
    assert [line["step"] for line in read_metrics(path)] == [1, 2, 3, 4]
    write_steps(path, [3, 4], resume_step=2)
    assert path.read_bytes().startswith(b"".join(kept))
    assert [line["step"] for line in read_metrics(path)] == [1, 2, 3, 4]
    assert [item.name for item in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_resume_without_anything_to_drop_leaves_the_file(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_steps(path, [1, 2])
    before = path.stat().st_ino, path.read_bytes()
    write_steps(path, [], resume_step=2)
    assert (path.stat().st_ino, path.read_bytes()) == before


def test_a_whole_last_line_without_its_end_is_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_steps(path, [1, 2])
    path.write_bytes(path.read_bytes()[:-1])
    write_steps(path, [2], resume_step=2)
    assert [line["step"] for line in read_metrics(path)] == [1, 2]


def test_a_new_run_starts_an_empty_file(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_steps(path, [0, 1])
    write_steps(path, [0], resume_step=None)
    assert [line["step"] for line in read_metrics(path)] == [0]
