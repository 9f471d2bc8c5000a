"""A backbone built, loaded and frozen in one call."""

from models.backbones.build import BackboneBuilder


def build_backbone(config, image_size, trained=None):
    """See `build_backbone_with_report`; the backbone alone."""
    return build_backbone_with_report(config, image_size, trained)[0]


def build_backbone_with_report(config, image_size, trained=None):
    """As a new run has it (`trained` None), or for a checkpoint of a run that did or did not have trained weights."""
    builder = BackboneBuilder(config, image_size)
    report = builder.load() if trained is None else None
    if trained if report is None else report.source is not None:
        builder.freeze()
    return builder.backbone, report
