"""How a model is trained and measured: trainers, compiled steps, optimizers, schedules, evaluators."""
