"""A synthetic county: in memory with its truth, and as files such as a force would bring."""

from .county import County, make_county
from .files import write_sample

__all__ = ["County", "make_county", "write_sample"]
