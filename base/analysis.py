"""Analysis: what an evaluator finds beyond its row of metrics, for reports; the same interface for every task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from base.task import MetricTable


@dataclass(frozen=True)
class Other:
    """Predictions of the same images that an evaluation is compared with.

    Attributes:
        name: for tables and plots.
        results: as `BaseEvaluator.results()` gives them.
    """

    name: str
    results: Sequence[Any]


@dataclass(frozen=True)
class AnalysisOptions:
    """What a user asks of an analysis.

    Attributes:
        score: predictions below it are left out where a threshold is needed; None for the analysis's own choice.
        draws: resamples of the images for intervals; 0 for none.
        seed: of the resamples.
        other: what to compare with; None for nothing.
    """

    score: float | None = None
    draws: int = 1000
    seed: int = 0
    other: Other | None = None


@dataclass(frozen=True)
class AnalyzedImage:
    """One image of a report.

    Attributes:
        image_id: in the ground truth.
        caption: what is good and wrong in it.
        attributes: name → words or a number, to filter and sort by.
    """

    image_id: int
    caption: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Analysis(ABC):
    """What an evaluator found.

    Attributes:
        metrics: name → value, all of `BaseEvaluator.result()` and perhaps more; NaN where there is none.
        images: of the split, the worst first.
    """

    metrics: Mapping[str, float]
    images: Sequence[AnalyzedImage]

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """All but the images as JSON values, None for NaN."""

    @abstractmethod
    def tables(self) -> dict[str, MetricTable]:
        """Caption → table, for a terminal and a page, besides `Task.tables(metrics)`."""

    def findings(self) -> Sequence[str]:
        """Sentences on what matters most, for people who read no table."""
        return ()
