"""The Keras callbacks that a config names."""

from collections.abc import Sequence

import keras

from base.config import CallbackConfig
from utils.errors import UserError
from utils.registry import load_object


def build_callbacks(configs: Sequence[CallbackConfig]) -> list[keras.callbacks.Callback]:
    """One callback for each entry of `trainer.callbacks`, in their order.

    Raises:
        UserError: a path leads nowhere or to no callback, or the callback does not take the arguments.
    """
    return [_build(f"trainer.callbacks[{number}]", config) for number, config in enumerate(configs)]


def _build(where: str, config: CallbackConfig) -> keras.callbacks.Callback:
    callback_class = load_object(config.name)
    if not (isinstance(callback_class, type) and issubclass(callback_class, keras.callbacks.Callback)):
        raise UserError(f"{where}: {config.name} is no keras.callbacks.Callback: name a subclass of it.")
    try:
        return callback_class(**config.arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"{where}: {config.name} does not take {config.arguments}: {error}") from error
