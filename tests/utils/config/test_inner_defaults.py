"""What a section sets by default in the sections within it."""

from typing import Literal

from utils.config.inner_defaults import with_inner_defaults
from utils.config.section import Section


class Leaf(Section):
    """A leaf."""

    size: int = 1
    """Its size."""
    color: str = "green"
    """Its color."""


class Other(Section):
    """Another kind."""

    name: Literal["other"] = "other"
    """Which kind."""
    size: int = 0
    """Its size."""


class Named(Section):
    """A kind."""

    name: Literal["named"] = "named"
    """Which kind."""
    size: int = 1
    """Its size."""


class Twig(Section):
    """A twig."""

    leaf: Leaf = Leaf(color="red")
    """Its leaf."""


class Tree(Section):
    """A tree."""

    twig: Twig = Twig(leaf=Leaf(size=5))
    """Its twig."""
    leaf: Leaf | None = None
    """A leaf, perhaps."""
    kind: Named | Other = Named(size=7)
    """One of two kinds."""


def completed(values):
    return with_inner_defaults(values, Tree)


def test_what_is_given_is_over_what_the_default_sets():
    assert completed({"twig": {"leaf": {"color": "blue"}}}) == {"twig": {"leaf": {"size": 5, "color": "blue"}}}
    assert with_inner_defaults({"leaf": {"size": 3}}, Twig) == {"leaf": {"size": 3, "color": "red"}}


def test_what_is_not_given_is_left_to_the_section():
    assert completed({}) == {}


def test_another_kind_has_nothing_of_the_default():
    assert completed({"kind": {"name": "other"}}) == {"kind": {"name": "other"}}
    assert completed({"kind": {"name": "named"}}) == {"kind": {"name": "named", "size": 7}}


def test_what_is_no_section_stays_for_the_check_to_find():
    values = {"twig": 3, "leaf": {"size": 2}, "unknown": {"a": 1}}
    assert completed(values) == values
