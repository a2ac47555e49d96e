"""1CClientBankExchange, the exchange text of banks' client programs (v8.1c.ru, "Стандарт обмена").

1CClientBankExchange ... СекцияРасчСчет ... КонецРасчСчет, СекцияДокумент=KIND ... КонецДокумента, КонецФайла
"""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from django.utils.translation import gettext_noop as _

from billing.channels.services.statements.rows import (
    CUT_FILE,
    NO_AMOUNT,
    NO_DAY,
    OTHER_ACCOUNT,
    OTHER_FORMAT,
    WRONG_BALANCE,
    WRONG_TOTAL,
    BadStatementRows,
    MoneyRow,
    ReadStatement,
    amount_of,
    day_of,
    refused,
)

_MAGIC, _END = "1CClientBankExchange", "КонецФайла"
_SECTIONS = {"СекцияРасчСчет": "КонецРасчСчет", "СекцияДокумент": "КонецДокумента"}


@dataclass
class _Section:
    name: str
    line: int
    values: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def decoded_1c(data: bytes) -> tuple[str, str]:
    """The text and its encoding by the bytes: in the right one the format's own words appear."""
    try:
        return data.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    for encoding in ("cp1251", "cp866"):
        text = data.decode(encoding, "replace")
        if any(word in text for word in (*_SECTIONS, _END, "РасчСчет")):
            return text, encoding
    return data.decode("cp1251", "replace"), "cp1251"


