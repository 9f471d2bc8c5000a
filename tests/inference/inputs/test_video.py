import cv2
import numpy as np
import pytest

from inference.inputs.files import InputError
from inference.inputs.find import find_inputs


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """12 frames, 8 in a second; frame n has the brightness 20 n, red above blue."""
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 8, (32, 24))
    for number in range(12):
        writer.write(np.full((24, 32, 3), (0, 10, 20 * number), np.uint8))  # BGR
    writer.release()
    return path


def test_frames_are_rgb_with_their_times(video):
    inputs = find_inputs([str(video)])
    items = list(inputs)
    assert (inputs.kind, inputs.count, inputs.fps, len(items)) == ("video", 12, 8, 12)
    assert [item.image_id for item in items] == list(range(1, 13))
    assert [item.time_s for item in items] == [number / 8 for number in range(12)]
    assert (items[3].name, items[3].stem, items[3].path) == ("clip-000003.jpg", "clip-000003", None)
    for number, item in enumerate(items):
        np.testing.assert_allclose(item.source.mean((0, 1)), (20 * number, 10, 0), atol=6)


def test_some_of_the_frames(video):
    inputs = find_inputs([str(video)], every=5, max_frames=2)
    assert (inputs.count, inputs.fps) == (2, 8 / 5)
    assert [(item.stem, item.image_id) for item in inputs] == [("clip-000000", 1), ("clip-000005", 2)]
    assert find_inputs([str(video)], every=5).count == 3 == len(list(find_inputs([str(video)], every=5)))


def test_a_changed_video_has_other_settings(video, tmp_path):
    before = find_inputs([str(video)]).settings()
    copy = tmp_path / "clip.avi"
    copy.write_bytes(video.read_bytes())
    assert find_inputs([str(copy)]).settings() != before == find_inputs([str(video)]).settings()


class Camera:
    """In the place of `cv2.VideoCapture`: its first reads fail after each start."""

    failing = 0

    def __init__(self, number):
        self.left = Camera.failing

    def isOpened(self):
        return True

    def grab(self):
        self.left -= 1
        return self.left < 0

    def retrieve(self):
        return True, np.full((4, 6, 3), 9, np.uint8)

    def get(self, _):
        return 0.0

    def release(self):
        pass


def test_a_camera_has_some_attempts_for_its_first_image(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    pauses = []
    monkeypatch.setattr("inference.inputs.video.time.sleep", pauses.append)
    monkeypatch.setattr(Camera, "failing", 4)
    inputs = find_inputs(["camera:0"], max_frames=2)
    assert [item.stem for item in inputs] == ["camera-0-000000", "camera-0-000001"]
    assert len(pauses) == 2 * 4 and sum(pauses) < 5
    monkeypatch.setattr(Camera, "failing", 1000)
    with pytest.raises(InputError, match="camera:0 is open and gives no image"):
        find_inputs(["camera:0"])


def test_a_video_that_ends_early_is_a_warning(video, caplog):
    inputs = find_inputs([str(video)])
    inputs._frames = 24  # as the header of a file that is cut off says
    assert len(list(inputs)) == 12
    assert "ends after 12 of 24 frames; is it damaged?" in caplog.text
    caplog.clear()
    assert len(list(find_inputs([str(video)], max_frames=3))) == 3 and not caplog.text
