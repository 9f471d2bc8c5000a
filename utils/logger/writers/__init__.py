"""One file for each tracker; `utils.registry.WRITERS` names them."""
