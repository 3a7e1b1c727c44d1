"""Files others can trust: whole or not there, and logs in which a change shows."""

from .cells import guarded, plain, unguarded
from .files import LISTING, atomic_file, atomic_folder
from .log import ChainedLog

__all__ = [
    "LISTING",
    "ChainedLog",
    "atomic_file",
    "atomic_folder",
    "guarded",
    "plain",
    "unguarded",
]
