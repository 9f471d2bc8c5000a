"""suggest: from the numbers of a data set and a machine to a config."""

from typing import Any

from preparation.suggest.capacity import choose_detections, choose_max_objects, choose_samples
from preparation.suggest.choice import Suggestion, assemble, sections
from preparation.suggest.input_size import choose_image_size
from preparation.suggest.machine import Machine
from preparation.suggest.network import choose_anchors, choose_backbone, choose_levels, choose_pooling
from preparation.suggest.schedule import choose_augmentation, choose_batch, choose_sampling, choose_training
from preparation.suggest.stats import DataStats


def suggest(stats: DataStats, section: dict[str, Any], machine: Machine, name: str) -> Suggestion:
    """The config of a Mask R-CNN that fits the data and the machine.

    Args:
        stats: of the training images.
        section: the section `data` that finds the data set; a key that it has is kept, whatever would be chosen, and
            the other choices follow from it.
        machine: what the training may use.
        name: of the run, `exp.name`.

    Returns:
        The config, complete in itself, and the reason of each choice.
    """
    size, choice = choose_image_size(stats, machine)
    size = tuple(section.get("image_size", size))
    boxes = stats.scaled(size)
    batch_size, batch = choose_batch(stats, machine, size)
    batch_size = section.get("batch_size", batch_size)
    objects = choose_max_objects(stats, machine, size, batch_size)
    capacity = section.get("max_objects", objects.value)
    fpn, levels = choose_levels(boxes, machine)
    start = sections(name, section, "mask_rcnn", "coco")
    choices = [
        *(choice, objects, *batch, *choose_augmentation(stats, size, batch_size), *choose_sampling(stats)),
        *(*choose_backbone(stats, machine, batch_size), *levels),
        *(*choose_anchors(boxes, fpn, size), *choose_pooling(boxes, fpn)),
        *(*choose_samples(stats, machine), *choose_detections(stats, capacity)),
        *choose_training(stats, machine, size, batch_size),
    ]
    return assemble(start, choices)
