"""The recipes that belong to the project: users write configs of their own beside them."""

from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

RECIPES = (
    *("benchmark_r50_fpn", "pets", "pets_effnet_b2_480", "pets_effnet_b2_576"),
    *("pets_deeplab", "pets_quick", "pets_r50_fpn", "pets_r50_fpn_coco", "pets_x101_fpn"),
)
"""Add a new one here."""
