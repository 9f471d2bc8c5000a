"""An analysis of detections as tables and sentences for people."""

from typing import TYPE_CHECKING

import numpy as np

from base.task import MetricTable
from evaluation.analysis_parts import SPAN, difference_sentence, difference_table, interval_table
from evaluation.average_precision import SUMMARY
from evaluation.coco_curves import Kind
from evaluation.tide import ERRORS

if TYPE_CHECKING:
    from evaluation.analysis import CocoAnalysis


def analysis_tables(analysis: "CocoAnalysis") -> dict[str, MetricTable]:
    """Caption → table."""
    found = {
        f"AP and its {SPAN} interval over images": _intervals(analysis),
        "AP50 lost to each type of error": _errors(analysis),
        f"best score threshold by F1, {analysis.kind} IoU 0.5": _thresholds(analysis),
        f"difference from {analysis.other}": difference_table(analysis.differences),
    }
    return {caption: table for caption, table in found.items() if table.rows}


def findings(analysis: "CocoAnalysis") -> list[str]:
    """Sentences on errors, threshold, calibration and the comparison."""
    found = []
    costs = analysis.tides[analysis.kind].costs
    worst = max(costs, key=lambda error: costs[error])
    if costs[worst] > 0:
        found.append(
            f"The costliest errors are of type {worst}: without them {analysis.kind} AP50 gains {costs[worst]:.3f}."
        )
    best = analysis.best
    if not np.isnan(best.threshold):
        found.append(
            f"The score threshold {best.threshold:.2f} gives the best F1, {best.f1:.3f} (precision "
            f"{best.precision:.3f}, recall {best.recall:.3f})."
        )
    if not np.isnan(analysis.calibration.error):
        found.append(f"Scores are off by {analysis.calibration.error:.3f} on average (expected calibration error).")
    main = analysis.differences.get(f"{analysis.kind}/AP")
    if main is not None:
        found.append(difference_sentence(f"{analysis.kind} AP", main, str(analysis.other)))
    return found


def _intervals(analysis: "CocoAnalysis") -> MetricTable:
    named = [(f"{kind} {name}", f"{kind}/{name}") for kind in analysis.split.kinds for name in SUMMARY]
    return interval_table(named, analysis.metrics, analysis.intervals)


def _errors(analysis: "CocoAnalysis") -> MetricTable:
    order: tuple[Kind, ...] = ("mask", "box")
    kinds: list[Kind] = [kind for kind in order if kind in analysis.tides]
    head = ("error (TIDE)", *(f"{kind} AP50" for kind in kinds), *(f"{kind} count" for kind in kinds))
    rows: list[tuple[str | float, ...]] = []
    for error in ERRORS:
        costs = [analysis.tides[kind].costs[error] for kind in kinds]
        rows.append((error, *costs, *(analysis.tides[kind].counts[error] for kind in kinds)))
    blank = [""] * len(kinds)
    rows.append(("all false positives", *(analysis.tides[kind].false_positives for kind in kinds), *blank))
    rows.append(("all not found", *(analysis.tides[kind].false_negatives for kind in kinds), *blank))
    return MetricTable(head, tuple(rows))


def _thresholds(analysis: "CocoAnalysis") -> MetricTable:
    named = [("all classes", analysis.best), *zip(analysis.classes, analysis.thresholds, strict=True)]
    rows = [(name, one.threshold, one.f1, one.precision, one.recall, one.objects) for name, one in named if one.objects]
    return MetricTable(("best score threshold", "score", "F1", "precision", "recall", "objects"), tuple(rows))
