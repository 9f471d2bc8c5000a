"""PASCAL VOC's classes by the numbers that its label images, and so torchvision's rows, have."""

from collections.abc import Mapping

ROWS = 21
"""Rows of torchvision's heads for VOC: the background and 20 classes."""

_NAMES = """
aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa
train tvmonitor
"""

VOC_CLASSES: Mapping[str, int] = {name: number for number, name in enumerate(_NAMES.split(), 1)}
"""Name → number."""