def read_1c(data: bytes, bank_account: str) -> ReadStatement:
    """The documents of a file. ReportedError: `other_format`, `cut_file`, `other_account`, `balance`,
    `unreadable_row`."""
    text, encoding = decoded_1c(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[0].strip("\ufeff \x00") != _MAGIC:
        raise refused("other_format", OTHER_FORMAT, name="1c")
    header, sections = _sections(lines)
    accounts = [section for section in sections if section.name == "СекцияРасчСчет"]
    named = {section.values.get("РасчСчет", "") for section in accounts} - {""} or header
    for number in named:
        if number != bank_account:
            raise refused("other_account", OTHER_ACCOUNT, number=number)
    documents = [section for section in sections if section.name == "СекцияДокумент"]
    bad = BadStatementRows()
    rows = [row for section in documents if (row := _row(section, bank_account, bad)) is not None]
    bad.raise_any()
    _require_sums(accounts, rows)
    return ReadStatement("1c", encoding, rows)


def _sections(lines: list[str]) -> tuple[set[str], list[_Section]]:
    """The accounts that the head names, and the sections; cut when one is not closed or the end is missing."""
    found: list[_Section] = []
    header: set[str] = set()
    open_section: _Section | None = None
    last = ""
    for number, raw in enumerate(lines, start=1):
        line = raw.strip(" \t\x00\x1a")
        if not line:
            continue
        last = line
        name, _mark, value = line.partition("=")
        if name in _SECTIONS:
            if open_section is not None:
                raise refused("cut_file", CUT_FILE, line=number)
            open_section = _Section(name, number)
            found.append(open_section)
        elif name in _SECTIONS.values():
            if open_section is None or _SECTIONS[open_section.name] != name:
                raise refused("cut_file", CUT_FILE, line=number)
            open_section = None
        elif open_section is not None:
            open_section.values.setdefault(name.strip(), value.strip())
            open_section.lines.setdefault(name.strip(), number)
        elif name == "РасчСчет" and value.strip():
            header.add(value.strip())
    if last != _END or open_section is not None:
        raise refused("cut_file", CUT_FILE, line=len(lines))
    return header, found


def _row(section: _Section, bank_account: str, bad: BadStatementRows) -> MoneyRow | None:
    values = section.values
    amount = amount_of(values.get("Сумма", ""))
    written = day_of(values.get("Дата", ""))
    is_ours = values.get("ПолучательСчет", values.get("ПолучательРасчСчет", "")) == bank_account
    is_from_us = values.get("ПлательщикСчет", values.get("ПлательщикРасчСчет", "")) == bank_account
    moved = values.get("ДатаПоступило", "") if is_ours else values.get("ДатаСписано", "")
    paid_on = day_of(moved) if moved else written
    if amount is None or amount <= 0:
        bad.add(section.lines.get("Сумма", section.line), NO_AMOUNT)
        return None
    if paid_on is None or written is None:
        bad.add(section.lines.get("Дата", section.line), NO_DAY)
        return None
    ignored = "" if is_ours and not is_from_us else "outgoing" if is_from_us and not is_ours else "not_ours"
    if is_ours and is_from_us:
        ignored = "own_transfer"
    return MoneyRow(
        line=section.line,
        paid_on=paid_on,
        amount=amount,
        number=values.get("Номер", ""),
        numbered_on=written,
        purpose=_purpose(values),
        payer=values.get("Плательщик1") or values.get("Плательщик", ""),
        payer_account=values.get("ПлательщикСчет", values.get("ПлательщикРасчСчет", "")),
        payer_tax_id=values.get("ПлательщикИНН", ""),
        ignored=ignored,
    )


def _purpose(values: dict[str, str]) -> str:
    """The purpose; some programs write it in numbered pieces."""
    whole = values.get("НазначениеПлатежа", "")
    pieces = [values[name] for number in range(1, 10) if (name := f"НазначениеПлатежа{number}") in values]
    return whole or " ".join(pieces)


def _require_sums(accounts: list[_Section], rows: list[MoneyRow]) -> None:
    """Each day's balances follow, and the totals of all days are those of the rows."""
    came = sum((row.amount for row in rows if not row.ignored), Decimal(0))
    went = sum((row.amount for row in rows if row.ignored == "outgoing"), Decimal(0))
    for section in accounts:
        _require_balance(section)
    for former, section in pairwise(accounts):
        _require_joined(former, section)
    if len(accounts) == 1:
        _require_rows_move_it(accounts[0], came - went)
    for name, found in (("ВсегоПоступило", came), ("ВсегоСписано", went)):
        stated = [_figure(section, name) for section in accounts]
        total = sum((value for value in stated if value is not None), Decimal(0))
        if accounts and None not in stated and total != found:
            raise refused(
                "balance", WRONG_TOTAL, line=accounts[0].line, stated=f"{total:.2f}", found=f"{found:.2f}"
            )


def _require_rows_move_it(section: _Section, moved: Decimal) -> None:
    """Where the totals are left out, the rows themselves lead from one balance to the other."""
    opening, closing = (_figure(section, name) for name in ("НачальныйОстаток", "КонечныйОстаток"))
    if opening is not None and closing is not None and opening + moved != closing:
        raise _unbalanced(section, opening, moved, closing)


def _require_balance(section: _Section) -> None:
    opening, came, went, closing = (
        _figure(section, name)
        for name in ("НачальныйОстаток", "ВсегоПоступило", "ВсегоСписано", "КонечныйОстаток")
    )
    if opening is None or came is None or went is None or closing is None:
        return
    if opening + came - went != closing:
        raise _unbalanced(section, opening, came - went, closing)


def _require_joined(former: _Section, section: _Section) -> None:
    """A later span begins with what the former one ended with."""
    last, first = day_of(former.values.get("ДатаКонца", "")), day_of(section.values.get("ДатаНачала", ""))
    closing, opening = _figure(former, "КонечныйОстаток"), _figure(section, "НачальныйОстаток")
    is_later = first is not None and last is not None and first > last
    if is_later and closing is not None and opening is not None and opening != closing:
        raise _unbalanced(section, closing, Decimal(0), opening)


def _unbalanced(section: _Section, opening: object, moved: object, closing: object) -> Exception:
    return refused("balance", WRONG_BALANCE, line=section.line, opening=opening, moved=moved, closing=closing)


def _figure(section: _Section, name: str) -> Decimal | None:
    """A sum of the account's section; it may be below nothing."""
    text = section.values.get(name, "")
    if not text:
        return None
    value = amount_of(text.lstrip("-"))
    if value is None:
        raise refused("unreadable_row", _("no amount"), line=section.lines[name])
    return -value if text.startswith("-") else value
