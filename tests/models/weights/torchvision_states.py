"""State dicts in torchvision's names, shapes and layouts, with values made by a formula."""

import zlib

import numpy as np

CLASSES = 91
"""Of torchvision's COCO heads, the background among them."""

SMALL = {"depths": (1, 1, 1, 1), "group_width": 4}
"""A ResNet in which every kind of layer is there, of as few blocks and channels as may be."""


def resnet_shapes(depths=(3, 4, 6, 3), groups=1, group_width=64):
    """Name → shape of a ResNet's or ResNeXt's classifier."""
    shapes = {"conv1.weight": (64, 3, 7, 7), **batch_norm("bn1", 64)}
    inputs = 64
    for stage, depth in enumerate(depths):
        width, outputs = groups * group_width * 2**stage, 256 * 2**stage
        for block in range(depth):
            name = f"layer{stage + 1}.{block}"
            shapes |= {f"{name}.conv1.weight": (width, inputs, 1, 1), **batch_norm(f"{name}.bn1", width)}
            shapes |= {f"{name}.conv2.weight": (width, width // groups, 3, 3), **batch_norm(f"{name}.bn2", width)}
            shapes |= {f"{name}.conv3.weight": (outputs, width, 1, 1), **batch_norm(f"{name}.bn3", outputs)}
            if not block:
                shapes[f"{name}.downsample.0.weight"] = (outputs, inputs, 1, 1)
                shapes |= batch_norm(f"{name}.downsample.1", outputs)
            inputs = outputs
    return shapes | dense("fc", 1000, inputs)


def batch_norm(name, channels):
    leaves = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{leaf}": (channels,) for leaf in leaves}, f"{name}.num_batches_tracked": ()}


def dense(name, *shape):
    return {f"{name}.weight": shape, f"{name}.bias": (shape[0],)}


def mask_rcnn_shapes(classes=CLASSES, channels=256, hidden=1024, pool=7, masks=4, old_names=False, **resnet):
    """Name → shape of `maskrcnn_resnet50_fpn`; `old_names` as in its published file; `resnet` as `resnet_shapes`."""
    block, head = ("", "") if old_names else (".0", ".0.0")
    shapes = {
        f"backbone.body.{name}": shape for name, shape in resnet_shapes(**resnet).items() if not name.startswith("fc")
    }
    for level, inputs in enumerate((256, 512, 1024, 2048)):
        shapes |= dense(f"backbone.fpn.inner_blocks.{level}{block}", channels, inputs, 1, 1)
        shapes |= dense(f"backbone.fpn.layer_blocks.{level}{block}", channels, channels, 3, 3)
    shapes |= dense(f"rpn.head.conv{head}", channels, channels, 3, 3)
    shapes |= dense("rpn.head.cls_logits", 3, channels, 1, 1) | dense("rpn.head.bbox_pred", 12, channels, 1, 1)
    shapes |= dense("roi_heads.box_head.fc6", hidden, channels * pool * pool)
    shapes |= dense("roi_heads.box_head.fc7", hidden, hidden)
    shapes |= dense("roi_heads.box_predictor.cls_score", classes, hidden)
    shapes |= dense("roi_heads.box_predictor.bbox_pred", 4 * classes, hidden)
    for i in range(masks):
        name = f"roi_heads.mask_head.mask_fcn{i + 1}" if old_names else f"roi_heads.mask_head.{i}.0"
        shapes |= dense(name, channels, channels, 3, 3)
    shapes |= {"roi_heads.mask_predictor.conv5_mask.weight": (channels, channels, 2, 2)}
    shapes |= {"roi_heads.mask_predictor.conv5_mask.bias": (channels,)}
    return shapes | dense("roi_heads.mask_predictor.mask_fcn_logits", classes, channels, 1, 1)


def with_norms(whole):
    """What tells `maskrcnn_resnet50_fpn_v2` from the first, in its names: norms in the pyramid, longer heads."""
    norm = {f"backbone.fpn.inner_blocks.0.1.{leaf}": np.ones(2, np.float32) for leaf in ("weight", "running_mean")}
    more = {"rpn.head.conv.1.0.weight": np.ones((2, 2, 3, 3), np.float32), "rpn.head.conv.1.0.bias": np.ones(2, "f4")}
    box = {name.replace("fc7", "5"): value for name, value in whole.items() if ".fc6" not in name}
    return {**box, **norm, **more}


def state(shapes):
    """Values in which no two arrays are alike and every variance is positive."""
    return {name: _values(name, shape) for name, shape in shapes.items()}


def _values(name, shape):
    if name.endswith("num_batches_tracked"):
        return np.array(7, np.int64)
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    values = generator.random(shape, np.float32)
    return values + np.float32(0.5) if name.endswith("running_var") else values - np.float32(0.5)
