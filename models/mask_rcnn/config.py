"""The section `model` of a Mask R-CNN.

Thresholds, counts, anchors, box codings and loss constants default to those of torchvision's `maskrcnn_resnet50_fpn`;
the differences are documented in `docs/DECISIONS.md`.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from base.config import ModelConfig
from models.backbones.config import BackboneConfig
from models.layers.config import FPNConfig
from models.weights.config import PretrainedConfig, check_one_beginning
from utils.config.section import Section

Positive = Annotated[float, Field(gt=0)]
Channels = Annotated[int, Field(ge=1)]
Sizes = Annotated[tuple[Positive, ...], Field(min_length=1)]
Weights4 = tuple[Positive, Positive, Positive, Positive]


def _check_positives(samples: int, fraction: float) -> None:
    if not int(samples * fraction):
        raise ValueError(
            f"received samples {samples} and positive_fraction {fraction}, which gives no positive; raise one "
            "of them until their product is at least 1"
        )


class RPNConfig(Section):
    """The region proposal network."""

    anchor_sizes: tuple[Sizes, ...] = ((32.0,), (64.0,), (128.0,), (256.0,), (512.0,))
    """Sides of a square anchor, as many for each level, the finest first. Pixels of the input: they go with
    `data.image_size`."""
    aspect_ratios: Sizes = (0.5, 1.0, 2.0)
    """Height / width of the anchors."""
    positive_iou: float = Field(default=0.7, gt=0, le=1)
    """An anchor with at least this IoU to an object is positive."""
    negative_iou: float = Field(default=0.3, ge=0, le=1)
    """An anchor with less than this IoU to all objects is negative; one in between is not used."""
    low_quality_matches: bool = True
    """Whether the best anchors of each object are positive too, however little they overlap it."""
    samples: int = Field(default=256, ge=1)
    """Anchors of an image that the loss is computed on."""
    positive_fraction: float = Field(default=0.5, gt=0, lt=1)
    """The largest share of positives among them."""
    delta_weights: Weights4 = (1.0, 1.0, 1.0, 1.0)
    """Scale of the targets (dx, dy, dw, dh)."""
    max_scale: float = Field(default=1000.0 / 16.0, gt=1)
    """A predicted box is at most this many times as wide and as high as its anchor."""
    smooth_l1_beta: float = Field(default=1.0 / 9.0, ge=0)
    """The box loss is quadratic below this difference and linear above."""
    nms_iou: float = Field(default=0.7, gt=0, le=1)
    """Of two proposals of one level with more IoU than this, the one of lower score is dropped."""
    min_size: float = Field(default=1e-3, ge=0)
    """Proposals with a side shorter than this, in pixels, are dropped."""
    pre_nms_top_n_train: int = Field(default=2000, ge=1)
    """Best proposals of each level before NMS, in training."""
    post_nms_top_n_train: int = Field(default=2000, ge=1)
    """Best proposals of all levels after NMS, in training."""
    pre_nms_top_n_eval: int = Field(default=1000, ge=1)
    """As `pre_nms_top_n_train`, in evaluation."""
    post_nms_top_n_eval: int = Field(default=1000, ge=1)
    """As `post_nms_top_n_train`, in evaluation."""

    @model_validator(mode="after")
    def _positives(self) -> Self:
        _check_positives(self.samples, self.positive_fraction)
        return self


class BoxHeadConfig(Section):
    """Classes and boxes of the proposals."""

    positive_iou: float = Field(default=0.5, gt=0, le=1)
    """A proposal with at least this IoU to an object belongs to it; any other is background."""
    samples: int = Field(default=512, ge=1)
    """Proposals of an image that the losses are computed on."""
    positive_fraction: float = Field(default=0.25, gt=0, lt=1)
    """The largest share of positives among them; the mask head is trained on these (see `mask_head.samples`)."""
    pool_size: int = Field(default=7, ge=1)
    """Side of the pooled features."""
    hidden: int = Field(default=1024, ge=1)
    """Width of the two dense layers."""
    delta_weights: Weights4 = (10.0, 10.0, 5.0, 5.0)
    """Scale of the targets (dx, dy, dw, dh)."""
    max_scale: float = Field(default=1000.0 / 16.0, gt=1)
    """A predicted box is at most this many times as wide and as high as its proposal."""
    smooth_l1_beta: float = Field(default=1.0 / 9.0, ge=0)
    """The box loss is quadratic below this difference and linear above."""

    @model_validator(mode="after")
    def _positives(self) -> Self:
        _check_positives(self.samples, self.positive_fraction)
        return self


class MaskHeadConfig(Section):
    """Masks of the detections."""

    pool_size: int = Field(default=14, ge=1)
    """Side of the pooled features; the mask is twice as large."""
    channels: tuple[Channels, ...] = (256, 256, 256, 256)
    """Channels of the 3×3 convolutions."""
    upsample_channels: int = Field(default=256, ge=1)
    """Channels of the transposed convolution."""
    samples: int | None = Field(default=None, ge=1)
    """Positives of an image that the mask loss is computed on; null: all that the box head samples."""


class RoIConfig(Section):
    """How the features of a box are pooled from the pyramid."""

    sampling_ratio: int = Field(default=2, ge=1)
    """Samples in each direction of a RoIAlign bin."""
    canonical_size: float = Field(default=224.0, gt=0)
    """A box of this side (root of its area) is pooled from `canonical_level` (FPN, equation 1). Pixels of the input: it
    goes with `data.image_size`."""
    canonical_level: int = Field(default=4, ge=2)
    """See `canonical_size`."""


class DetectConfig(Section):
    """What is kept as a detection."""

    score_threshold: float = Field(default=0.05, ge=0, lt=1)
    """Detections with a lower probability are dropped."""
    nms_iou: float = Field(default=0.5, gt=0, le=1)
    """Of two boxes of one class with more IoU than this, the one of lower score is dropped."""
    min_size: float = Field(default=1e-2, ge=0)
    """Boxes with a side shorter than this, in pixels, are dropped."""
    max_detections: int = Field(default=100, ge=1)
    """Best detections of an image."""
    pre_nms_top_n: int = Field(default=1000, ge=1)
    """Best pairs of box and class that go into NMS, at least `max_detections`; torchvision takes all with enough
    score."""

    @model_validator(mode="after")
    def _nms_can_fill_the_detections(self) -> Self:
        if self.pre_nms_top_n < self.max_detections:
            raise ValueError(
                f"pre_nms_top_n is {self.pre_nms_top_n}, fewer than the {self.max_detections} of max_detections; raise "
                "the former or lower the latter"
            )
        return self


class LossWeights(Section):
    """The factor of each loss term."""

    rpn_objectness: float = Field(default=1.0, ge=0)
    """Is it an object."""
    rpn_box: float = Field(default=1.0, ge=0)
    """The box of the proposal."""
    classifier: float = Field(default=1.0, ge=0)
    """Which class it is."""
    box: float = Field(default=1.0, ge=0)
    """The box of the detection."""
    mask: float = Field(default=1.0, ge=0)
    """Which pixels belong to it."""


class MaskRCNNConfig(ModelConfig):
    """Mask R-CNN (He et al. 2017) on a feature pyramid (Lin et al. 2017)."""

    name: str = "mask_rcnn"
    """A registered model, or `package.module:Class` of your own."""
    backbone: BackboneConfig = BackboneConfig()
    """Where the features come from."""
    pretrained: PretrainedConfig | None = None
    """A whole network that was trained before, in place of `backbone.weights` alone; null: none."""
    fpn: FPNConfig = FPNConfig()
    """The feature pyramid."""
    rpn: RPNConfig = RPNConfig()
    """The region proposal network."""
    roi: RoIConfig = RoIConfig()
    """How the features of a box are pooled."""
    box_head: BoxHeadConfig = BoxHeadConfig()
    """Classes and boxes."""
    mask_head: MaskHeadConfig = MaskHeadConfig()
    """Masks."""
    detect: DetectConfig = DetectConfig()
    """What is kept as a detection."""
    loss_weights: LossWeights = LossWeights()
    """The factor of each loss term."""
    crowd_ioa: float = Field(default=0.5, gt=0, le=1)
    """An anchor or proposal with more than this share of its area in a crowd is no negative."""

    @property
    def mask_samples(self) -> int:
        """Positives of an image that go through the mask head in training."""
        positives = int(self.box_head.samples * self.box_head.positive_fraction)
        return min(positives, self.mask_head.samples or positives)

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        check_one_beginning(self.init_from, self.pretrained)
        return self

    @model_validator(mode="after")
    def _anchors_fit_the_pyramid(self) -> Self:
        levels, rpn = len(self.fpn.levels), self.rpn
        numbers = [len(sizes) for sizes in rpn.anchor_sizes]
        if len(numbers) != levels:
            raise ValueError(
                f"rpn.anchor_sizes has {len(numbers)} entries, the pyramid {levels} levels; give each level a list"
            )
        if len(set(numbers)) > 1:
            raise ValueError(f"rpn.anchor_sizes has {numbers} sizes on its levels; give each level as many")
        if rpn.negative_iou > rpn.positive_iou:
            raise ValueError(
                f"rpn.negative_iou {rpn.negative_iou} is above rpn.positive_iou {rpn.positive_iou}; lower the former"
            )
        return self
