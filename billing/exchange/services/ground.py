"""What the rows of a file refer to, read with a few queries for all of them; nothing that its bringer may not see."""

from functools import cached_property
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.kinds import RegisterKind
from billing.exchange.selectors.registers import enterprise_of_register
from billing.exchange.services.sheet import RowRefused, SheetRow
from billing.models import Account, SuppliedService
from gis_core.access import NotVisible, divisions_of, is_unrestricted, visible
from gis_core.models import Division, Enterprise, User
from gis_core.sentences import Sentence

M = TypeVar("M", bound=Model)


class Ground:
    """For whom the file is read, and what is there. `user` None: an operator, who sees everything."""

    def __init__(self, kind: RegisterKind, rows: list[SheetRow], enterprise: str, user: User | None) -> None:
        self.kind, self.rows, self.user = kind, rows, user
        self._enterprise = (
            enterprise_of_register(kind.capability, enterprise, user) if kind.is_of_enterprise else None
        )

    @property
    def enterprise(self) -> Enterprise:
        assert self._enterprise is not None
        return self._enterprise

    def scoped(self, rows: QuerySet[M], division: str = "division") -> QuerySet[M]:
        """The rows of the divisions in which the bringer may bring this register."""
        if self.user is None:
            return rows
        return visible(rows, self.user, self.kind.capability, division=division)

    def texts_in(self, column: str) -> set[str]:
        """What the rows say in a column of texts."""
        return {row[column] for row in self.rows if row.is_taken and row[column] is not None}

    # --- divisions

    @cached_property
    def _divisions(self) -> dict[str, Division]:
        codes = {code.upper() for name in ("division", "street_division") for code in self.texts_in(name)}
        rows = self._own_divisions().filter(code__in=codes).defer("boundary")
        return {division.code: division for division in rows}

    def _own_divisions(self) -> QuerySet[Division]:
        rows = Division.objects.all()
        if self.user is not None and not is_unrestricted(self.user):
            rows = divisions_of(self.user, self.kind.capability)
        if self._enterprise is not None:
            rows = rows.filter(path__startswith=self._enterprise.division.path)
        return rows

    def division(self, row: SheetRow, column: str = "division") -> Division:
        """The division that a row names, else the one that new rows are given; RowRefused for any other."""
        code = row[column]
        if code is None:
            return self.own_division
        found = self._divisions.get(code.upper())
        if found is None:
            raise RowRefused(
                column, Sentence(_("there is no division {code} here that you may change"), code=code)
            )
        return found

    @cached_property
    def own_division(self) -> Division:
        """The enterprise's division, or the topmost one below it in which the bringer works."""
        found = self._own_divisions().order_by("level", "path").defer("boundary").first()
        if found is None:
            raise NotVisible("no division of the enterprise is the bringer's")
        return found

    # --- accounts and services

    @cached_property
    def accounts(self) -> dict[str, Account]:
        rows = Account.objects.filter(enterprise=self.enterprise, number__in=self.texts_in("account"))
        return {account.number: account for account in self.scoped(rows)}

    def account(self, row: SheetRow) -> Account:
        """The account that a row names; RowRefused where there is none that one may change."""
        found = self.accounts.get(row["account"])
        if found is None:
            raise RowRefused(
                "account",
                Sentence(
                    _("{enterprise} has no account {number} here"),
                    enterprise=self.enterprise.code,
                    number=row["account"],
                ),
            )
        return found

    @cached_property
    def services(self) -> dict[str, SuppliedService]:
        """The whole nomenclature, which is short."""
        return {service.code: service for service in SuppliedService.objects.all()}

    def service(self, row: SheetRow, column: str = "service") -> SuppliedService:
        return self.known_service(row[column], column)

    def known_service(self, code: str, column: str) -> SuppliedService:
        """The service of this code; RowRefused where there is none."""
        found = self.services.get(code.casefold())
        if found is None:
            raise RowRefused(column, Sentence(_("the nomenclature has no service {code}"), code=code))
        return found

    def service_codes(self, row: SheetRow) -> frozenset[str]:
        """The services that a row lists."""
        return frozenset(self.known_service(code, "services").code for code in row["services"])
