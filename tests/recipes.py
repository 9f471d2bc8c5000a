"""The recipes that belong to the project: users write configs of their own beside them."""

from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

INSTANCE = (
    *("benchmark_r50_fpn", "pets", "pets_effnet_b2_480", "pets_effnet_b2_576"),
    *("pets_quick", "pets_r50_fpn", "pets_r50_fpn_coco", "pets_x101_fpn"),
)
SEMANTIC = ("cityscapes_deeplab", "coco_voc_deeplab_r50", "pets_deeplab", "pets_trimap", "voc_deeplab_r101")
RECIPES = (*INSTANCE, *SEMANTIC, "benchmark_deeplab_r50")
"""Add a new one to one of the first two, one that is only timed here."""
