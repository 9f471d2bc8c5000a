"""Backbones from `keras.applications`, a file for each family; `common.py` holds what they share.

A further one of a family is a row in the table of its file; a further family a file with such a function. Either way
its name goes into `models/backbones/table.py`, and the tests of every backbone (`test_every_backbone.py`) run on it.
"""
