"""How far chance may have moved an AP: bootstrap over images (Efron 1979), and two runs on the same images compared.

The images are drawn with replacement, as many as there are. Detections and objects of an image stay together, and the
matches of each image are computed once, so a draw costs a weighted sum. A draw in which a class has no object leaves
the class out of the mean, as COCO's AP does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from base.analysis import AnalysisOptions
from evaluation.average_precision import SUMMARY, weighted_precision
from evaluation.coco_curves import Kind
from evaluation.matching import Matches

LEVEL = 0.95
"""Share of the draws that an interval holds."""


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of the draws; NaN where a metric has no value in any draw."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """The metric of one run minus that of another on the same images.

    Attributes:
        value: of this run.
        other: of the run it is compared with.
        difference: value - other.
        interval: of the difference, with the same images drawn for both.
        within_chance: whether the interval holds 0; None where a run has no value.
    """

    value: float
    other: float
    difference: float
    interval: Interval
    within_chance: bool | None


def draw_images(images: int, draws: int, seed: int) -> np.ndarray:
    """(images, draws) int: how often each image is drawn. The first columns are those of fewer draws."""
    rng = np.random.default_rng(seed)
    return np.stack([np.bincount(rng.integers(images, size=images), minlength=images) for _ in range(draws)], 1)


Sample = Callable[[np.ndarray], dict[str, np.ndarray]]
"""Weights of `draw_images` → name of a metric → (B,) its value in each draw."""


def resample(
    images: int,
    options: AnalysisOptions,
    metrics: Mapping[str, float],
    sample: Sample,
    other: tuple[Sample, Mapping[str, float]] | None = None,
) -> tuple[dict[str, Interval], dict[str, Difference]]:
    """Intervals of the metrics and the differences from another run, from the same draws for both.

    Args:
        images: of the split.
        options: draws and seed.
        metrics: of this run.
        sample: of this run.
        other: the other run's `sample` and metrics; None: there is none.
    """
    if not (options.draws and images):
        return {}, {}
    weights = draw_images(images, options.draws, options.seed)
    samples = sample(weights)
    intervals = {name: interval(values) for name, values in samples.items() if name in metrics}
    if other is None:
        return intervals, {}
    other_sample, other_metrics = other
    return intervals, compare(metrics, other_metrics, samples, other_sample(weights))


def sample_metrics(
    matches: Mapping[Kind, Matches], classes: tuple[str, ...], weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Name of a metric, as `CocoEvaluator` names it → (B,) its value in each draw: every AP of every kind.

    Args:
        matches: of the same split by kind.
        classes: names of the K classes.
        weights: (I, B) from `draw_images`.
    """
    samples = {}
    for kind, found in matches.items():
        values = weighted_precision(found, weights)
        samples |= {f"{kind}/{name}": _mean(values[row]) for row, name in enumerate(SUMMARY)}
        samples |= {f"{kind}/AP/{name}": values[0, label] for label, name in enumerate(classes)}
    return samples


def interval(samples: np.ndarray) -> Interval:
    """Of the (B,) values, those that are NaN left out."""
    defined = samples[~np.isnan(samples)]
    if not len(defined):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(defined, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def compare(
    values: Mapping[str, float],
    others: Mapping[str, float],
    samples: Mapping[str, np.ndarray],
    other_samples: Mapping[str, np.ndarray],
) -> dict[str, Difference]:
    """The metrics that both runs have, each with its difference.

    Args:
        values, others: name → metric of this run and of the other.
        samples, other_samples: their values in the same draws.
    """
    found = {}
    for name in samples:
        if name in other_samples and name in values and name in others:
            difference = values[name] - others[name]
            span = interval(samples[name] - other_samples[name])
            chance = None if np.isnan([difference, span.low]).any() else bool(span.low <= 0 <= span.high)
            found[name] = Difference(values[name], others[name], difference, span, chance)
    return found


def _mean(values: np.ndarray) -> np.ndarray:
    """(K, B) → (B,) over the classes that are not NaN."""
    known = ~np.isnan(values)
    counts = known.sum(0)
    return np.where(counts > 0, np.where(known, values, 0).sum(0) / np.maximum(counts, 1), np.nan)
