"""Whose money it is, by what a statement says: a labelled account, a bill's number, a bare number, a tax number."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from billing.models import Account, Invoice

AMBIGUOUS, UNKNOWN = "ambiguous", "unknown_account"
UNMATCHED_RETURN = "unmatched_return"
# Why money of an unknown owner is one's, in words.
REASONS = {
    AMBIGUOUS: gettext_noop("several accounts may be meant"),
    UNKNOWN: gettext_noop("no account is named"),
    UNMATCHED_RETURN: gettext_noop("the bank took back what is not known"),
}
_LABELLED = re.compile(
    r"(?<!\w)(?:лиц(?:евой|евого|евому|\.)?\s*сч[её]т[а-я]*|л\s*[/.]\s*с(?:ч[её]т[а-я]*)?|лс|х/р|ҳ/р|[хҳ]исоб\s+ра[кқ]ами[а-я]*"
    r"|hisob\s+raqam[a-z]*|shaxsiy\s+hisob[a-z]*|h\s*/\s*r|l\s*/\s*s|account)(?![^\W\d])"
    r"(?:[\s.:=#№–-]|N[oо]?\.?(?=[\s:№0-9]))*"
    r"([0-9][0-9A-Za-z-]{0,19}(?:\s*(?:,|;|\+|/|и|va|and)\s*[0-9]{3,19}(?![\w.-]))*)(?![\w-])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9][0-9A-Za-z-]*")
_WORD = re.compile(r"[\w-]{1,40}")
_BARE = re.compile(r"(?<![\w/.-])[0-9]{3,20}(?![\w-])")
_BANK_ACCOUNT_DIGITS = 20
_AT_ONCE = 5_000


@dataclass(frozen=True)
class Said:
    """What is known of a payer: the account that a registry states, the purpose, his tax number."""

    account: str
    purpose: str
    tax_id: str


@dataclass(frozen=True)
class Owner:
    """The account, or why there is none."""

    account: Account | None
    reason: str = ""


def owners_of(enterprise_id: int, said: Sequence[Said]) -> list[Owner]:
    """The owner of each row's money, in order; asked of the database for all together."""
    labelled = [_labelled(one) for one in said]
    bare = [set(_BARE.findall(one.purpose)) if not one.account else set() for one in said]
    words = [set(_WORD.findall(one.purpose)) if not one.account else set() for one in said]
    numbers = set().union(*labelled, *bare) if said else set()
    accounts = _accounts(enterprise_id, numbers)
    bills = _bills(enterprise_id, {word for row in words for word in row if "-" in word})
    payers = _payers(enterprise_id, {one.tax_id for one in said if one.tax_id and not one.account})
    return [
        _owner(
            [_known(accounts, labelled[place])]
            if _names_none(labelled[place], accounts, one)
            else [
                _known(accounts, labelled[place]),
                {account for word in words[place] for account in bills.get(word, ())},
                _known(accounts, bare[place]),
                payers.get(one.tax_id, set()),
            ]
        )
        for place, one in enumerate(said)
    ]


def _labelled(one: Said) -> set[str]:
    if one.account:
        return {one.account}
    found = {number for listed in _LABELLED.findall(one.purpose) for number in _NUMBER.findall(listed)}
    return {number for number in found if len(number) < _BANK_ACCOUNT_DIGITS}


def _names_none(labelled: set[str], accounts: dict[str, Account], one: Said) -> bool:
    """Whether an account is named outright that there is not: another guess would be somebody else's."""
    return bool(one.account) or (bool(labelled) and not _known(accounts, labelled))


def _known(accounts: dict[str, Account], numbers: Iterable[str]) -> set[Account]:
    return {accounts[number] for number in numbers if number in accounts}


def _owner(steps: Sequence[set[Account]]) -> Owner:
    for found in steps:
        if len(found) == 1:
            return Owner(next(iter(found)))
        if found:
            return Owner(None, AMBIGUOUS)
    return Owner(None, UNKNOWN)


def _accounts(enterprise_id: int, numbers: Iterable[str]) -> dict[str, Account]:
    found: dict[str, Account] = {}
    for some in _some(numbers):
        rows = Account.objects.filter(enterprise_id=enterprise_id, number__in=some, currency="UZS")
        found.update({row.number: row for row in rows})
    return found


def _bills(enterprise_id: int, numbers: Iterable[str]) -> dict[str, set[Account]]:
    found: dict[str, set[Account]] = defaultdict(set)
    for some in _some(numbers):
        rows = Invoice.objects.filter(enterprise_id=enterprise_id, number__in=some, account__currency="UZS")
        for row in rows.select_related("account"):
            found[row.number].add(row.account)
    return found


def _payers(enterprise_id: int, tax_ids: Iterable[str]) -> dict[str, set[Account]]:
    found: dict[str, set[Account]] = defaultdict(set)
    for some in _some(tax_ids):
        rows = Account.objects.filter(
            enterprise_id=enterprise_id, subscriber__tax_id__in=some, currency="UZS"
        )
        for row in rows.select_related("subscriber"):
            found[row.subscriber.tax_id].add(row)
    return found


def _some(values: Iterable[str]) -> Iterable[list[str]]:
    listed = sorted(values)
    return (listed[place : place + _AT_ONCE] for place in range(0, len(listed), _AT_ONCE))
