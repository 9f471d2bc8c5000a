"""The network of Mask R-CNN: backbone, pyramid, proposals, and the heads on what was pooled.

Alphabet: `B` images, `A` anchors, `P` proposals, `N` samples, `M` positives at most, `S` side of a mask,
`D` detections, `K` classes, `G` padded ground truths.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from base.batch import DataSpec
from models.backbones.build import BackboneBuilder
from models.layers.fpn import FPN
from models.mask_rcnn.config import BoxHeadConfig, MaskHeadConfig, MaskRCNNConfig
from models.mask_rcnn.detect import detect
from models.mask_rcnn.heads import BoxHead, MaskHead, of_class
from models.mask_rcnn.rpn import RPNHead, select_proposals
from models.mask_rcnn.targets import GroundTruth, anchor_targets, roi_targets
from models.ops.anchors import AnchorGenerator
from models.ops.box_coder import BoxCoder
from models.ops.pixels import fill_padding
from models.ops.roi_align import assign_levels, roi_align
from models.ops.trim import lengthen, longest

_NOISE_BLOCK = 1024
"""Random numbers of an image come in such blocks, so that a ground truth padded a little more gets the same ones."""


class MaskRCNNNetwork(keras.Model):
    """All weights of a Mask R-CNN, and the two ways through them: `forward_train` and `forward_inference`.

    Args:
        config: the section `model`.
        spec: classes and shapes of the data.
    """

    def __init__(self, config: MaskRCNNConfig, spec: DataSpec):
        # Without autocast the boxes stay float32 under mixed precision; each layer casts its own features.
        super().__init__(name="mask_rcnn", autocast=False)
        self.config = config
        self.num_classes = spec.num_classes
        channels = config.fpn.channels
        size = spec.image_size
        self.backbone_builder = BackboneBuilder(config.backbone, size)
        self.backbone = self.backbone_builder.backbone
        self.padding = self.backbone.get_layer("normalize_images").neutral
        self.fpn = FPN(config.fpn, name="fpn")
        generator = AnchorGenerator(config.rpn.anchor_sizes, config.rpn.aspect_ratios)
        self.rpn_head = RPNHead(channels, generator.num_per_cell[0])
        self.box_head = BoxHead(config.box_head, channels, spec.num_classes)
        self.mask_head = MaskHead(config.mask_head, channels, spec.num_classes)
        self.coder = BoxCoder(config.box_head.delta_weights, config.box_head.max_scale)
        self.noise = keras.random.SeedGenerator(name="sampling_noise")
        self._make_weights(channels)
        strides = [2**level for level in config.fpn.levels]
        self.anchors = generator.grid(strides, [(-(-size[0] // s), -(-size[1] // s)) for s in strides])

    def _make_weights(self, channels: int) -> None:
        self.fpn.build({name: tensor.shape for name, tensor in self.backbone.output.items()})
        self.rpn_head.build(None)
        self.box_head.build((None, None, self.config.box_head.pool_size, self.config.box_head.pool_size, channels))
        self.mask_head.build((None, None, self.config.mask_head.pool_size, self.config.mask_head.pool_size, channels))
        self.built = True

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """A batch → what the losses need (`training`) or detections."""
        return self.forward_train(batch) if training else self.forward_inference(batch)

    def forward_train(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Outputs on sampled anchors and proposals, with their targets.

        Args:
            batch: `images` uint8 (B, H, W, 3), `image_size` int32 (B, 2), and, as in `base/batch.py`, `gt_boxes`
                (B, G, 4), `gt_classes` (B, G), `gt_crowd` (B, G), `gt_masks` (B, G, H, W).

        Returns:
            `rpn_logits` (B, A) and `rpn_deltas` (B, A, 4) of all anchors, and `rpn`, the `AnchorTargets` of those that
            were sampled; `rois`, the `RoITargets` of N samples, with `class_logits` (B, N, K + 1), `box_deltas`
            (B, N, K + 1, 4), and `mask_logits` (B, M, S, S, K) of the first M, among which all positives are;
            `ground_truth`, the `GroundTruth`. All float32.
        """
        ground_truth = GroundTruth.of(batch)
        pyramid = self.pyramid(batch, training=True)
        logits, deltas = self.rpn_head(pyramid)
        anchors = np.concatenate(self.anchors)
        rpn = anchor_targets(anchors, ground_truth, self._noise(logits), self.config.rpn, self.config.crowd_ioa)
        proposals, valid = self.propose(logits, deltas, batch, training=True)
        noise = ops.concatenate([self._noise(valid), self._noise(ground_truth.valid)], axis=1)
        rois = roi_targets(proposals, valid, ground_truth, noise, self.config.box_head, self.config.crowd_ioa)
        boxes = ops.stop_gradient(rois.boxes)
        class_logits, box_deltas = self.box_head(self.pool(pyramid, boxes, self.config.box_head))
        positive = rois.positive[:, : self.config.mask_samples]  # the positives stand first
        sampled = boxes[:, : longest(positive)]
        mask_logits = self.mask_head(self.pool(pyramid, sampled, self.config.mask_head))
        return {
            "rpn": rpn,
            "rois": rois,
            "ground_truth": ground_truth,
            "rpn_logits": logits,
            "rpn_deltas": deltas,
            "class_logits": class_logits,
            "box_deltas": box_deltas,
            "mask_logits": mask_logits,
        }

    def forward_inference(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Detections, the best first.

        Args:
            batch: `images` uint8 (B, H, W, 3), `image_size` int32 (B, 2): height and width of what is no padding.

        Returns:
            `boxes` (B, D, 4), `scores` (B, D), `classes` int32 (B, D) with 0 for padding, and `masks` (B, D, S, S), the
            probability of each cell of the box to be object.
        """
        pyramid = self.pyramid(batch, training=False)
        logits, deltas = self.rpn_head(pyramid)
        proposals, valid = self.propose(logits, deltas, batch, training=False)
        class_logits, box_deltas = self.box_head(self.pool(pyramid, proposals, self.config.box_head))
        size = batch["image_size"]
        found = detect(class_logits, box_deltas, proposals, valid, size, self.coder, self.config.detect)
        pooled = self.pool_detections(pyramid, found["boxes"], found["classes"])
        return {**found, "masks": self.masks(pooled, found["classes"])}

    def pyramid(self, batch: dict[str, Any], training: bool) -> dict[str, Any]:
        """The features of the images, {"P2": (B, h, w, C), …} from fine to coarse."""
        images = fill_padding(batch["images"], batch["image_size"], self.padding)
        return self.fpn(self.backbone(images, training=training))

    def propose(self, logits: Any, deltas: Any, batch: dict[str, Any], training: bool) -> tuple[Any, Any]:
        """Proposals (B, P, 4) and which of them are valid, see `select_proposals`."""
        return select_proposals(logits, deltas, self.anchors, batch["image_size"], self.config.rpn, training)

    def pool(self, pyramid: dict[str, Any], boxes: Any, head: BoxHeadConfig | MaskHeadConfig) -> Any:
        """What a head works on: (B, N, S, S, C) of the boxes (B, N, 4), S being the head's `pool_size`."""
        low, high = self.config.fpn.min_level, self.config.fpn.max_level
        levels = assign_levels(boxes, low, high, self.config.roi.canonical_size, self.config.roi.canonical_level)
        features = [pyramid[f"P{level}"] for level in range(low, high + 1)]
        scales = [1.0 / 2**level for level in range(low, high + 1)]
        return roi_align(features, boxes, levels, scales, head.pool_size, self.config.roi.sampling_ratio)

    def pool_detections(self, pyramid: dict[str, Any], boxes: Any, classes: Any) -> Any:
        """What the mask head works on: (B, n, S, S, C) of the first boxes of (B, D, 4), whose classes are (B, D).

        Where the backend can, n is as many as the image with the most detections has, else D: see `longest`.
        """
        return self.pool(pyramid, boxes[:, : longest(classes > 0)], self.config.mask_head)

    def masks(self, pooled: Any, classes: Any) -> Any:
        """Probabilities (B, D, 2S, 2S) of the classes (B, D), from what `pool_detections` gives; 0 without object."""
        number = ops.shape(pooled)[1]
        first = classes[:, :number]
        own = of_class(self.mask_head(pooled), ops.maximum(first - 1, 0))
        return lengthen(ops.where((first > 0)[..., None, None], ops.sigmoid(own), 0.0), classes.shape[1])

    def _noise(self, like: Any) -> Any:
        """Uniform numbers (B, N) for (B, N) values; neither more padding nor a further image changes an image's."""
        number = like.shape[1]
        length = -(-number // _NOISE_BLOCK) * _NOISE_BLOCK
        return keras.random.uniform((ops.shape(like)[0], length), seed=self.noise)[:, :number]
