"""Reference outputs of torchvision 0.28's `maskrcnn_resnet50_fpn`: an extract beside this file, and the full set.

The full set lies outside the repository and may be absent. The extract (`python -m tests.models.golden` makes it anew
from the full set) has what fits into 700 kB: images, anchors, matching, box coding, mask targets, losses, NMS,
proposals and detections as they are; of all else the entries of `CUT`; box targets of the positive anchors and, for the
image with targets, region proposals' outputs at the sampled ones, for no other enters a loss; 0 elsewhere.
"""

from pathlib import Path

import numpy as np
import pytest

FULL = Path(__file__).parents[3] / "shared" / "golden"
EXTRACT = Path(__file__).with_name("torchvision_extract.npz")
FILES = {
    "forward": "forward_240x320.npz",
    "resized": "forward_150x190_resized.npz",
    "targets": "targets_losses.npz",
}
SOURCES = ["extract", "full"]
_CHANNELS = {"forward": [3, 20], "resized": [3]}
_MAPS = (*(f"fpn_{level}" for level in range(4)), "fpn_pool", "box_roi_align", "mask_roi_align")
_WHOLE = (
    *("picture", "network_input_size", "proposals", "boxes_given", "class_logits"),
    *("detection_boxes", "detection_labels", "detection_scores", "detection_masks_packed", "detection_masks_shape"),
)


def golden(source: str, part: str) -> dict[str, np.ndarray]:
    """The arrays of a part (see `FILES`) by name, from `"extract"` or `"full"`; skips where those are absent."""
    if source == "full":
        if not FULL.is_dir():
            pytest.skip(f"the full set of reference outputs is not at {FULL}")
        return _read(FULL / FILES[part])
    prefix = f"{part}/"
    arrays = {key.removeprefix(prefix): value for key, value in _read(EXTRACT).items() if key.startswith(prefix)}
    if "anchor_steps" in arrays:
        arrays["anchors"] = np.cumsum(arrays.pop("anchor_steps"), axis=0).reshape(-1, 4).astype(np.float32)
    return arrays


def cut(source: str, part: str, name: str, values: np.ndarray) -> np.ndarray:
    """What the source holds of an output that the full set holds whole."""
    if source == "full":
        return values
    if name in _MAPS:
        return values[..., _CHANNELS[part]]
    parts = {"box_deltas": np.s_[:, ::10], "mask_logits": np.s_[:2, ..., 1::15]}
    return values[parts[name]] if name in parts else values


def _read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def _extract() -> dict[str, np.ndarray]:
    forward, resized, targets = (_read(FULL / file) for file in FILES.values())
    targets["anchor_targets"] *= targets["anchor_labels"][:, None] == 1
    # Anchors are whole pixels, three in each cell: from cell to cell they nearly always go on by the same.
    steps = np.diff(forward["anchors"].reshape(-1, 3, 4), axis=0, prepend=np.float32(0)).astype(np.int16)
    kept = {"anchor_steps": steps, **_cut_part("forward", forward), **_sampled(forward, targets)}
    small = {**_cut_part("resized", resized), **_levels(resized, (2, 3, 4))}
    parts = {"forward": kept, "resized": small, "targets": targets}
    return {f"{part}/{name}": value for part, arrays in parts.items() for name, value in arrays.items()}


def _cut_part(part: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = (*_WHOLE, *_MAPS, "box_deltas", "mask_logits")
    return {name: cut("extract", part, name, arrays[name]) for name in names}


def _levels(arrays: dict[str, np.ndarray], levels: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {
        f"rpn_{kind}_{level}": arrays[f"rpn_{kind}_{level}"] for kind in ("objectness", "deltas") for level in levels
    }


def _sampled(forward: dict[str, np.ndarray], targets: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    sampled = np.zeros(len(forward["anchors"]), bool)
    sampled[np.concatenate([targets["rpn_positive"], targets["rpn_negative"]])] = True
    kept, start = {}, 0
    for level in range(5):
        scores, deltas = forward[f"rpn_objectness_{level}"], forward[f"rpn_deltas_{level}"]
        here = sampled[start : start + scores.size].reshape(scores.shape)
        kept |= {f"rpn_objectness_{level}": scores * here, f"rpn_deltas_{level}": deltas * here[..., None]}
        start += scores.size
    return kept


if __name__ == "__main__":
    np.savez_compressed(EXTRACT, allow_pickle=False, **_extract())
