"""What to type next."""

from argparse import Namespace
from pathlib import Path

import pytest

from preparation.suggestion import next_commands

GIVEN = {"data": Path("my images"), "config": None, "write": None, "format": None, "classes": [], "val_fraction": None}
WRITE = "python mains/prepare_main.py 'my images'"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, f"{WRITE} --write configs/mine.json"),
        (
            {"format": "voc", "classes": ["a b", "c"], "val_fraction": 0.2, "overrides": ["data.val=null"]},
            f"{WRITE} --format voc --classes 'a b' c --val-fraction 0.2 --set data.val=null --write configs/mine.json",
        ),
        ({"allow_leakage": True}, f"{WRITE} --allow-leakage --write configs/mine.json"),
        ({"write": Path("a.json"), "overrides": ["data.val=null"]}, "python mains/train_main.py -c a.json"),
        (
            {"config": Path("a.json"), "overrides": ["data.batch_size=2"]},
            "python mains/train_main.py -c a.json --set data.batch_size=2",
        ),
    ],
)
def test_the_next_command_has_what_was_asked_for(given, expected):
    args = Namespace(**{**GIVEN, "overrides": [], "allow_leakage": False, **given})
    assert list(next_commands(args, Namespace(errors=())).values()) == [expected]
