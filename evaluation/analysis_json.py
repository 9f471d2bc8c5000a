"""An analysis of detections as JSON values: what `metrics.json` of an evaluation holds beside the metrics."""

from typing import TYPE_CHECKING, Any

from evaluation.analysis_parts import plain, resampled_json
from evaluation.thresholds import GRID, Threshold

if TYPE_CHECKING:
    from evaluation.analysis import CocoAnalysis


def analysis_json(analysis: "CocoAnalysis") -> dict[str, Any]:
    """Sections by name; None for NaN."""
    found = {
        **resampled_json(analysis.intervals, analysis.other, analysis.differences),
        "errors": {
            kind: {
                "AP50": one.ap50,
                "cost": dict(one.costs),
                "count": dict(one.counts),
                "cost_of_false_positives": one.false_positives,
                "cost_of_false_negatives": one.false_negatives,
            }
            for kind, one in analysis.tides.items()
        },
        "kind": analysis.kind,
        "thresholds": {
            "all": _threshold(analysis.best),
            "classes": dict(zip(analysis.classes, map(_threshold, analysis.thresholds), strict=True)),
        },
        "f1": {
            "thresholds": GRID,
            "all": analysis.f1[-1],
            "classes": dict(zip(analysis.classes, analysis.f1, strict=False)),
        },
        "calibration": {
            "error": analysis.calibration.error,
            "edges": analysis.calibration.edges,
            "counts": analysis.calibration.counts,
            "scores": analysis.calibration.scores,
            "precisions": analysis.calibration.precisions,
        },
        "confusion": {
            "score": analysis.score,
            "classes": [*analysis.classes, "background"],
            "matrix": analysis.confusion,
        },
        "images": [
            {"image_id": one.image_id, "quality": one.quality, "errors": one.errors} for one in analysis.qualities
        ],
    }
    return plain(found)


def _threshold(one: Threshold) -> dict[str, float]:
    return {"threshold": one.threshold, "f1": one.f1, "precision": one.precision, "recall": one.recall}
