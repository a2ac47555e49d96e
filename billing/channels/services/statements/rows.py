"""What every format of a statement is read into: rows of money that moved, and the refusal of a file."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MOST_ROWS = 200_000
LARGEST_BYTES = 100 * 1024 * 1024
_MOST_DETAILS = 200
# A point or a comma before at most two places; blanks may part thousands. Neither NaN nor 1e3 is an amount.
_AMOUNT = re.compile(r"(?:[0-9]{1,13}|[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3}){1,4})(?:[.,][0-9]{0,2})?")


@dataclass(frozen=True)
class MoneyRow:
    """A row: where it stands in the file, what moved, and what is said of whose it is.

    `ignored` says why it brings no money; `is_taken_back` that the bank takes an earlier payment back. `reference` is
    the bank's (or source's) own, `number` that of the payer's document. `account` is stated by registries alone.
    """

    line: int
    paid_on: date
    amount: Decimal
    reference: str = ""
    number: str = ""
    numbered_on: date | None = None
    purpose: str = ""
    payer: str = ""
    payer_account: str = ""
    payer_tax_id: str = ""
    account: str = ""
    ignored: str = ""
    is_taken_back: bool = False


@dataclass(frozen=True)
class ReadStatement:
    """A file as it was read: its format, the encoding that its bytes are in, its rows in order."""

    file_format: str
    encoding: str
    rows: list[MoneyRow]


class BadStatementRows:
    """Gathers what cannot be read, with its line; the file is refused whole."""

    def __init__(self) -> None:
        self._details: list[dict[str, Any]] = []

    def add(self, line: int, reason: str) -> None:
        if len(self._details) < _MOST_DETAILS:
            self._details.append({"line": line, "reason": reason})

    @property
    def has_any(self) -> bool:
        return bool(self._details)

    def raise_any(self) -> None:
        if self._details:
            raise ReportedError(
                Sentence(_("Rows of the file cannot be read; nothing of it was taken.")),
                code="unreadable_row",
                details=self._details,
            )


def refused(code: str, sentence: str, line: int = 1, **values: Any) -> ReportedError:
    """The refusal of a whole file."""
    said = Sentence(sentence, **values)
    return ReportedError(said, code=code, details=[{"line": line, "reason": said}])


OTHER_FORMAT = _("This is no file of the format {name}.")
CUT_FILE = _("The file ends before its end: it was cut.")
OTHER_ACCOUNT = _("The statement is of the bank account {number}, not of ours.")
WRONG_BALANCE = _("The balances do not follow: {opening} and {moved} do not make {closing}.")
WRONG_TOTAL = _("The total says {stated}, the rows make {found}.")
NO_AMOUNT = _("no amount")
NO_DAY = _("no day")
NOT_YET = _("a day that has not come yet")


def amount_of(text: str) -> Decimal | None:
    """An amount as banks write it, to the tiyin; None for what is none."""
    plain = text.strip()
    if not _AMOUNT.fullmatch(plain):
        return None
    return Decimal(re.sub(r"[ \u00a0\u202f]", "", plain).replace(",", ".").rstrip("."))


def day_of(text: str) -> date | None:
    """A day written 05.01.2026 or 2026-01-05, with or without a time."""
    plain = text.strip()
    for form, length in (("%d.%m.%Y", 10), ("%Y-%m-%d", 10)):
        try:
            # A day has no zone.
            return datetime.strptime(plain[:length], form).date()  # noqa: DTZ007
        except ValueError:
            continue
    return None


def require_size(size: int) -> None:
    """ReportedError (`file_too_large`) beyond what is read at once."""
    if size > LARGEST_BYTES:
        raise ReportedError(
            Sentence(_("The file has more than {megabytes} MB."), megabytes=LARGEST_BYTES // 1024**2),
            code="file_too_large",
        )
