"""What worked: write-ups of evaluations, and a bank that gathers and pools them."""

from .bank import Bank as Bank
from .bank import bank_result as bank_result
from .bank import read_bank as read_bank
from .page import write_what_works as write_what_works
from .pooling import Pooled as Pooled
from .pooling import pool_results as pool_results
from .writeup import WriteUp as WriteUp
from .writeup import write_up as write_up

__all__ = [
    "Bank",
    "Pooled",
    "WriteUp",
    "bank_result",
    "pool_results",
    "read_bank",
    "write_up",
    "write_what_works",
]
