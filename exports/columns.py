"""The columns of an export table, as far as a campaign has to know them."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its contract declares it: its type (`int`, `decimal(18,2)` ...), whether it is personal data, and
    whether every row has a value.
    """

    data_type: str
    is_personal: bool
    is_required: bool = False


Columns = Mapping[str, Column]
