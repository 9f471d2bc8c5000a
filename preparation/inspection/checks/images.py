"""Checks of images: left out, undecodable, of another size, without objects, too few."""

from collections.abc import Iterator

import numpy as np

from preparation.inspection.finding import Example, Finding, Place, first, plural
from preparation.inspection.inspection import Inspection


def check_broken(inspection: Inspection) -> Iterator[Finding]:
    """What reading left out; an error where it is more than `data.max_bad_fraction` allows."""
    allowed = inspection.max_bad_fraction
    for broken in inspection.broken:
        if broken.items:
            too_many = len(broken.items) > allowed * broken.total
            share = f"{len(broken.items):,} of {broken.total:,} {broken.what} are broken and left out"
            more = f" That is more than data.max_bad_fraction = {allowed} allows." if too_many else ""
            yield Finding(
                f"broken {broken.what}",
                "error" if too_many else "warning",
                len(broken.items),
                f"{share}.{more}",
                "Repair them or take them out" + (", or raise data.max_bad_fraction." if too_many else "."),
                first([Example(str(item)) for item in broken.items]),
            )


def check_decoding(inspection: Inspection) -> Iterator[Finding]:
    """Images that a training would stop at."""
    found: dict[str, list[Example]] = {}
    for split, facts in inspection.splits.items():
        for look in facts.looks:
            if look.problem:
                found.setdefault(look.problem.kind, []).append(Example(f"{split}: {look.problem.reason}"))
    for kind, examples in found.items():
        yield Finding(
            f"image {kind}",
            "error",
            len(examples),
            f"{plural(len(examples), 'image')} {kind}: a training would stop there.",
            "Replace the files, or take them out of the annotations.",
            first(examples),
        )


def check_empty(inspection: Inspection) -> Iterator[Finding]:
    """Images without an object, which are legal, and a training split without any object, which is not."""
    for split, facts in inspection.splits.items():
        if split == "train" and not len(facts.objects.single):
            yield Finding(
                "no objects",
                "error",
                len(facts.records),
                "No training image has an object of the classes: there is nothing to learn.",
                "Look at the annotations, and at data.classes.",
            )
        elif len(facts.empty):
            examples = [Example(facts.records[i].path.name, (Place(split, i),)) for i in facts.empty.tolist()]
            share = len(examples) / len(facts.records)
            yield Finding(
                f"empty images in {split}",
                "note",
                len(examples),
                f"{plural(len(examples), 'image')} of {split} ({share:.0%}) without an object of the classes.",
                "They teach the background. Check that their annotations are not missing; data.keep_empty = false "
                "leaves those of train out, where the data set has that key.",
                first(examples),
            )


def check_batch(inspection: Inspection) -> Iterator[Finding]:
    """A batch or a capacity of the config that does not fit."""
    config, train = inspection.config, inspection.splits["train"]
    if "batch_size" in config.model_fields_set and len(train.records) < config.batch_size:
        yield Finding(
            "fewer images than a batch",
            "error",
            len(train.records),
            f"train has {plural(len(train.records), 'image')}, data.batch_size is {config.batch_size}.",
            "Make data.batch_size smaller.",
        )
    over = np.flatnonzero(np.bincount(train.objects.image, minlength=len(train.records)) > config.max_objects)
    if "max_objects" in config.model_fields_set and len(over):
        examples = [Example(train.records[i].path.name, (Place("train", i),)) for i in over.tolist()]
        yield Finding(
            "more objects than data.max_objects",
            "warning",
            len(over),
            f"{plural(len(over), 'training image')} with more than {config.max_objects} objects: the smallest are "
            "left out and learned as background.",
            f"Raise data.max_objects; the fullest image has {int(train.counts.max())}.",
            first(examples),
        )
