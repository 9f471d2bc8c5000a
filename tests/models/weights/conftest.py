import pytest

from models.backbones.resnet import VARIANTS, Variant
from tests.models.weights.torchvision_states import SMALL


@pytest.fixture
def small_resnet(monkeypatch):
    """`resnet50` is a small one as long as the test runs."""
    monkeypatch.setitem(VARIANTS, "resnet50", Variant(**SMALL))
