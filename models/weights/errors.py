"""Errors of weights."""

from utils.errors import UserError


class WeightsError(UserError):
    """Weights that are not there, cannot be trusted or do not fit."""
