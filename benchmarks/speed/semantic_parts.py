"""The stretches of the inference of a network that labels pixels."""

from typing import Any

from keras import ops

from models.deeplab.network import SemanticNetwork

State = dict[str, Any]
"""What is known of a batch so far: name → tensor."""


def _backbone(network: SemanticNetwork, state: State) -> State:
    return network.features(state, training=False)


def _neck(network: SemanticNetwork, state: State) -> State:
    known = {name: state[name] for name in network.backbone.output}
    return {"gathered": network.neck(known, training=False)}


def _head(network: SemanticNetwork, state: State) -> State:
    return {"coarse_logits": network.head(state["gathered"], training=False)}


def _resizing(network: SemanticNetwork, state: State) -> State:
    return {"logits": network.enlarge(state["coarse_logits"])}


def _labels(network: SemanticNetwork, state: State) -> State:
    return {"labels": ops.cast(ops.argmax(state["logits"], axis=-1), "int32")}


PARTS = {
    "backbone": _backbone,
    "ASPP and decoder, or pyramid": _neck,
    "head": _head,
    "resizing of the logits": _resizing,
    "labels": _labels,
}
"""In the order of the inference."""
