import pytest

from data_loader.errors import DataError
from data_loader.writers import convert
from preparation.source import load, source_of
from tests.preparation.tiny_data import plain, write


def test_labels_are_read_but_not_converted_as_objects_would_be(tmp_path):
    root = write(tmp_path / "tiny", train=plain(3))
    data = load(source_of(root, None, [], None, ["data.task=semantic"]))
    assert data.semantic
    with pytest.raises(DataError, match="what is written are objects"):
        convert(data, "voc", tmp_path / "out")
    assert not (tmp_path / "out").exists()
