"""An update of SGD with momentum by TensorFlow's kernel."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def momentum_step(
    variable: tf.Variable, velocity: tf.Variable, gradient: tf.Tensor, rate: Any, momentum: float, nesterov: bool
) -> None:
    """velocity = momentum × velocity - rate × gradient; variable += velocity (Sutskever et al. 2013, section 2).

    Args:
        variable: what learns. velocity: of its shape and dtype. gradient: dense, of its shape.
        rate: learning rate, a scalar.
        momentum: 0…1. nesterov: the variable looks ahead along the velocity instead.
    """
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=velocity.handle,
        lr=tf.cast(rate, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
        momentum=tf.constant(momentum, variable.dtype),
        use_nesterov=nesterov,
    )


def clipping_factor(gradients: Sequence[tf.Tensor], norm: float) -> tf.Tensor:
    """What makes the norm of all gradients together at most `norm` (Pascanu et al. 2013, section 3.2).

    Returns:
        a float32 scalar of at most 1; NaN if a gradient is not finite, so that nobody overlooks it.
    """
    # Half the sum of squares: one kernel that makes no copy.
    squares = tf.add_n([tf.nn.l2_loss(tf.cast(gradient, tf.float32)) for gradient in gradients])
    found = tf.sqrt(2.0 * squares)
    return tf.minimum(norm / found, 1.0) + (found - found)
