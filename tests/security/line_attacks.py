"""Raw SQL that posts lines which follow from nothing, or charge days that are charged already (15_lines.sql).

The first account's December is billed; `good` posts an invoice for its January with one line of its meter's readings.
Its statements are changed in one place each.
"""

from tests.security.signature_attacks import OTHER, WORKS

_LINE = "SELECT head.id, 'cold_water', service_point_id, current_reading_id, next_reading.id, tariff_id, vat_rate_id,"
_DAYS = "'2026-01-01', '2026-01-01', '2026-02-01', 0.01, 1000, 12, 10, 1.20, false"
_DECEMBER = "'2025-12-01', '2025-12-01', '2026-01-01', 0.01, 1000, 12, 10, 1.20, false"
_READ_IN_DECEMBER = _LINE.replace(
    "current_reading_id, next_reading.id", "previous_reading_id, current_reading_id"
)
_ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_OTHER_POINT = "(SELECT id FROM billing_servicepoint WHERE code = 'SP-17001')"


def _changed(good: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in good, before
        good = good.replace(before, after)
    return good


def _without_point(good: str, days: str) -> str:
    """January by norm, of no point and no reading."""
    line = _LINE.replace("service_point_id, current_reading_id, next_reading.id", "NULL, NULL, NULL")
    return _changed(
        good, (_LINE, line), ("vat, is_reversal)", "vat, is_reversal, kind)"), (_DAYS, f"{days}, 'norm'")
    )


_TWICE = ("'2026-02-01') next_reading", "'2026-02-01') next_reading, generate_series(1, 2) AS part")


def line_controls(good: str) -> dict[str, str]:
    """What is like the attacks below and may be done."""
    return {
        # January in two stretches of days that touch.
        "days beside each other": _changed(good, ("'2026-02-01', 0.01", "'2026-01-16', 0.01")),
        "days without a point": _without_point(good, _DAYS),
        "a point that goes to a division below its network's": (
            "UPDATE billing_servicepoint SET division_id = (SELECT id FROM gis_core_division WHERE parent_id = "
            "billing_servicepoint.division_id LIMIT 1) WHERE code = 'SP-17001' AND EXISTS "
            "(SELECT FROM gis_core_division WHERE parent_id = billing_servicepoint.division_id)"
        ),
    }


def line_attacks(good: str) -> dict[str, list[str]]:
    """Attacks by the guard that has to refuse them."""
    taken_back = _changed(
        good, (_LINE, _READ_IN_DECEMBER), (_DAYS, _DECEMBER.replace("10, 1.20, false", "-10, -1.20, true"))
    ).replace("0.01, 1000, 12, -10", "-0.01, 1000, 12, -10")
    return {
        "posted_line_follows": [
            # Of another's point, or of days on which it was nobody's.
            _changed(good, (_LINE, _LINE.replace("service_point_id", _OTHER_POINT, 1))),
            _changed(
                good, (_DAYS, _DAYS.replace("'2026-01-01', '2026-01-01'", "'2025-01-01', '2025-01-01'"))
            ),
            # In a bill of before, and days of another time than its month.
            _changed(good, (_DAYS, _DAYS.replace("'2026-01-01', ", "'2026-02-01', ", 1))),
            _changed(good, (_DAYS, _DAYS.replace("'2026-02-01'", "'2026-05-01'"))),
            # Read by nothing, on other days, by readings that are not of the point.
            _changed(good, (_LINE, _LINE.replace("current_reading_id, next_reading.id", "NULL, NULL"))),
            _changed(good, (_LINE, _READ_IN_DECEMBER)),
            _changed(good, (_LINE, _LINE.replace("next_reading.id", "current_reading_id"))),
            "INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source, "
            "queue_reason, entered_at) SELECT gen_random_uuid(), installation.id, point.division_id, '2026-02-02', 5, "
            "'accepted', 'visit', '', now() FROM billing_meterinstallation installation "
            "JOIN billing_servicepoint point ON point.id = installation.service_point_id "
            "WHERE point.code = 'SP-17001'; "
            + _changed(
                good,
                ("read_on = '2026-02-01'", "read_on = '2026-02-02'"),
                ("'2026-02-01', '2026-02-20'", "'2026-02-02', '2026-02-20'"),
            ),
            # At a price of nobody, of another class or service, and without any.
            _changed(good, (_DAYS, _DAYS.replace("0.01, 1000", "0.02, 500"))),
            _changed(
                good,
                (
                    _LINE,
                    _LINE.replace(
                        "tariff_id",
                        "(SELECT id FROM billing_tariff WHERE subscriber_class <> 'household' LIMIT 1)",
                    ),
                ),
            ),
            _changed(good, (_LINE, _LINE.replace("tariff_id", "NULL"))),
            # As a block that the tariff has not, and as what is charged once.
            *(
                _changed(
                    good,
                    ("vat, is_reversal)", f"vat, is_reversal, {column})"),
                    (_DAYS, f"{_DAYS}, {value}"),
                )
                for column, value in (
                    ("inputs", '\'{"block_no": "2"}\''),
                    # In a register that its readings are not of.
                    ("inputs", '\'{"register": "night"}\''),
                    ("kind, is_volume", "'one_off', false"),
                )
            ),
            # Estimated in a register that nobody installed at the point.
            _changed(
                good,
                (_LINE, _LINE.replace("current_reading_id, next_reading.id", "NULL, NULL")),
                ("vat, is_reversal)", "vat, is_reversal, kind, inputs)"),
                (_DAYS, f"{_DAYS}, 'estimate', '{{\"register\": \"night\"}}'"),
            ),
            # Taxed at no rate, and at another than it says.
            _changed(good, (_LINE, _LINE.replace("vat_rate_id", "NULL"))),
            _changed(good, (_DAYS, _DAYS.replace("12, 10, 1.20", "0, 10, 0"))),
        ],
        "posted_days_charged_once": [
            # December once more: all of it, some of it, and twice in one bill.
            _changed(good, (_LINE, _READ_IN_DECEMBER), (_DAYS, _DECEMBER)),
            _changed(
                good,
                (_LINE, _READ_IN_DECEMBER),
                (_DAYS, _DECEMBER.replace("'2025-12-01', '2026-01-01'", "'2025-12-10', '2025-12-12'")),
            ),
            # As consumption of a later month.
            _changed(
                good,
                (_LINE, _READ_IN_DECEMBER),
                (_DAYS, _DECEMBER.replace("'2025-12-01', '2025-12-01'", "'2026-01-01', '2025-12-01'")),
            ),
            _changed(
                good, ("'2026-02-01') next_reading", "'2026-02-01') next_reading, generate_series(1, 2)")
            ),
            # Two lines of one service without a point: the same days, and some of them.
            _changed(_without_point(good, _DAYS), _TWICE),
            _changed(
                _without_point(good, _DAYS.replace("'2026-02-01', 0.01", "DATE '2026-01-20' + part, 0.01")),
                _TWICE,
            ),
            # Taken back what nobody charged.
            taken_back,
        ],
        "service_point_in_branch": [
            "INSERT INTO billing_servicepoint (uid, division_id, code, service, attachment_id) "
            f"SELECT gen_random_uuid(), {_ALIEN}, 'SP-X', service, made.id FROM billing_servicepoint, "
            "(SELECT max(id) AS id FROM assets_attachment WHERE id NOT IN "
            f"(SELECT attachment_id FROM billing_servicepoint) AND division_id <> {_ALIEN}) made "
            "WHERE code = 'SP-17001'"
        ],
        "service_point_stays_in_branch": [
            f"UPDATE billing_servicepoint SET division_id = {_ALIEN} WHERE code = 'SP-17001'"
        ],
        "payment_names_who_entered_it": [
            f"{WORKS}INSERT INTO billing_payment (uid, enterprise_id, division_id, account_id, channel, reference, "
            "paid_on, amount, entered_by_id) SELECT gen_random_uuid(), enterprise_id, division_id, id, 'cash', 'X', "
            f"'2026-01-06', 50, {OTHER} FROM billing_account WHERE number = '17000'"
        ],
    }
