"""Files of banks as programs write them, made from rows: with totals and balances that follow unless told otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

OURS = "20210000405918274001"
THEIRS = "20208000900123456001"
OPENING = Decimal("1000000.00")


@dataclass(frozen=True)
class Moved:
    """A row of money in (or out)."""

    amount: str
    purpose: str = ""
    number: str = "118"
    payer_account: str = THEIRS
    tax_id: str = ""
    is_out: bool = False
    day: str = "05.01.2026"
    reference: str = ""
    mark: str = "C"


def file_1c(
    rows: Sequence[Moved], *, account: str = OURS, ending: str = "КонецФайла\r\n", closing: str = ""
) -> str:
    came = sum((Decimal(row.amount) for row in rows if not row.is_out), Decimal(0))
    went = sum((Decimal(row.amount) for row in rows if row.is_out), Decimal(0))
    lines = [
        "1CClientBankExchange",
        "ВерсияФормата=1.03",
        "Кодировка=DOS",
        "ДатаНачала=05.01.2026",
        f"РасчСчет={account}",
    ]
    lines += ["СекцияРасчСчет", "ДатаНачала=05.01.2026", "ДатаКонца=05.01.2026", f"РасчСчет={account}"]
    lines += [f"НачальныйОстаток={OPENING}", f"ВсегоПоступило={came}", f"ВсегоСписано={went}"]
    lines += [f"КонечныйОстаток={closing or OPENING + came - went}", "КонецРасчСчет"]
    for row in rows:
        payer, payee = (OURS, THEIRS) if row.is_out else (row.payer_account, OURS)
        lines += [
            "СекцияДокумент=Платежное поручение",
            f"Номер={row.number}",
            f"Дата={row.day}",
            f"Сумма={row.amount}",
        ]
        lines += [
            f"ПлательщикСчет={payer}",
            "Плательщик=Каримов Анвар",
            f"ПлательщикИНН={row.tax_id}",
            "ПлательщикМФО=00421",
        ]
        lines += [
            f"ПолучательСчет={payee}",
            "ПолучательБИК=00421",
            f"НазначениеПлатежа={row.purpose}",
            "КонецДокумента",
        ]
    return "\r\n".join(lines) + "\r\n" + ending


def file_mt940(rows: Sequence[Moved], *, account: str = OURS, closing: str = "") -> str:
    signs = {"C": 1, "RD": 1, "D": -1, "RC": -1}
    moved = sum((signs[row.mark] * Decimal(row.amount) for row in rows), Decimal(0))
    lines = ["{1:F01BANKUZ22}{2:I940X}{4:", ":20:STMT1", f":25:00421/{account}", ":28C:5/1"]
    lines.append(f":60F:C260105UZS{str(OPENING).replace('.', ',')}")
    for row in rows:
        back = f"//{row.reference}" if row.reference else ""
        lines.append(f":61:2601050105{row.mark}{row.amount.replace('.', ',')}NTRF{row.number}{back}")
        pieces = [row.purpose[place : place + 65] for place in range(0, len(row.purpose), 65)] or ["-"]
        lines.append(":86:" + "\r\n".join(pieces))
    lines += [f":62F:C260105UZS{(closing or str(OPENING + moved)).replace('.', ',')}", "-}"]
    return "\r\n".join(lines) + "\r\n"


def entry(
    amount: str,
    details: str = "",
    *,
    mark: str = "CRDT",
    status: str = "<Sts>BOOK</Sts>",
    more: str = "",
    currency: str = "UZS",
    reference: str = "E1",
) -> str:
    return (
        f'<Ntry><NtryRef>1</NtryRef><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd>{more}{status}'
        f"<BookgDt><Dt>2026-01-05</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def details(amount: str, purpose: str, reference: str) -> str:
    return (
        f"<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs>"
        f'<AmtDtls><TxAmt><Amt Ccy="UZS">{amount}</Amt></TxAmt></AmtDtls>'
        f"<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf></TxDtls>"
    )


def file_camt(entries: str, closing: str, *, version: str = "02", head: str = "", account: str = OURS) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><Stmt>'
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
        '<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="UZS">1000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        f'<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="UZS">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>'
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    )


def file_registry(rows: Sequence[tuple[str, ...]], *, separator: str = ";", total: str = "") -> str:
    found = sum((Decimal(row[3].replace(",", ".")) for row in rows), Decimal(0))
    lines = [("reference", "account", "paid_on", "amount", "payer"), *rows]
    return (
        "\n".join(separator.join(line) for line in lines)
        + "\n"
        + separator.join(("TOTAL", str(len(rows)), total or str(found)))
        + "\n"
    )
