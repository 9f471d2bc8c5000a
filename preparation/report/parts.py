"""Parts: what a report shows that depends on what is annotated, objects or labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

import numpy as np

from base.batch import Sample
from base.task import MetricTable
from data_loader.records import ImageRecord
from preparation.inspection.facts import Facts
from preparation.inspection.inspection import Inspection
from reporting.gallery import GalleryItem


@dataclass(frozen=True)
class Parts(Generic[Facts]):
    """One kind of annotation.

    Attributes:
        looked: what was done with every image, for the head of the page.
        samples_are: the order of `samples`, a sentence.
        chosen_from: what a suggested config depends on, a sentence.
        counts: how many of what the data set has, besides images and classes.
        splits_table: a row for each split.
        classes_table: a row for each class, the most frequent first.
        sizes_table: quantiles of what was measured of train.
        plots: writes every plot into a folder; title → file.
        samples: of a split at most so many of each of some classes, each with its class as the attribute `class`.
        read: the raw sample of a training image.
        annotated: an image with what is annotated in it, or with its objects at some places alone, uint8 RGB; raises
            `DataError` where it cannot be decoded or has another size than its annotations are for.
        targets: a prepared sample of some classes with its targets, without the padding, uint8 RGB.
    """

    looked: str
    samples_are: str
    chosen_from: str
    counts: Callable[[Inspection[Facts]], dict[str, int]]
    splits_table: Callable[[Inspection[Facts]], MetricTable]
    classes_table: Callable[[Inspection[Facts]], MetricTable]
    sizes_table: Callable[[Inspection[Facts]], MetricTable]
    plots: Callable[[Inspection[Facts], Path], dict[str, Path]]
    samples: Callable[[Inspection[Facts], str, int, Sequence[str]], list[GalleryItem]]
    read: Callable[[ImageRecord], Sample]
    annotated: Callable[[ImageRecord, Sequence[str], Sequence[int]], np.ndarray]
    targets: Callable[[Sample, Sequence[str]], np.ndarray]
