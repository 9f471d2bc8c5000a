"""The error of data that cannot be used."""

from utils.errors import UserError


class DataError(UserError):
    """A data set, a file of it or a download that cannot be used: says which, why, and what to do."""
