"""A town for benchmarks of search and losses: streets, buildings and subscribers; a country of zones with their months.

Written by sets; only for a database of one's own.
"""

from django.db import connection, transaction

from gis_core.models import Division
from tests.conftest import make_district
from tests.frontend_map.sample import build_enterprise

STREETS, SUBSCRIBERS, BUILDINGS = 5_000, 300_000, 100_000

_TOWN = """
INSERT INTO gis_core_street (code, name, division_id)
SELECT 'B' || n,
       coalesce((ARRAY['Furqat', 'Ulug‘bek', 'Mustaqillik', 'Cho‘lpon', 'Yoshlik', 'Бобур', 'Navoiy'])[1 + n %% 100],
                initcap((ARRAY['sam', 'bo‘', 'gul', 'nur', 'ша', 'to‘', 'mir', 'ok', 'yan', 'chi'])[1 + n %% 10]
                        || (ARRAY['obod', 'lik', 'bahor', 'zor', 'iston', 'tepa', 'ariq', 'bog‘', 'дарё',
                                  'qishloq'])[1 + n / 10 %% 10]))
       || CASE WHEN n < 100 THEN '' ELSE ' ' || n / 100 || '-tor' END || ' ko‘chasi', %(division)s
  FROM generate_series(0, %(streets)s - 1) n;

INSERT INTO billing_subscriber (uid, registry_number, subscriber_class, name, tax_id, personal_id, phone, house, flat,
                                residents, is_priority, division_id, street_id)
SELECT gen_random_uuid(), 'B' || n, 'household',
       (ARRAY['Karimov', 'Rahimova', 'Юсупов', 'To‘xtayev', 'Abdullayeva', 'Olimov', 'Saidov',
              'Норматов'])[1 + n %% 8] || ' '
       || (ARRAY['Alisher', 'Dilnoza', 'Шерзод', 'Gulnora', 'Jasur', 'Kamola', 'Botir'])[1 + n %% 7],
       '', '', '+9989' || 10000000 + n * 23, (1 + n %% 180)::text,
       CASE WHEN n %% 3 = 0 THEN '' ELSE (n %% 60)::text END, 4, false,
       %(division)s, street.id
  FROM generate_series(1, %(subscribers)s) n
  JOIN gis_core_street street ON street.division_id = %(division)s AND street.code = 'B' || n * 7 %% %(streets)s;

INSERT INTO billing_account (uid, number, currency, division_id, enterprise_id, subscriber_id)
SELECT gen_random_uuid(), (170000000 + row_number() OVER (ORDER BY id))::text, 'UZS', division_id, %(enterprise)s, id
  FROM billing_subscriber WHERE division_id = %(division)s;

INSERT INTO assets_building (uid, cadastral_number, geom, purpose, house, division_id, street_id)
SELECT gen_random_uuid(), '10:01:' || n, ST_Multi(ST_MakeEnvelope(69 + n %% 500 * 0.001, 41 + n / 500 * 0.001,
       69.0003 + n %% 500 * 0.001, 41.0003 + n / 500 * 0.001, 4326)), 'dwelling', (1 + n %% 180)::text,
       %(division)s, street.id
  FROM generate_series(1, %(buildings)s) n
  JOIN gis_core_street street ON street.division_id = %(division)s AND street.code = 'B' || n * 11 %% %(streets)s;
"""


@transaction.atomic
def make_town(
    *, streets: int = STREETS, subscribers: int = SUBSCRIBERS, buildings: int = BUILDINGS
) -> Division:
    """A district with streets, their buildings, and subscribers with an account each."""
    district = make_district("BENCH-TOWN", "Town")
    enterprise = build_enterprise(district)
    with connection.cursor() as cursor:
        cursor.execute(
            _TOWN,
            {
                "division": district.pk,
                "enterprise": enterprise.pk,
                "streets": streets,
                "subscribers": subscribers,
                "buildings": buildings,
            },
        )
        cursor.execute("ANALYZE gis_core_street, billing_subscriber, billing_account, assets_building")
    return district
