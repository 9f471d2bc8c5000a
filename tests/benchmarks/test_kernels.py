"""Which kernels a profile names, and that no convolution of a training step falls out of oneDNN."""

import io
import os
import platform

import keras
import pytest
from rich.console import Console

from benchmarks.kernels import Call, fallen_through, profiled, report
from inference.compiled import compile_predict
from tests.models.mask_rcnn.dummy_batches import tiny_config, tiny_spec, two_images

CALLS = [
    Call("backbone/conv1/convolution", "_MklNativeConv2D", 2.0),
    Call("gradient_tape/conv1/Conv2DBackpropFilter", "Conv2DBackpropFilter", 5.0),
    Call("gradient_tape/conv1/Conv2DBackpropFilter", "Conv2DBackpropFilter", 4.0),
    Call("gradient_tape/conv2/Conv2DBackpropInput", "_MklNativeConv2DBackpropInput", 1.0),
    Call("gradient_tape/depthwise", "DepthwiseConv2dNativeBackpropInput", 1.0),
    Call("add", "AddV2", 1.0),
    Call("fused", "_FusedConv2D", 3.0),
]


def test_what_fell_through_is_named_the_longest_first():
    assert fallen_through(CALLS) == {
        "Conv2DBackpropFilter  gradient_tape/conv1/Conv2DBackpropFilter": 9.0,
        "_FusedConv2D  fused": 3.0,
    }


def test_the_report_is_by_time_a_step():
    out = io.StringIO()
    report(CALLS, 2, "title", Console(file=out, width=120))
    text = out.getvalue()
    assert text.index("Conv2DBackpropFilter") < text.index("_FusedConv2D") < text.index("AddV2")
    assert "2 of 2 convolutions and gradients a step are outside of oneDNN" in text
    assert "4.5 ms  Conv2DBackpropFilter  gradient_tape/conv1/Conv2DBackpropFilter" in text


def _without_onednn(precision):
    if keras.backend.backend() != "tensorflow" or platform.machine() != "x86_64":
        return "oneDNN's kernels are TensorFlow's on x86-64"
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return "oneDNN is turned off"
    with open("/proc/cpuinfo", encoding="utf-8") as info:  # noqa: PTH123 - no file of ours
        flags = info.read()
    if precision == "mixed_bfloat16" and "avx512f" not in flags:
        return "oneDNN needs AVX-512 for bfloat16"
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_no_convolution_of_a_training_step_falls_out_of_onednn(precision):
    from models.backbones.config import BackboneConfig  # noqa: PLC0415
    from models.mask_rcnn.model import MaskRCNN  # noqa: PLC0415
    from trainers.steps import compile_train_step  # noqa: PLC0415

    if reason := _without_onednn(precision):
        pytest.skip(reason)
    keras.config.set_dtype_policy(precision)
    try:
        backbone = BackboneConfig(name="resnet50", weights=None, batch_norm="trainable")
        model = MaskRCNN(tiny_config(backbone=backbone), tiny_spec())
        optimizer = keras.optimizers.SGD(0.001)
        optimizer.build(model.network.trainable_variables)
        step, predict, batch = (
            compile_train_step(model, optimizer, jit_compile=False),
            compile_predict(model),
            two_images(),
        )
        calls = profiled(lambda: step(batch), 1)
        assert sum(call.is_convolution for call in calls) > 150
        assert fallen_through(calls) == {}
        assert fallen_through(profiled(lambda: predict(batch), 1)) == {}
    finally:
        keras.config.set_dtype_policy("float32")
