"""ISO 20022 camt.053, bank to customer statement, versions 02 to 08. A document with a DTD is refused unread."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from xml.parsers import expat

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

_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.0[2-8]")
_DEEPEST = 60
_LONGEST_TEXT = 100_000
_TAX_ID = re.compile(r"[0-9]{9}")


@dataclass
class _CamtNode:
    tag: str
    line: int
    text: str = ""
    children: list["_CamtNode"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)

    def all(self, path: str) -> list["_CamtNode"]:
        """The nodes at the end of a path of tags."""
        found = [self]
        for tag in path.split("/"):
            found = [child for node in found for child in node.children if child.tag == tag]
        return found

    def first(self, *paths: str) -> "_CamtNode | None":
        return next((node for path in paths for node in self.all(path)), None)

    def text_of(self, *paths: str) -> str:
        """The text of the first of these that there is."""
        node = self.first(*paths)
        return node.text.strip() if node is not None else ""


def read_camt053(data: bytes, bank_account: str) -> ReadStatement:
    """The booked entries. ReportedError: `other_format`, `dtd`, `cut_file`, `other_account`, `balance`,
    `unreadable_row`."""
    document, namespace, encoding = _parsed(data)
    statements = document.all("BkToCstmrStmt/Stmt")
    if document.tag != "Document" or not _NAMESPACE.fullmatch(namespace) or not statements:
        raise refused("other_format", OTHER_FORMAT, name="camt053")
    bad = BadStatementRows()
    rows: list[MoneyRow] = []
    for statement in statements:
        number = statement.text_of("Acct/Id/IBAN", "Acct/Id/Othr/Id")
        if number != bank_account:
            raise refused("other_account", OTHER_ACCOUNT, line=statement.line, number=number)
        entries = statement.all("Ntry")
        for entry in entries:
            rows += _of_entry(entry, bad)
        bad.raise_any()
        _require_sums(statement, entries)
    return ReadStatement("camt053", encoding, rows)


def _parsed(data: bytes) -> tuple[_CamtNode, str, str]:
    """The root, its namespace and the encoding. Nothing outside of the file is looked at, and no entity is expanded."""
    root = _CamtNode("", 0)
    stack = [root]
    seen = {"namespace": "", "encoding": "utf-8"}
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def refuse_dtd(*_what: Any) -> None:
        raise refused("dtd", _("A document with a DTD is not read."), line=parser.CurrentLineNumber)

    def declared(_version: str, encoding: str | None, _standalone: int) -> None:
        seen["encoding"] = (encoding or "utf-8").lower()

    def start(name: str, attributes: dict[str, str]) -> None:
        namespace, _mark, tag = name.rpartition(" ")
        seen["namespace"] = seen["namespace"] or namespace
        if len(stack) > _DEEPEST:
            raise refused("other_format", OTHER_FORMAT, line=parser.CurrentLineNumber, name="camt053")
        node = _CamtNode(tag, parser.CurrentLineNumber, attributes=attributes)
        stack[-1].children.append(node)
        stack.append(node)

    def end(_name: str) -> None:
        stack.pop()

    def said(text: str) -> None:
        if len(stack[-1].text) < _LONGEST_TEXT:
            stack[-1].text += text

    parser.StartDoctypeDeclHandler = refuse_dtd
    parser.EntityDeclHandler = refuse_dtd
    parser.XmlDeclHandler = declared
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, said
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = getattr(error, "lineno", 1)
        if root.children:
            raise refused("cut_file", CUT_FILE, line=line) from None
        raise refused("other_format", OTHER_FORMAT, line=line, name="camt053") from None
    return root.children[0], seen["namespace"], seen["encoding"]


def _is_booked(entry: _CamtNode) -> bool:
    return entry.text_of("Sts/Cd", "Sts") == "BOOK"


def _is_reversal(node: _CamtNode) -> bool:
    return node.text_of("RvslInd").lower() in ("true", "1")


def _of_entry(entry: _CamtNode, bad: BadStatementRows) -> list[MoneyRow]:
    """One row for each transaction of the entry, or one for the entry that lists none."""
    amount, paid_on = _amount(entry.first("Amt")), _day(entry)
    if amount is None:
        bad.add(entry.line, NO_AMOUNT)
        return []
    if paid_on is None:
        bad.add(entry.line, NO_DAY)
        return []
    ignored = ""
    if not _is_booked(entry):
        ignored = "not_booked"
    elif _is_reversal(entry):
        ignored = "reversal"
    elif entry.text_of("CdtDbtInd") != "CRDT":
        ignored = "outgoing"
    details = entry.all("NtryDtls/TxDtls")
    if ignored or not details:
        return [_row(entry, entry, amount, paid_on, ignored)]
    amounts = [_amount(_own_amount(one)) for one in details]
    if len(details) == 1 and amounts[0] is None:
        amounts = [amount]
    if any(value is None for value in amounts):
        bad.add(entry.line, NO_AMOUNT)
        return []
    known = [value for value in amounts if value is not None]
    if sum(known, Decimal(0)) != amount:
        raise refused("balance", WRONG_TOTAL, line=entry.line, stated=amount, found=sum(known, Decimal(0)))
    return [
        _row(entry, one, value, paid_on, "reversal" if _is_reversal(one) else "")
        for one, value in zip(details, known, strict=True)
    ]


def _own_amount(details: _CamtNode) -> _CamtNode | None:
    return details.first("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")


def _amount(node: _CamtNode | None) -> Decimal | None:
    """Of money in som alone; ISO 20022 writes a point and as many places as it likes."""
    if node is None or node.attributes.get("Ccy") != "UZS":
        return None
    text = node.text.strip()
    if "." in text and len(text.partition(".")[2].rstrip("0")) <= 2:
        text = text.rstrip("0").rstrip(".") or "0"
    value = amount_of(text) if "," not in text else None
    return value if value is not None and value > 0 else None


def _day(entry: _CamtNode) -> date | None:
    return day_of(entry.text_of("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm"))


def _row(entry: _CamtNode, details: _CamtNode, amount: Decimal, paid_on: date, ignored: str) -> MoneyRow:
    is_alone = details is entry
    reference = "" if is_alone else details.text_of("Refs/AcctSvcrRef", "Refs/TxId")
    payer = details.first("RltdPties/Dbtr/Pty", "RltdPties/Dbtr")
    tax_ids = payer.all("Id/OrgId/Othr/Id") + payer.all("Id/PrvtId/Othr/Id") if payer is not None else []
    purposes = [node.text.strip() for node in details.all("RmtInf/Ustrd")]
    purposes += [node.text.strip() for node in details.all("RmtInf/Strd/CdtrRefInf/Ref")]
    number = details.text_of("Refs/EndToEndId", "Refs/InstrId")
    return MoneyRow(
        line=details.line,
        paid_on=paid_on,
        amount=amount,
        reference=reference or entry.text_of("AcctSvcrRef"),
        number=entry.text_of("NtryRef") if number in ("", "NOTPROVIDED") else number,
        numbered_on=paid_on,
        purpose=" ".join(purposes) or entry.text_of("AddtlNtryInf"),
        payer=payer.text_of("Nm") if payer is not None else "",
        payer_account=details.text_of("RltdPties/DbtrAcct/Id/IBAN", "RltdPties/DbtrAcct/Id/Othr/Id"),
        payer_tax_id=next(
            (node.text.strip() for node in tax_ids if _TAX_ID.fullmatch(node.text.strip())), ""
        ),
        ignored=ignored,
    )


def _require_sums(statement: _CamtNode, entries: list[_CamtNode]) -> None:
    booked = [entry for entry in entries if _is_booked(entry)]
    moved = sum((_signed(entry) for entry in booked), Decimal(0))
    balances = {balance.text_of("Tp/CdOrPrtry/Cd"): _signed(balance) for balance in statement.all("Bal")}
    opening = balances.get("OPBD", balances.get("PRCD"))
    closing = balances.get("CLBD")
    if opening is not None and closing is not None and opening + moved != closing:
        raise refused(
            "balance", WRONG_BALANCE, line=statement.line, opening=opening, moved=moved, closing=closing
        )
    for name, mark in (("TtlCdtNtries", "CRDT"), ("TtlDbtNtries", "DBIT")):
        # Some banks count what is not booked yet, others do not.
        for path, measure in ((f"TxsSummry/{name}/Sum", _sum_of), (f"TxsSummry/{name}/NbOfNtries", len)):
            stated = statement.text_of(path)
            found = [
                measure([entry for entry in some if entry.text_of("CdtDbtInd") == mark])
                for some in (booked, entries)
            ]
            if stated and amount_of(stated) not in found:
                raise refused("balance", WRONG_TOTAL, line=statement.line, stated=stated, found=found[0])


def _sum_of(entries: list[_CamtNode]) -> Decimal:
    return sum((abs(_signed(entry)) for entry in entries), Decimal(0))


def _signed(node: _CamtNode) -> Decimal:
    amount = node.first("Amt")
    value = amount_of(
        amount.text.rstrip("0") if amount and "." in amount.text else (amount.text if amount else "")
    )
    if amount is None or value is None or amount.attributes.get("Ccy") != "UZS":
        raise refused("unreadable_row", NO_AMOUNT, line=node.line)
    return value if node.text_of("CdtDbtInd") == "CRDT" else -value
