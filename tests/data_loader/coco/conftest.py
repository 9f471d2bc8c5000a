"""The data set that tests of wrong files spoil."""

import pytest

from tests.data_loader.coco.wrong_folder import write_good


@pytest.fixture
def folder(tmp_path):
    """Four images, three annotations."""
    return write_good(tmp_path)
