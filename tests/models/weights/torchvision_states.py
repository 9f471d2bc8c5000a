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


MOBILENET_V3_LARGE = (
    # Side, expanded channels, channels, squeezed channels; a block without expansion has as many as its inputs.
    (3, 16, 16, 0), (3, 64, 24, 0), (3, 72, 24, 0), (5, 72, 40, 24), (5, 120, 40, 32), (5, 120, 40, 32),
    (3, 240, 80, 0), (3, 200, 80, 0), (3, 184, 80, 0), (3, 184, 80, 0), (3, 480, 112, 120), (3, 672, 112, 168),
    (5, 672, 160, 168), (5, 960, 160, 240), (5, 960, 160, 240),
)  # fmt: skip


def mobilenet_v3_shapes(prefix="features."):
    """Name → shape of MobileNetV3 large's features."""
    inputs = 16
    shapes = conv_norm(f"{prefix}0", inputs, 3, 3)
    for number, (side, expanded, channels, squeezed) in enumerate(MOBILENET_V3_LARGE, 1):
        layers = [] if expanded == inputs else [(expanded, inputs, 1)]
        layers += [(expanded, 1, side)]
        layers += [squeezed] if squeezed else []
        layers += [(channels, expanded, 1)]
        for place, layer in enumerate(layers):
            name = f"{prefix}{number}.block.{place}"
            if layer == squeezed:
                shapes |= dense(f"{name}.fc1", squeezed, expanded, 1, 1) | dense(
                    f"{name}.fc2", expanded, squeezed, 1, 1
                )
            else:
                shapes |= conv_norm(name, *layer)
        inputs = channels
    return shapes | conv_norm(f"{prefix}{len(MOBILENET_V3_LARGE) + 1}", 960, inputs, 1)


def conv_norm(name, channels, inputs, side, numbers=(0, 1)):
    """A convolution and its batch norm, which are entries of a sequence."""
    convolution, norm = (f"{name}.{number}" for number in numbers)
    return {f"{convolution}.weight": (channels, inputs, side, side), **batch_norm(norm, channels)}


def deeplab_shapes(form="resnet50", classes=21, channels=256, aux=True, **resnet):
    """Name → shape of `deeplabv3_<form>`; `resnet` as `resnet_shapes`."""
    if form == "mobilenet_v3_large":
        shapes, last, earlier = mobilenet_v3_shapes("backbone."), 960, 40
    else:
        resnet = {"depths": (3, 4, 23 if form == "resnet101" else 6, 3), **resnet}
        whole = resnet_shapes(**resnet)
        shapes = {f"backbone.{name}": shape for name, shape in whole.items() if not name.startswith("fc")}
        last, earlier = 2048, 1024
    for branch, side in enumerate((1, 3, 3, 3)):
        shapes |= conv_norm(f"classifier.0.convs.{branch}", channels, last, side)
    shapes |= conv_norm("classifier.0.convs.4", channels, last, 1, numbers=(1, 2))
    shapes |= conv_norm("classifier.0.project", channels, 5 * channels, 1)
    shapes |= conv_norm("classifier", channels, channels, 3, numbers=(1, 2))
    shapes |= dense("classifier.4", classes, channels, 1, 1)
    if aux:
        shapes |= conv_norm("aux_classifier", earlier // 4, earlier, 3)
        shapes |= dense("aux_classifier.4", classes, earlier // 4, 1, 1)
    return shapes


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
