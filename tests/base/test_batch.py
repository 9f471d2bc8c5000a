import json

import pytest

from base.batch import DataSpec
from tests.toy.toy_run import toy_data


def test_a_spec_survives_json():
    spec = DataSpec("instance", ("cup", "fork"), (32, 48), {"max_objects": 8}, (7, 90))
    assert DataSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_a_spec_without_ids_counts_from_1():
    """Checkpoints written before specs had ids are read as before."""
    spec = DataSpec("instance", ("cup", "fork"), (32, 48), {"max_objects": 8})
    values = spec.to_dict()
    assert values.pop("category_ids") == [1, 2]
    assert DataSpec.from_dict(values) == spec
    assert toy_data().spec.category_ids == (1, 2)


@pytest.mark.parametrize("ids", [(1,), (1, 2, 3), (4, 4)])
def test_each_class_has_an_id_of_its_own(ids):
    with pytest.raises(ValueError, match="for 2 classes: give each class an id of its own"):
        DataSpec("instance", ("cup", "fork"), (32, 48), {}, ids)
