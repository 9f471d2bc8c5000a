"""`model.losses`: what the config names is what is minimized, with class weights from the training data."""

import json

import numpy as np
import pytest

from base.class_pixels import ClassPixels
from models.losses.class_weights import median_frequency
from tests.models.deeplab.tiny import MODELS, tiny_config, tiny_model, two_images
from utils.errors import UserError

PIXELS, IMAGE_PIXELS = np.array([600, 300, 100]), np.array([1000, 1000, 500])


class Counted:
    """Data of which only the counts are asked for."""

    def class_pixels(self):
        return ClassPixels(PIXELS, IMAGE_PIXELS)


def section(name, losses):
    return tiny_config(name).model_validate_json(json.dumps({"name": name, "losses": losses}))


def model_of(losses, name="deeplab_v3"):
    """With weights of its data, made as `train_main` makes it."""
    config = tiny_config(name).model_copy(update={"losses": section(name, losses).losses})
    completed = MODELS[name].complete_config(config, Counted())
    return tiny_model(name, losses=completed.losses)


def test_the_terms_are_those_of_the_config_with_their_weights():
    losses = [{"name": "cross_entropy"}, {"name": "dice", "weight": 0.5}]
    model, batch = model_of(losses), two_images()
    outputs = model.forward(batch, training=True)
    found = {name: float(value) for name, value in model.compute_losses(batch, outputs).items()}
    assert list(found) == ["cross_entropy", "dice", "aux"]
    whole = {name: float(value) for name, value in model.head_losses(outputs["aux"], batch["labels"]).items()}
    assert found["aux"] == pytest.approx(0.5 * sum(whole.values()), rel=1e-6)
    assert 0 < found["dice"] < 0.5


def test_a_frequency_becomes_numbers_that_a_checkpoint_holds():
    model = model_of([{"name": "cross_entropy", "class_weights": "median_frequency"}])
    weights = model.config.losses[0].class_weights
    assert weights == tuple(median_frequency(PIXELS, IMAGE_PIXELS))
    restored = type(model.config).model_validate_json(model.config.model_dump_json())
    assert restored.losses[0].class_weights == weights


def test_the_weights_count():
    batch = two_images()
    plain, weighted = (
        model_of([{"name": "cross_entropy"}]),
        model_of([{"name": "cross_entropy", "class_weights": [1, 0, 0]}]),
    )
    weighted.network.set_weights(plain.network.get_weights())
    logits = plain.forward(batch, training=False)["out"]
    only = np.where(batch["labels"] == 0, 0, 255)
    assert float(weighted.head_losses(logits, batch["labels"])["cross_entropy"]) == pytest.approx(
        float(plain.head_losses(logits, only)["cross_entropy"]), rel=1e-5
    )


def test_too_few_weights_are_named():
    with pytest.raises(UserError, match=r"model.losses.0.class_weights has 2 numbers; the network has 3 channels"):
        model_of([{"name": "focal", "class_weights": [1, 2]}])
