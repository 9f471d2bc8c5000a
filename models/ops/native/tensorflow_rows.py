"""Weighted sums of rows as a product with a sparse matrix: nothing is fetched into memory before it is added up."""

from typing import Any

import tensorflow as tf


@tf.custom_gradient
def weighted_rows(table: Any, index: Any, weight: Any) -> tuple[Any, Any]:
    """Σ_k weight[r, k] · table[index[r, k]] for every r.

    The gradient is a product with the transposed matrix, whose rows are summed each by one thread: bit for bit the
    same in every run, which a scatter over threads is not.

    Args:
        table: float32 (T, C).
        index: int (R, K), each in 0…T-1.
        weight: float32 (R, K); gets no gradient.

    Returns:
        float32 (R, C).
    """
    shape = tf.shape(index)
    rows = tf.repeat(tf.range(shape[0]), shape[1])
    matrix = tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=tf.cast(tf.stack([rows, tf.reshape(index, [-1])], axis=1), tf.int64),
        values=tf.reshape(weight, [-1]),
        dense_shape=tf.cast([shape[0], tf.shape(table)[0]], tf.int64),
    )

    def gradient(upstream: Any) -> tuple[Any, None, None]:
        transposed = tf.raw_ops.SparseMatrixTranspose(input=matrix, type=tf.float32)
        return tf.raw_ops.SparseMatrixMatMul(a=transposed, b=upstream), None, None

    result = tf.raw_ops.SparseMatrixMatMul(a=matrix, b=table)
    return tf.ensure_shape(result, [None, table.shape[-1]]), gradient
