"""Fake sections and a config made of them, so that these tests know every key and default."""

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated, Literal

import pytest
from pydantic import Field

from utils.config import Section
from utils.registry import SECTIONS, Entry


class Sgd(Section):
    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.9, ge=0, lt=1)


class AdamW(Section):
    name: Literal["adamw"] = "adamw"
    beta_1: float = 0.9


class Backbone(Section):
    weights: Path | None = None
    stages: int | tuple[int, int] = 3


class Network(Section):
    name: str = "net"
    backbone: Backbone = Backbone()
    mode: Literal["max", "min"] = "max"


class OtherNetwork(Section):
    name: str = "other_net"
    width: int = 8


class Images(Section):
    name: str = "images"
    root: Path = Path("data")
    classes: tuple[str, ...] = ()
    mirror_password: str | None = None


class Training(Section):
    name: str = "training"
    epochs: int = Field(default=3, ge=1)
    """How often."""
    steps: int
    """How many."""
    ema: Sgd | None = None
    optimizer: Annotated[Sgd | AdamW, Field(discriminator="name")] = Sgd()


class Metrics(Section):
    name: str = "metrics"


class OwnNetwork:
    config_class = OtherNetwork


class NoSection:
    config_class = int


PLAIN = {
    "exp": {"name": "run"},
    "model": {"name": "net"},
    "data": {"name": "images"},
    "trainer": {"name": "training", "steps": 5},
    "evaluator": {"name": "metrics"},
}


@pytest.fixture(autouse=True)
def fake_parts(monkeypatch):
    module = ModuleType("fake_parts")
    parts = (Network, OtherNetwork, Images, Training, Metrics, OwnNetwork, NoSection, Sgd, AdamW)
    vars(module).update({part.__name__: part for part in parts})
    monkeypatch.setitem(sys.modules, "fake_parts", module)
    names = {
        "model": {"net": "Network", "other_net": "OtherNetwork"},
        "data": {"images": "Images"},
        "trainer": {"training": "Training"},
        "evaluator": {"metrics": "Metrics"},
    }
    for key, classes in names.items():
        table = {name: Entry("fake_parts:NoSection", f"fake_parts:{part}") for name, part in classes.items()}
        monkeypatch.setitem(SECTIONS, key, table)


@pytest.fixture
def write(tmp_path):
    """Writes a file below the test's folder: text as it is, a dict as the plain config with those sections changed."""

    def write_file(content, name="run.json"):
        text = content if isinstance(content, str) else json.dumps({**PLAIN, **content})
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file
