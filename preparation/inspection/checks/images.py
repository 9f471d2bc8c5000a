"""Checks of images: left out, undecodable, of another size, without objects, too few."""

from collections.abc import Iterator

from preparation.inspection.finding import Example, Finding, Place, article, first, plural
from preparation.inspection.inspection import Inspection


def check_broken(inspection: Inspection) -> Iterator[Finding]:
    """What reading left out; an error where it is more than `data.max_bad_fraction` allows."""
    allowed = inspection.max_bad_fraction
    for broken in inspection.broken:
        if broken.items:
            too_many = len(broken.items) > allowed * broken.total
            more = f" That is more than data.max_bad_fraction = {allowed} allows." if too_many else ""
            yield Finding(
                f"broken {broken.what}",
                "error" if too_many else "warning",
                len(broken.items),
                f"{broken.summary}.{more}",
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
    """Images without anything of the classes, which are legal, and a training split of nothing else, which is not."""
    for split, facts in inspection.splits.items():
        unit = facts.unit
        if split == "train" and not facts.amounts(len(inspection.classes)).any():
            yield Finding(
                f"no {unit}s",
                "error",
                len(facts.records),
                f"No training image has {article(unit)} of the classes: there is nothing to learn.",
                "Look at the annotations, and at data.classes.",
            )
        elif len(facts.empty):
            examples = [Example(facts.records[i].path.name, (Place(split, i),)) for i in facts.empty.tolist()]
            share = len(examples) / len(facts.records)
            yield Finding(
                f"empty images in {split}",
                "note",
                len(examples),
                f"{plural(len(examples), 'image')} of {split} ({share:.0%}) without {article(unit)} of the classes.",
                "They teach the background. Check that their annotations are not missing; data.keep_empty = false "
                "leaves those of train out, where the data set has that key.",
                first(examples),
            )


def check_batch(inspection: Inspection) -> Iterator[Finding]:
    """A batch of the config that does not fit."""
    config, train = inspection.config, inspection.splits["train"]
    if "batch_size" in config.model_fields_set and len(train.records) < config.batch_size:
        yield Finding(
            "fewer images than a batch",
            "error",
            len(train.records),
            f"train has {plural(len(train.records), 'image')}, data.batch_size is {config.batch_size}.",
            "Make data.batch_size smaller.",
        )
