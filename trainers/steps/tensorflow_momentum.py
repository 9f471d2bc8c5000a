"""An update of SGD with momentum by TensorFlow's kernel."""

from typing import Any

import tensorflow as tf


def momentum_step(
    variable: tf.Variable, velocity: tf.Variable, gradient: tf.Tensor, rate: Any, momentum: float, nesterov: bool
) -> None:
    """velocity = momentum × velocity - rate × gradient; variable += velocity (Sutskever et al. 2013, section 2).

    Args:
        variable: what learns. velocity: of its shape and dtype. gradient: dense, of its shape.
        rate: learning rate, a scalar.
        momentum: 0…1. nesterov: the variable looks ahead along the velocity instead .
    """
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=velocity.handle,
        lr=tf.cast(rate, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
        momentum=tf.constant(momentum, variable.dtype),
        use_nesterov=nesterov,
    )
