"""The section `evaluator.views` as what a Predictor takes."""

from typing import Any

from evaluation.config import ViewsConfig
from inference.tiling import Tiling
from inference.tta import Tta


def predictor_views(config: ViewsConfig | None) -> dict[str, Any]:
    """Arguments `tile` and `tta` of `inference.predictor.Predictor`; empty for one view of each image."""
    if config is None:
        return {}
    tile = Tiling(config.tile_size, config.overlap, config.whole) if config.tiles else None
    several = config.flip or config.flip_y or config.scales
    tta = Tta(flip_x=config.flip, flip_y=config.flip_y, scales=config.scales) if several else None
    return {"tile": tile, "tta": tta}
