"""Logits and labels by hand, and every loss of `model.losses` once."""

import json

import numpy as np
from keras import ops
from pydantic import TypeAdapter

from models.losses.config import Losses
from models.losses.semantic import SemanticLosses

EVERY = (
    {"name": "cross_entropy"},
    {"name": "cross_entropy", "class_weights": [0.5, 2.0, 1.0], "label_smoothing": 0.1},
    {"name": "ohem", "threshold": 0.6, "min_kept": 0.3},
    {"name": "focal", "class_weights": [0.5, 2.0, 1.0]},
    {"name": "focal", "gamma": 0.5},
    {"name": "boundary", "sigma": 1.0},
    {"name": "dice"},
    {"name": "dice", "smooth": 0.0, "classes": "all"},
    {"name": "lovasz_softmax"},
    {"name": "lovasz_softmax", "per_image": True, "classes": "all"},
)


def title(entry):
    return "-".join(str(value) for value in entry.values())


def config(*entries):
    return TypeAdapter(Losses).validate_json(json.dumps(entries))


def loss(entry, logits, labels):
    """The scalar, a tensor."""
    (value,) = SemanticLosses(config(entry), logits.shape[-1])(logits, labels).values()
    return value


def value(entry, logits, labels):
    return float(ops.convert_to_numpy(loss(entry, np.asarray(logits, np.float32), np.asarray(labels, np.int32))))


def of_probabilities(*rows):
    """(1, 1, N, C) logits of these rows of probabilities."""
    return np.log(np.array(rows, np.float64))[None, None].astype(np.float32)


def random_case(seed=0, size=(2, 6, 7), channels=3, ignored=0.2):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, channels, size).astype(np.int32)
    labels[rng.random(size) < ignored] = 255
    return rng.normal(0, 2, (*size, channels)).astype(np.float32), labels
