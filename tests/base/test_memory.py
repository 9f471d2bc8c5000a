import pytest

from base import memory
from tests.toy.toy_run import toy_data
from utils.errors import UserError


def test_the_arithmetic_of_a_batch_by_hand():
    found = memory.step_bytes(toy_data(image_size=[64, 32], batch_size=4))
    assert found["images"] == 4 * 64 * 32 * 3
    assert found["images in float32"] == 4 * found["images"]
    assert found["targets"] == 4 * (4 + 8 + 1)  # class, id, valid
    assert found["first features"] == 4 * 32 * 16 * 16 * 4 * 3


def test_what_cannot_fit_is_refused_with_the_arithmetic(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 24_000_000_000)
    memory.check_step_fits(toy_data())
    with pytest.raises(UserError, match=r"\[100000, 100000\].*120\.0 GB images \+ .* = 2520\.0 GB, and 24\.0 GB"):
        memory.check_step_fits(toy_data(image_size=[100000, 100000]))


def test_where_nobody_knows_the_memory_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.check_step_fits(toy_data(image_size=[100000, 100000]))
