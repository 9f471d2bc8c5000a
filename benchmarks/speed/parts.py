"""The stretches of a network's inference, each compiled on its own: where the time goes."""

from collections.abc import Callable, Mapping
from typing import Any

from keras import ops

from benchmarks.speed import mask_rcnn_parts, semantic_parts
from benchmarks.speed.timing import Times, interleaved, wait_for
from inference.compiled import compile_predict
from models.deeplab.network import SemanticNetwork
from models.mask_rcnn.network import MaskRCNNNetwork

State = dict[str, Any]
"""What is known of a batch so far: name → tensor."""

Work = Callable[[Any, State], State]
"""The network and the state before a stretch → what it adds to the state."""


class Part:
    """One stretch, as something that `compile_predict` can compile."""

    def __init__(self, network: Any, work: Work):
        self.network = network
        self.work = work

    def predict(self, state: State) -> State:
        """What the stretch adds to the state."""
        return self.work(self.network, state)


def parts_of(network: Any) -> Mapping[str, Work]:
    """The stretches of a network by their names, in the order of the inference; of an unknown network none."""
    if isinstance(network, MaskRCNNNetwork):
        return mask_rcnn_parts.PARTS
    return semantic_parts.PARTS if isinstance(network, SemanticNetwork) else {}


def time_parts(network: Any, batch: State, rounds: int, jit_compile: bool) -> dict[str, Times]:
    """Name of a stretch → its times, in the order of the inference; what a stretch needs is there before it starts."""
    state = {key: ops.convert_to_tensor(batch[key]) for key in ("images", "image_size")}
    jobs = {}
    for name, work in parts_of(network).items():
        part: Any = Part(network, work)  # has what a prediction takes of a `BaseModel`
        predict = compile_predict(part, jit_compile)
        before = dict(state)
        jobs[name] = lambda predict=predict, before=before: predict(before)
        made = predict(before)
        wait_for(made)
        state |= made
    return interleaved(jobs, rounds) if jobs else {}
