import json
import random

import keras
import numpy as np

from base.random_state import random_states, restore_random_states


def draw():
    drawn = [random.random(), random.gauss(0, 1), np.random.rand(), np.random.normal()]
    if keras.backend.backend() == "torch":
        import torch  # noqa: PLC0415 - not installed everywhere

        drawn.append(float(torch.rand(())))
    return drawn


def test_the_generators_go_on_where_they_were_through_json():
    random.seed(3)
    np.random.seed(4)
    draw()
    states = json.loads(json.dumps(random_states()))
    expected = [draw(), draw()]
    random.seed(0)
    np.random.seed(0)
    keras.utils.set_random_seed(0)
    restore_random_states(states)
    assert [draw(), draw()] == expected
