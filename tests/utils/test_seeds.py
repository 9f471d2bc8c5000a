import random

import keras
import numpy as np
import pytest

from utils.seeds import seed_everything


def draws():
    drawn = [random.random(), np.random.rand(), float(keras.random.uniform(()))]
    return [*drawn, float(keras.initializers.RandomNormal()((1,))[0])]


def test_the_same_seed_gives_the_same_numbers_and_another_one_others():
    seed_everything(7)
    first = draws()
    seed_everything(7)
    assert draws() == first
    seed_everything(8)
    assert all(one != other for one, other in zip(draws(), first, strict=True))


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_an_error(seed):
    with pytest.raises(ValueError, match=str(seed)):
        seed_everything(seed)
