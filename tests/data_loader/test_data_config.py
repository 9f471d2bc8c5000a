import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from data_loader.config import AugmentConfig
from data_loader.pets.config import PetsConfig

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"augment": {"scale_range": [1.5, 0.5]}}', "smaller number first"),
        ('{"augment": {"flip": 1.5}}', "less than or equal to 1"),
        ('{"augment": {"cutout_size": [0.5, 0.1]}}', "smaller number first"),
        ('{"augment": {"cutout_size": [0.5, 1.5]}}', "at most 1"),
        ('{"augment": {"cutout_rectangles": [3, 1]}}', "smaller number first"),
        ('{"classes": "breeds"}', "'breed', 'species', 'pet' or 'trimap'"),
        ('{"classes": "trimap"}', "whose border is no object: set task = semantic"),
        ('{"task": "semantic", "augment": {"copy_paste": 0.1}}', "pastes objects"),
        ('{"task": "pixels"}', "'instance' or 'semantic'"),
        ('{"download": {"images_md5": "abc"}}', "pattern"),
        ('{"image_size": [16, 320]}', "greater than or equal to 32"),
    ],
)
def test_wrong_values(text, message):
    with pytest.raises(ValidationError, match=message):
        PetsConfig.model_validate_json(text)


def test_json_gives_tuples_and_paths():
    config = PetsConfig.model_validate_json('{"root": "somewhere", "image_size": [64, 96], "augment": null}')
    assert config.root == Path("somewhere")
    assert config.image_size == (64, 96)
    assert config.augment is None
    assert AugmentConfig().flip == 0.5


def test_the_sections_import_nothing_heavy():
    code = (
        "import sys, data_loader.pets.config; print(sorted({'cv2', 'keras', 'tensorflow', 'grain'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
