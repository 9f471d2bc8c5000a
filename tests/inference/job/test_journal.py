import numpy as np
import pytest

from data_loader.errors import DataError
from inference.job.journal import Journal, JournalError
from inference.label_map import LabelMap
from tests.inference.outputs.cases import IDS, NAMES, detections, item


def journal(folder):
    return Journal(folder / "predictions.jsonl", NAMES, IDS)


def test_detections_come_back_as_they_were(tmp_path):
    one = item(tmp_path / "x.png")
    with_one = journal(tmp_path)
    with_one.add(one, detections())
    with_one.add(item(stem="b"), detections().at_least(1))
    for found in (with_one, journal(tmp_path)):
        back = found.result(one.stem)
        for key in ("boxes", "scores", "classes"):
            np.testing.assert_array_equal(getattr(back, key), getattr(detections(), key))
            assert getattr(back, key).dtype == getattr(detections(), key).dtype
        assert (back.masks, back.size, back.category_ids) == (detections().masks, detections().size, IDS)
        assert len(found) == 2 and len(found.result("b")) == 0 and found.result("b").boxes.shape == (0, 4)
        assert found.stamp(one.stem) == one.stamp() and found.stamp("b") is None


def test_labels_come_back_as_they_were(tmp_path):
    labels = LabelMap(np.random.default_rng(0).integers(0, 4, (20, 30)).astype(np.uint8), NAMES, IDS)
    empty = LabelMap(np.zeros((5, 6), np.uint8), NAMES, IDS)
    path = tmp_path / "predictions.jsonl"
    with_labels = Journal(path, NAMES, IDS, LabelMap)
    with_labels.add(item(stem="a"), labels)
    with_labels.add(item(stem="b"), empty)
    for found in (with_labels, Journal(path, NAMES, IDS, LabelMap)):
        for stem, wanted in (("a", labels), ("b", empty)):
            back = found.result(stem)
            np.testing.assert_array_equal(back.labels, wanted.labels)
            assert (back.labels.dtype, back.names, back.category_ids) == (np.uint8, NAMES, IDS)


def test_half_a_line_is_removed_and_the_next_one_is_whole(tmp_path):
    first = journal(tmp_path)
    first.add(item(stem="a"), detections())
    first.add(item(stem="b"), detections())
    first.close()
    whole = first.path.read_bytes()
    for cut in (1, 40, len(whole) // 3):
        first.path.write_bytes(whole[:-cut])
        again = journal(tmp_path)
        assert "a" in again and "b" not in again
        again.add(item(stem="b"), detections())
        again.close()
        assert first.path.read_bytes() == whole


def test_a_failed_image_may_succeed_later(tmp_path):
    first = journal(tmp_path)
    first.add(item(stem="a"), DataError("a.jpg: does not decode"))
    assert "a" not in first and first.failed == {"a": ("a.jpg", "a.jpg: does not decode")}
    again = journal(tmp_path)
    again.add(item(stem="a"), detections())
    last = journal(tmp_path)
    assert "a" in last and last.failed == {}


def test_items_of_a_video_are_in_the_order_of_their_ids(tmp_path):
    found = journal(tmp_path)
    for number in (2, 10, 1):
        found.add(item(stem=f"clip-{number}", image_id=number), detections())
    assert [(one.stem, one.image_id, one.name, one.time_s) for one in found.items()] == [
        ("clip-1", 1, "clip-1.jpg", 1.5),
        ("clip-2", 2, "clip-2.jpg", 1.5),
        ("clip-10", 10, "clip-10.jpg", 1.5),
    ]


def test_a_damaged_line_is_an_error(tmp_path):
    (tmp_path / "predictions.jsonl").write_bytes(b'{"stem": \n{"stem": "a"}\n')
    with pytest.raises(JournalError, match="the line at byte 0 is damaged"):
        journal(tmp_path)
