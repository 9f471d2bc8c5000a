"""An analysis of detections as JSON values: what `metrics.json` of an evaluation holds beside the metrics."""

from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.thresholds import GRID, Threshold

if TYPE_CHECKING:
    from evaluation.analysis import CocoAnalysis


def analysis_json(analysis: "CocoAnalysis") -> dict[str, Any]:
    """Sections by name; None for NaN."""
    found = {
        "intervals": {name: [span.low, span.high] for name, span in analysis.intervals.items()},
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
    if analysis.other is not None:
        found["comparison"] = {"with": analysis.other, "metrics": _differences(analysis)}
    return _plain(found)


def _threshold(one: Threshold) -> dict[str, float]:
    return {"threshold": one.threshold, "f1": one.f1, "precision": one.precision, "recall": one.recall}


def _differences(analysis: "CocoAnalysis") -> dict[str, Any]:
    return {
        name: {
            "value": one.value,
            "other": one.other,
            "difference": one.difference,
            "interval": [one.interval.low, one.interval.high],
            "within_chance": one.within_chance,
        }
        for name, one in analysis.differences.items()
    }


def _plain(value: Any) -> Any:
    """Arrays as lists, numbers of NumPy as Python's, NaN as None; floats to 6 digits behind the point."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(one) for one in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, float):
        return round(float(value), 6) if np.isfinite(value) else None
    return value
