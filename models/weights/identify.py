"""Which backbone a file of weights was made for, read from the names and shapes in it: for the messages of errors."""

import re
from collections.abc import Mapping

Shapes = Mapping[str, tuple[int, ...]]

_BLOCK = re.compile(r"layer(\d)_(\d+)_conv(\d)/kernel")

_SIGNS: tuple[tuple[str, str], ...] = (
    # Layers of keras.applications. Networks that share names are in the order in which they can be distinguished.
    (r"conv5_block\d+_concat", "densenet121, 169 or 201"),
    (r"conv4_block36_preact_bn", "resnet152_v2"),
    (r"conv4_block23_preact_bn", "resnet101_v2"),
    (r"conv4_block6_preact_bn", "resnet50_v2"),
    (r"conv4_block36_out", "resnet152_v1"),
    (r"conv4_block23_out", "resnet101_v1"),
    (r"conv4_block6_out", "resnet50_v1"),
    (r"block_16_project", "mobilenet_v2"),
    (r"expanded_conv_14(_|/)project", "mobilenet_v3_large"),
    (r"expanded_conv_10(_|/)project", "mobilenet_v3_small"),
    (r"block5_conv4", "vgg19"),
    (r"block5_conv3", "vgg16"),
    (r"block14_sepconv2", "xception"),
    (r"block7a_project_conv", "an EfficientNet"),
    (r"block6a_project_conv", "an EfficientNetV2"),
    (r"(convnext_\w+?)_stem", r"\1"),
    # Modules of torchvision other than its ResNets, whose layers and layouts are not ours.
    (r"features\.denseblock4\..*", "a DenseNet of torchvision"),
    (r"features[._]18[._]0", "mobilenet_v2 of torchvision"),
    (r"features[._]16[._]0", "mobilenet_v3_large_torchvision"),
    (r"features[._]1[._]block[._]0[._]0", "a MobileNetV3 of torchvision"),
    (r"features\.1\.0\.block\.0\.0\.weight", "an EfficientNet of torchvision"),
    (r"features\.1\.0\.layer_scale", "a ConvNeXt of torchvision"),
    (r"features\.(28|34)\.weight", "a VGG of torchvision"),
)
"""Name in a file, as a pattern of its beginning → what it is of."""


def backbone_of(shapes: Shapes) -> str | None:
    """The backbone's name as in `model.backbone.name`, or what it is in words; None where nothing shows it.

    Args:
        shapes: path of our variable → its shape, of a file that `torchvision_arrays` translated; or any names in the
            file, with any shapes.
    """
    resnet = _resnet(shapes)
    if resnet:
        return resnet
    for pattern, name in _SIGNS:
        for found in shapes:
            match = re.match(pattern, found)
            if match:
                return match.expand(name)
    return None


def _resnet(shapes: Shapes) -> str | None:
    """torchvision's name, from the blocks of each stage and from the groups and widths of the 3×3 convolutions."""
    blocks = [match for name in shapes if (match := _BLOCK.fullmatch(name))]
    bottleneck = any(match[3] == "3" for match in blocks)
    depths = [len({match[2] for match in blocks if match[1] == str(stage)}) for stage in (1, 2, 3, 4)]
    kernel = shapes.get("layer1_0_conv2/kernel", ())
    if len(kernel) != 4 or 0 in depths or 0 in kernel:
        return None
    number = (3 if bottleneck else 2) * sum(depths) + 2
    groups = kernel[3] // kernel[2]
    if groups > 1:
        return f"resnext{number}_{groups}x{kernel[2]}d"
    if kernel[3] % 64:
        return f"a ResNet of {depths} blocks and {kernel[3]} channels"
    return f"resnet{number}" if kernel[3] == 64 else f"wide_resnet{number}_{kernel[3] // 64}"
