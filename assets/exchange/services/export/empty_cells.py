"""Cells of a table that hold nothing."""

import math
from typing import Any

import pandas as pd


def is_missing(value: Any) -> bool:
    """Whether a cell is empty, in any of the ways in which pandas says so."""
    return (
        value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
    )
