"""The form in which commands take a month."""

import re
from argparse import ArgumentTypeError
from datetime import date


def month_of(text: str) -> date:
    """The first day of a month written as YYYY-MM; raises ArgumentTypeError."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII) or text.startswith("0000"):
        raise ArgumentTypeError(f"{text!r} is not a month; write it as 2026-01")
    return date(int(text[:4]), int(text[5:]), 1)
