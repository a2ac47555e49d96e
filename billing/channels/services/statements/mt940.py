"""SWIFT MT940, customer statement: `:61:` a movement, `:86:` what is said of it (SWIFT Standards, category 9)."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from billing.channels.services.statements.rows import (
    CUT_FILE,
    NO_AMOUNT,
    NO_DAY,
    OTHER_ACCOUNT,
    OTHER_FORMAT,
    WRONG_BALANCE,
    BadStatementRows,
    MoneyRow,
    ReadStatement,
    refused,
)
from gis_core.code_pages import decoded

_TAG = re.compile(r":(\d{2}[A-Z]?):(.*)")
_MOVED = re.compile(
    r"(?P<day>\d{6})(?P<entry>\d{4})?(?P<mark>RC|RD|C|D)(?P<funds>[A-Z])?(?P<amount>\d{1,12},\d{0,2})"
    r"(?P<kind>[A-Z][A-Z0-9]{3})(?P<number>[^/\n]*(?:/[^/\n]+)*)(?://(?P<reference>[^\n]*))?"
)
_BALANCE = re.compile(r"(?P<mark>[CD])(?P<day>\d{6})(?P<currency>[A-Z]{3})(?P<amount>\d{1,15},\d{0,2})")
_PIECE = re.compile(r"\?(\d{2})([^?]*)")
_TAX_ID = re.compile(r"(?:ИНН|СТИР|STIR|INN)\D{0,3}(\d{9})(?!\d)", re.IGNORECASE)
_LABEL = re.compile(r"/(ORDP|NAME|REMI|ACCT|BENM|TAXID)/")


@dataclass
class _Field:
    tag: str
    line: int
    lines: list[str] = field(default_factory=list)


def read_mt940(data: bytes, bank_account: str) -> ReadStatement:
    """The movements of all messages. ReportedError: `other_format`, `cut_file`, `other_account`, `balance`,
    `unreadable_row`."""
    text, encoding = decoded(data)
    fields = _fields(text)
    if not fields or fields[0].tag != "20":
        raise refused("other_format", OTHER_FORMAT, name="mt940")
    rows: list[MoneyRow] = []
    bad = BadStatementRows()
    messages = _messages(fields)
    for message in messages:
        rows += _of_message(message, bank_account, bad)
    bad.raise_any()
    _require_all_pages(messages)
    if "{4:" in text and not text.rstrip("\x00\x03 \r\n").endswith(("-}", "}")):
        raise refused("cut_file", CUT_FILE, line=text.count("\n") + 1)
    return ReadStatement("mt940", encoding.removesuffix("-sig"), rows)


def _fields(text: str) -> list[_Field]:
    found: list[_Field] = []
    for number, raw in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), start=1):
        # Blocks of the network stand around the text of a message.
        line = re.sub(r"^.*\{4:", "", raw) if "{4:" in raw else raw
        started = _TAG.fullmatch(line.lstrip("\ufeff"))
        if started:
            found.append(_Field(started[1], number, [started[2]]))
        elif line.strip(" \x00\x03\x1a").startswith("-") and (
            line.strip() in ("-", "-}") or line.startswith("-}")
        ):
            continue
        elif found and line.strip():
            found[-1].lines.append(line)
        elif not found and line.strip() and not line.startswith("{"):
            return []
    return found


def _messages(fields: list[_Field]) -> list[list[_Field]]:
    messages: list[list[_Field]] = []
    for one in fields:
        if one.tag == "20":
            messages.append([])
        messages[-1].append(one)
    return messages


def _of_message(message: list[_Field], bank_account: str, bad: BadStatementRows) -> list[MoneyRow]:
    by_tag = {one.tag: one for one in message}
    account = by_tag.get("25")
    opening = by_tag.get("60F") or by_tag.get("60M")
    closing = by_tag.get("62F") or by_tag.get("62M")
    if account is None or opening is None:
        raise refused("other_format", OTHER_FORMAT, line=message[0].line, name="mt940")
    number = "".join(account.lines).strip()
    if bank_account not in re.split(r"[^0-9A-Za-z]+", number):
        raise refused("other_account", OTHER_ACCOUNT, line=account.line, number=number)
    if closing is None:
        raise refused("cut_file", CUT_FILE, line=message[-1].line)
    rows: list[MoneyRow] = []
    moved = Decimal(0)
    for place, one in enumerate(message):
        if one.tag != "61":
            continue
        after = message[place + 1] if place + 1 < len(message) else None
        said = after.lines if after is not None and after.tag == "86" else []
        row, sign = _row(one, said, bad)
        if row is not None:
            rows.append(row)
            moved += sign * row.amount
    first, last = _balance(opening), _balance(closing)
    if not bad.has_any and first + moved != last:
        raise refused("balance", WRONG_BALANCE, line=closing.line, opening=first, moved=moved, closing=last)
    return rows


def _require_all_pages(messages: list[list[_Field]]) -> None:
    """A page goes on with what the one before it ended with (60M after 62M); the last one ends the statement (62F)."""
    carried: Decimal | None = None
    for message in messages:
        by_tag = {one.tag: one for one in message}
        goes_on = by_tag.get("60M")
        if goes_on is not None and _balance(goes_on) != carried:
            raise refused("cut_file", CUT_FILE, line=goes_on.line)
        carried = _balance(by_tag["62M"]) if "62M" in by_tag else None
    if carried is not None:
        raise refused("cut_file", CUT_FILE, line=messages[-1][-1].line)


def _balance(one: _Field) -> Decimal:
    found = _BALANCE.fullmatch(one.lines[0].strip())
    if found is None or found["currency"] != "UZS":
        raise refused("unreadable_row", NO_AMOUNT, line=one.line)
    value = _amount(found["amount"])
    return value if found["mark"] == "C" else -value


def _amount(text: str) -> Decimal:
    return Decimal(text.replace(",", ".").rstrip("."))


def _row(one: _Field, said: list[str], bad: BadStatementRows) -> tuple[MoneyRow | None, int]:
    found = _MOVED.fullmatch(one.lines[0].rstrip())
    if found is None:
        bad.add(one.line, NO_AMOUNT)
        return None, 0
    day = _day(found["day"])
    amount = _amount(found["amount"])
    if day is None or amount <= 0:
        bad.add(one.line, NO_DAY if day is None else NO_AMOUNT)
        return None, 0
    purpose, payer, payer_account = _said(said)
    tax_id = _TAX_ID.search(purpose) or _TAX_ID.search(payer)
    number = (found["number"] or "").strip()
    mark = found["mark"]
    return (
        MoneyRow(
            line=one.line,
            paid_on=day,
            amount=amount,
            reference=(found["reference"] or "").strip(),
            number="" if number == "NONREF" else number,
            numbered_on=day,
            purpose=purpose,
            payer=payer,
            payer_account=payer_account,
            payer_tax_id=tax_id[1] if tax_id else "",
            ignored={"D": "outgoing", "RD": "outgoing"}.get(mark, ""),
            is_taken_back=mark == "RC",
        ),
        1 if mark in ("C", "RD") else -1,
    )


def _day(text: str) -> date | None:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def _said(lines: list[str]) -> tuple[str, str, str]:
    """Purpose, payer and payer's account. Lines are cut at 65 characters wherever that falls, so nothing joins them."""
    whole = "".join(line.rstrip("\r\n") for line in lines)
    pieces = _PIECE.findall(whole)
    if pieces:
        purpose = "".join(text for tag, text in pieces if "20" <= tag <= "29" or "60" <= tag <= "63")
        payer = "".join(text for tag, text in pieces if tag in ("32", "33"))
        return purpose, payer, "".join(text for tag, text in pieces if tag == "31")
    parts = _LABEL.split(whole)
    labelled = dict(zip(parts[1::2], parts[2::2], strict=False))
    payer = labelled.get("NAME", labelled.get("ORDP", "")).strip("/ ")
    return whole, payer, labelled.get("ACCT", "").strip("/ ")
