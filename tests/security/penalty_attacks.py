"""Raw SQL that charges penalties which follow from nothing, or days that are charged already (16_penalties.sql).

The first account's bill of December is due on 21 January; `new_penalty` bills the ten days after that: 0.1 % a day
of 100.
"""

_ENTERPRISE = "(SELECT id FROM gis_core_enterprise WHERE code = 'SUV')"
_TERMS = (
    "INSERT INTO billing_penaltyterms (enterprise_id, division_id, subscriber_class, valid_from, "
    "daily_percent, grace_days, cap_percent) VALUES ({enterprise}, {division}, {subscriber_class}, "
    "{valid_from}, {daily_percent}, {grace_days}, {cap_percent}); "
)
_DEBT = "(SELECT min(id) FROM billing_invoice WHERE NOT is_penalty)"
_OUR_TERMS = "(SELECT max(id) FROM billing_penaltyterms)"
DAYS = "'2026-01-01'::date, '2026-01-22'::date, '2026-02-01'::date"


def terms(**changed: str) -> str:
    """Terms of the enterprise; what is given is other."""
    given = {
        "enterprise": _ENTERPRISE,
        "division": "NULL",
        "subscriber_class": "''",
        "valid_from": "'2025-01-01'",
        "daily_percent": "0.1",
        "grace_days": "0",
        "cap_percent": "50",
    }
    return _TERMS.format(**given | changed)


def penalty(
    days: str = DAYS,
    *,
    net: str = "1.00",
    base: str = "100",
    percent: str = "0.1",
    grace: str = "0",
    cap: str = "50",
    debt: str = _DEBT,
    by_terms: str = _OUR_TERMS,
    is_reversal: str = "false",
    kind: str = "'penalty'",
) -> str:
    """A line of a penalty; what is given does not fit."""
    return (
        f"({kind}, {days}, {net}::numeric, {debt}, {by_terms}, {is_reversal}, "
        f"jsonb_build_object('base', '{base}', 'daily_percent', '{percent}', 'grace_days', '{grace}', "
        f"'cap_percent', '{cap}'))"
    )


def new_penalty(
    *lines: str, total: str = "1.00", before: str = "", book: str = "penalties", is_penalty: str = "true"
) -> str:
    """A penalty's bill of January with its terms, lines and booking."""
    return f"""{before or terms()}
    INSERT INTO billing_invoicecounter (enterprise_id, year, last_number) VALUES ({_ENTERPRISE}, 2026, 1);
    WITH head AS (
        INSERT INTO billing_invoice (uid, enterprise_id, division_id, account_id, run_id, year, sequence, number,
                                     month, issued_on, due_on, total_net, total_vat, is_penalty)
        SELECT gen_random_uuid(), enterprise_id, division_id, account_id, run_id, 2026, 1, 'NEW', '2026-01-01',
               '2026-02-01', '2026-02-20', {total}, 0, {is_penalty} FROM billing_invoice WHERE id = {_DEBT} RETURNING *
    ), line AS (
        INSERT INTO billing_invoiceline (invoice_id, kind, is_volume, consumption_month, consumption_from,
                                         consumption_to, net, vat, penalized_invoice_id, penalty_terms_id,
                                         is_reversal, inputs)
        SELECT head.id, line.kind, false, line.month, line.first_on, line.last_to, line.net, 0, line.debt_id,
               line.terms_id, line.is_reversal, line.inputs
          FROM head, (VALUES {", ".join(lines or (penalty(),))})
               AS line (kind, month, first_on, last_to, net, debt_id, terms_id, is_reversal, inputs)
    ), booking AS (
        INSERT INTO billing_ledgertransaction (uid, enterprise_id, division_id, month, booked_on, invoice_id)
        SELECT gen_random_uuid(), enterprise_id, division_id, '2026-01-01', '2026-01-31', id FROM head RETURNING *
    )
    INSERT INTO billing_ledgerentry (transaction_id, division_id, book, account_id, amount)
    SELECT booking.id, booking.division_id, leg.book, leg.account_id, leg.amount FROM booking, head,
    LATERAL (VALUES ('receivable', head.account_id, {total}::numeric), ('{book}', NULL::bigint, -({total})::numeric))
            AS leg (book, account_id, amount)"""


