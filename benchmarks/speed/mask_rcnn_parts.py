"""The stretches of a Mask R-CNN's inference."""

from typing import Any

from models.mask_rcnn.detect import detect
from models.mask_rcnn.network import MaskRCNNNetwork
from models.ops.pixels import fill_padding

State = dict[str, Any]
"""What is known of a batch so far: name → tensor."""


def _backbone(network: MaskRCNNNetwork, state: State) -> State:
    return network.backbone(fill_padding(state["images"], state["image_size"], network.padding), training=False)


def _fpn(network: MaskRCNNNetwork, state: State) -> State:
    return network.fpn({name: value for name, value in state.items() if name.startswith("C")})


def _rpn(network: MaskRCNNNetwork, state: State) -> State:
    logits, deltas = network.rpn_head(_pyramid(state))
    return {"rpn_logits": logits, "rpn_deltas": deltas}


def _proposals(network: MaskRCNNNetwork, state: State) -> State:
    proposals, valid = network.propose(state["rpn_logits"], state["rpn_deltas"], state, training=False)
    return {"proposals": proposals, "valid": valid}


def _pool_boxes(network: MaskRCNNNetwork, state: State) -> State:
    return {"pooled": network.pool(_pyramid(state), state["proposals"], network.config.box_head)}


def _box_head(network: MaskRCNNNetwork, state: State) -> State:
    logits, deltas = network.box_head(state["pooled"])
    return {"class_logits": logits, "box_deltas": deltas}


def _detections(network: MaskRCNNNetwork, state: State) -> State:
    heads = state["class_logits"], state["box_deltas"]
    boxes = state["proposals"], state["valid"], state["image_size"]
    return detect(*heads, *boxes, network.coder, network.config.detect)


def _pool_masks(network: MaskRCNNNetwork, state: State) -> State:
    return {"pooled_masks": network.pool_detections(_pyramid(state), state["boxes"], state["classes"])}


def _mask_head(network: MaskRCNNNetwork, state: State) -> State:
    return {"masks": network.masks(state["pooled_masks"], state["classes"])}


def _pyramid(state: State) -> State:
    return {name: state[name] for name in sorted(state) if name.startswith("P")}


PARTS = {
    "backbone": _backbone,
    "FPN": _fpn,
    "RPN": _rpn,
    "proposals": _proposals,
    "RoIAlign, boxes": _pool_boxes,
    "box head": _box_head,
    "detections": _detections,
    "RoIAlign, masks": _pool_masks,
    "mask head": _mask_head,
}
"""In the order of the inference."""
