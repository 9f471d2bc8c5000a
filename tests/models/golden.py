"""Reference outputs of torchvision 0.28's `maskrcnn_resnet50_fpn`: an extract beside this file, and the full set.

The full set lies outside the repository and may be absent. The extract (`python -m tests.models.golden` makes it anew
from the full set) has what fits into 250 kB: anchors, matching, box coding, mask targets, losses and NMS as they are;
RoIAlign for two channels; box targets of the positive anchors and region proposals' outputs at the sampled ones, for no
other enters a loss; 0 elsewhere.
"""

from pathlib import Path

import numpy as np
import pytest

FULL = Path(__file__).parents[3] / "shared" / "golden"
EXTRACT = Path(__file__).with_name("torchvision_extract.npz")
FILES = {"forward": "forward_240x320.npz", "targets": "targets_losses.npz"}
CHANNELS = [3, 20]
SOURCES = ["extract", "full"]


def golden(source: str, part: str) -> dict[str, np.ndarray]:
    """The arrays of `"forward"` or `"targets"` by name, from `"extract"` or `"full"`; skips where those are absent."""
    if source == "full":
        if not FULL.is_dir():
            pytest.skip(f"the full set of reference outputs is not at {FULL}")
        return _read(FULL / FILES[part])
    prefix = f"{part}/"
    arrays = {key.removeprefix(prefix): value for key, value in _read(EXTRACT).items() if key.startswith(prefix)}
    if "anchor_steps" in arrays:
        arrays["anchors"] = np.cumsum(arrays.pop("anchor_steps"), axis=0).reshape(-1, 4).astype(np.float32)
    return arrays


def _read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def _extract() -> dict[str, np.ndarray]:
    forward, targets = (_read(FULL / FILES[part]) for part in ("forward", "targets"))
    targets["anchor_targets"] *= targets["anchor_labels"][:, None] == 1
    # Anchors are whole pixels, three in each cell: from cell to cell they nearly always go on by the same.
    steps = np.diff(forward["anchors"].reshape(-1, 3, 4), axis=0, prepend=np.float32(0)).astype(np.int16)
    kept = {"anchor_steps": steps, "boxes_given": forward["boxes_given"]}
    maps = [*(f"fpn_{level}" for level in range(4)), "box_roi_align", "mask_roi_align"]
    kept |= {name: forward[name][..., CHANNELS] for name in maps}
    sampled = np.zeros(len(forward["anchors"]), bool)
    sampled[np.concatenate([targets["rpn_positive"], targets["rpn_negative"]])] = True
    start = 0
    for level in range(5):
        scores, deltas = forward[f"rpn_objectness_{level}"], forward[f"rpn_deltas_{level}"]
        here = sampled[start : start + scores.size].reshape(scores.shape)
        kept |= {f"rpn_objectness_{level}": scores * here, f"rpn_deltas_{level}": deltas * here[..., None]}
        start += scores.size
    return {f"forward/{k}": v for k, v in kept.items()} | {f"targets/{k}": v for k, v in targets.items()}


if __name__ == "__main__":
    np.savez_compressed(EXTRACT, allow_pickle=False, **_extract())
