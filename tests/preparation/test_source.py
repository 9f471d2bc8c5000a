import pytest

from data_loader.errors import DataError
from data_loader.writers import convert
from preparation.source import load, source_of
from tests.preparation.tiny_data import plain, write
from utils.errors import UserError


def test_labels_cannot_be_inspected_or_converted_as_objects_would_be(tmp_path):
    root = write(tmp_path / "tiny", train=plain(3))
    with pytest.raises(UserError, match=r"only objects can be inspected: add --set data.task=instance"):
        load(source_of(root, None, [], None, ["data.task=semantic"]))
    data = load(source_of(root, None, [], None, []))
    data.config = data.config.model_copy(update={"task": "semantic"})
    with pytest.raises(DataError, match="what is written are objects"):
        convert(data, "voc", tmp_path / "out")
    assert not (tmp_path / "out").exists()