_WITHDRAWN = "UPDATE billing_penaltyterms SET is_withdrawn = true; "
_FIRST_HALF, _SECOND_HALF = DAYS.replace("'2026-02-01'", "'2026-01-27'"), DAYS.replace("-22'", "-27'")
PENALTY_CONTROLS = {
    "a penalty with its terms and booking": new_penalty(),
    "penalties on days beside each other": new_penalty(
        penalty(_FIRST_HALF, net="0.50"), penalty(_SECOND_HALF, net="0.50")
    ),
    "a penalty taken back and charged otherwise": new_penalty(
        penalty(), penalty(net="-1.00", is_reversal="true"), penalty(net="0.50", base="50"), total="0.50"
    ),
    "terms that nobody was charged by, changed": f"{terms()}UPDATE billing_penaltyterms SET grace_days = 5",
    "charged terms withdrawn, and others set from the same day": f"{new_penalty()}; {_WITHDRAWN}{terms()}",
}
_ALIEN_ENTERPRISE = "(SELECT id FROM gis_core_enterprise WHERE code = 'ALIEN')"
_ALIEN_DIVISION = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"


def penalty_attacks(good: str) -> dict[str, list[str]]:
    """Attacks by the guard that has to refuse them; `good` posts a bill of services."""
    return {
        "posted_penalty_follows": [
            # In a bill of services, and beside a service in a bill of penalties.
            new_penalty(is_penalty="false", book="revenue"),
            good.replace("total_net, total_vat)", "total_net, total_vat, is_penalty)").replace(
                "10, 1.20 FROM billing_invoice", "10, 1.20, true FROM billing_invoice"
            ),
            # Before the bill was due, and over the month's end.
            new_penalty(penalty(DAYS.replace("-22'", "-21'"))),
            new_penalty(penalty(DAYS.replace("'2026-02-01'", "'2026-02-02'"))),
            # By terms of another enterprise, division, class or day, and at a rate that they do not have.
            *(
                new_penalty(before=terms(**other))
                for other in (
                    {"enterprise": _ALIEN_ENTERPRISE},
                    {"division": _ALIEN_DIVISION},
                    {"subscriber_class": "'legal_entity'"},
                    {"valid_from": "'2026-01-23'"},
                    {"daily_percent": "0.2"},
                )
            ),
            # By terms that were withdrawn; in the days of grace; with another grace or cap than any terms have.
            new_penalty(before=terms() + _WITHDRAWN),
            new_penalty(penalty(grace="1"), before=terms(grace_days="1")),
            new_penalty(penalty(cap="60")),
            new_penalty(before=terms(grace_days="1")),
            # Of more than the bill asked, and more than the days cost.
            new_penalty(penalty(base="100000000")),
            new_penalty(penalty(net="1.02"), total="1.02"),
        ],
        "penalty_days_charged_once": [
            new_penalty(penalty(), penalty(), total="2.00"),
            new_penalty(
                penalty(),
                penalty(DAYS.replace("-22'", "-30'").replace("'2026-02-01'", "'2026-01-31'"), net="0.10"),
                total="1.10",
            ),
            # More than the cap.
            new_penalty(penalty(cap="0"), before=terms(cap_percent="0")),
            # Taken back what nobody charged.
            new_penalty(penalty(net="-1.00", is_reversal="true"), total="-1.00"),
        ],
        "invoice_line_explains_itself": [
            new_penalty(penalty(net="0.00"), total="0.00"),
            new_penalty(penalty(net="-1.00"), total="-1.00"),
            new_penalty(penalty(), penalty(is_reversal="true"), total="2.00"),
        ],
        "charged_terms_stay": [
            f"{new_penalty()}; UPDATE billing_penaltyterms SET daily_percent = 0.2",
            f"{new_penalty()}; UPDATE billing_penaltyterms SET daily_percent = 0.2, is_withdrawn = true",
            f"{terms()}{_WITHDRAWN}UPDATE billing_penaltyterms SET is_withdrawn = false",
            f"{terms()}{_WITHDRAWN}UPDATE billing_penaltyterms SET grace_days = 5",
        ],
        "invoice_line_of_penalty_is_of_a_debt": [
            new_penalty(penalty(debt="NULL::bigint")),
            new_penalty(penalty(by_terms="NULL::bigint")),
        ],
        "ledger_transaction_balances": [new_penalty(book="revenue")],
        # December is closed.
        "ledger_month_is_open": [
            new_penalty().replace("'2026-01-01', '2026-01-31', id", "'2025-12-01', '2025-12-31', id")
        ],
        "penalty_terms_once_a_day": [terms() * 2],
        "penalty_terms_class_known": [terms(subscriber_class="'king'")],
        "penalty_terms_plausible": [
            terms(daily_percent="-1"),
            terms(daily_percent="'NaN'"),
            terms(cap_percent="101"),
            terms(cap_percent="'NaN'"),
            terms(grace_days="367"),
        ],
    }
