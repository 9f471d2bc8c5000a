"""Pure loss functions: (prediction, target, weight) → scalar."""
