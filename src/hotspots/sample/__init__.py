"""A synthetic county: in memory with its truth, and as files such as a force would bring."""

from .county import County, make_county

__all__ = ["County", "make_county"]
