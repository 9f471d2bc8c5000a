from preparation.source import load, source_of
from tests.preparation.tiny_data import plain, write


def test_objects_are_read_as_labels_where_these_are_asked_for(tmp_path):
    root = write(tmp_path / "tiny", train=plain(3))
    data = load(source_of(root, None, [], None, ["data.task=semantic"]))
    assert data.semantic and data.task_name == "semantic"
