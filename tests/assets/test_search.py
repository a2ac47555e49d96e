"""Search over elements, cadastre and coordinates: spellings, order, slips of the pen, and the indexes that bear it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import connection
from django.test import Client

from assets.models import Building, Node
from assets.networks.selectors.coordinates import positions_of
from gis_core.models import Division, Street, User
from tests.frontend_map.sample import SampleNetwork, build_network


@pytest.fixture
def sample(district: Division) -> SampleNetwork:
    return build_network(district, "OWN")


@pytest.fixture
def engineer_user(make_user: Callable[..., User], district: Division) -> User:
    return make_user("engineer", district)


@pytest.fixture
def engineer(engineer_user: User) -> Client:
    client = Client()
    client.force_login(engineer_user)
    return client


@pytest.fixture
def neighbour(make_user: Callable[..., User], other_district: Division) -> Client:
    client = Client()
    client.force_login(make_user("engineer", other_district))
    return client


def found(client: Client, text: str, **parameters: Any) -> list[dict[str, Any]]:
    response = client.get(f"/api/v1/search/?{urlencode({'q': text} | parameters)}")
    assert response.status_code == 200, response.content
    rows: list[dict[str, Any]] = response.json()
    return rows


def spelling(function: str, text: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [text])
        return str(cursor.fetchone()[0])


# --- spellings ---


@pytest.mark.django_db
@pytest.mark.parametrize(
    "same",
    [
        [
            "ko‘chasi", "ko'chasi", "ko`chasi", "ko´chasi", "koʻchasi", "koʼchasi", "ko’chasi", "ko``chasi",
            "ko''chasi", "KO‘CHASI", "кўчаси", "КЎЧАСИ", "kõchasi",
        ],
        ["Karimov", "Каримов", "KARIMOV", "каримов"],
        ["Ulug‘bek", "Ulug'bek", "Улуғбек", "Uluğbek"],
        ["Shahrisabz", "Шаҳрисабз", "Şahrisabz", "Шахрисабз"],
        ["Yoqubov", "Ёқубов", "Yokubov"],
        ["Yer", "Ер"],
        ["Xo‘jayev", "Хўжаев", "Ho'jayev", "Khojaev"],
        ["Qodir", "Қодир", "Кодир"],
        ["Choʻlpon", "Чўлпон", "Çõlpon"],
        ["militsiya", "милиция"],
    ],
)  # fmt: skip
def test_spellings_of_one_name_are_one(same: list[str]) -> None:
    assert len({spelling("search_key", text) for text in same}) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"), [("Karimov", "Karimova"), ("P-508", "P-50"), ("Sobir", "Shobir"), ("Olim", "Halim")]
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert spelling("search_key", one) != spelling("search_key", other)


@pytest.mark.django_db
def test_words_are_kept_apart_by_all_but_apostrophes() -> None:
    assert spelling("search_words", " Furqat ko‘chasi, 101 ") == "furkat kochasi 101"
    assert spelling("search_words", "№ 5/2-uy") == "5 2 uy"
    assert spelling("search_key", "QBR-2026 0000070") == "kbr20260000070"


# --- order ---


@pytest.fixture
def town(district: Division) -> SampleNetwork:
    """Codes P1 to P… and J1 to J…: many begin with another's code."""
    return build_network(district, "TOWN", columns=40, rows=15)


def test_the_code_that_was_typed_comes_first(town: SampleNetwork, engineer: Client) -> None:
    for code in ("P5", "P50", "P508", "p508", "P-508", " p 508 ", "Р508", "J50"):
        wanted = code.upper().replace("-", "").replace(" ", "").replace("Р", "P")
        assert found(engineer, code)[0]["code"] == wanted, code


def test_what_goes_on_after_the_number_comes_before_longer_numbers(
    town: SampleNetwork, engineer: Client
) -> None:
    """P50-J9 is meant by P50, and P500 is not, however many there are."""
    node = town.nodes[7]
    Node.objects.filter(pk=node.pk).update(code="V-J-5-P-9")
    for place, other in enumerate(town.nodes[20:80]):
        Node.objects.filter(pk=other.pk).update(code=f"V-J-5{place:02}-P-1")
    assert found(engineer, "V-J-5")[0]["code"] == "V-J-5-P-9"


def test_an_equal_code_of_another_network_comes_before_a_longer_one_of_this(
    town: SampleNetwork, district: Division, engineer: Client
) -> None:
    build_network(district, "SMALL", columns=2, rows=2)
    for network in ("TOWN", "SMALL"):
        rows = found(engineer, "J1", network=network, limit=5)
        assert [row["code"] for row in rows[:2]] == ["J1", "J1"]
        assert rows[0]["network"] == network
        assert rows[1]["network"] != network


def test_what_ends_with_the_number_is_found_without_its_letter(town: SampleNetwork, engineer: Client) -> None:
    assert {"P508", "J508"} <= {row["code"] for row in found(engineer, "508")}


def test_a_hit_says_all_that_a_list_shows(sample: SampleNetwork, engineer: Client) -> None:
    (hit,) = [row for row in found(engineer, "P1") if row["code"] == "P1"]
    assert hit["class"] == hit["asset_class"] == "pipe"
    assert hit["label"] == "P1"
    assert sample.network.name in hit["detail"]
    assert hit["address"] == f"/map/?network=OWN&selected=pipe:{hit['uid']}"
    assert hit["longitude"] == pytest.approx(69.34, abs=0.1)


def test_a_name_with_a_slip_of_the_pen_is_found_when_nothing_has_it(
    sample: SampleNetwork, engineer: Client, neighbour: Client
) -> None:
    zone = sample.zones[0]
    type(zone).objects.filter(pk=zone.pk).update(name="Mirzo Ulug‘bek mavzesi")
    for text in ("Мирзо Улуғбек", "ulugbek mirzo", "Mirzo Ulugbec", "Mirza Ulug`bek"):
        assert found(engineer, text)[0]["uid"] == str(zone.uid), text
        assert found(neighbour, text) == []


# --- the indexes ---


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT id FROM assets_node WHERE search_key(code) LIKE '%508%'", "node_search_within"),
        ("SELECT id FROM assets_pipe WHERE search_key(code) LIKE '%508'", "pipe_search_within"),
        ("SELECT id FROM assets_pipe WHERE search_key(code) % 'p508a'", "pipe_search_within"),
        (
            "SELECT id FROM assets_zone WHERE ' ' || search_words(code || ' ' || name) LIKE '% mirzo%'",
            "zone_search",
        ),
        ("SELECT node_id FROM assets_facilitydetail WHERE ' ' || search_words(name) LIKE '% bek%'", "facility_search"),
        ("SELECT id FROM gis_core_street WHERE ' ' || search_words(name) LIKE '% furkat%'", "street_search"),
        ("SELECT id FROM billing_account WHERE search_key(number) LIKE '17000%'", "account_search_number"),
        ("SELECT id FROM billing_invoice WHERE search_key(number) LIKE 'kbr2026%'", "invoice_search_number"),
        ("SELECT id FROM billing_meter WHERE search_key(serial) LIKE 'sgv20%'", "meter_search_serial"),
        ("SELECT id FROM billing_contract WHERE search_key(number) LIKE 'sgv20%'", "contract_search_number"),
        ("SELECT id FROM billing_subscriber WHERE search_key(phone) LIKE '%3882529%'", "subscriber_search_phone"),
        ("SELECT id FROM billing_subscriber WHERE search_key(registry_number) LIKE '1%'", "subscriber_search_registry"),
        (
            "SELECT id FROM billing_subscriber s WHERE"
            " ' ' || search_words(s.name || ' ' || s.house || ' ' || s.flat) LIKE '% karim%'",
            "subscriber_search",
        ),
    ],
)  # fmt: skip
@pytest.mark.django_db
def test_the_functions_are_inlined_to_the_expressions_of_the_indexes(query: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"on {index} " in plan, plan


@pytest.mark.parametrize("table", ["node", "pipe"])
@pytest.mark.django_db
def test_codes_come_from_their_index_in_order(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
        )
        cursor.execute(
            f"EXPLAIN SELECT id FROM assets_{table} WHERE network_id = 1 AND search_key(code) LIKE 'p5%'"
            " ORDER BY search_key(code) USING ~<~ LIMIT 5"
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f"using {table}_search_key " in plan, plan
    assert "Sort" not in plan


# --- positions ---

HERE = (69.24, 41.31)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("41.31 69.24", [HERE, (41.31, 69.24)]),
        ("69.24, 41.31", [(41.31, 69.24), HERE]),
        ("69.24,41.31", [(41.31, 69.24), HERE]),
        ("41,31 69,24", [HERE, (41.31, 69.24)]),
        ("41,31; 69,24", [HERE, (41.31, 69.24)]),
        ("41.31N 69.24E", [HERE]),
        ("69.24° E, 41.31° N", [HERE]),
        ("41.31 С, 69.24 В", [HERE]),
        ("41°18'36\"N 69°14'24\"E", [HERE]),
        ("41°18′36″ 69°14′24″", [HERE, (41.31, 69.24)]),
        ("N 41 18 36 E 69 14 24", [HERE]),
        ("41°18.6' N, 69°14.4' E", [HERE]),
        ("100.5 41.31", [(100.5, 41.31)]),
        ("-41.31 -69.24", [(-69.24, -41.31), (-41.31, -69.24)]),
        ("P-508", []),
        ("388 25 29", []),
        ("Furqat ko‘chasi, 101", []),
        ("170000070", []),
        ("91 181", []),
        ("41°78'00\"N 69°14'24\"E", []),
    ],
)
def test_positions_are_read_in_any_order(text: str, expected: list[tuple[float, float]]) -> None:
    read = positions_of(text)
    assert [place.longitude for place in read] == pytest.approx([place[0] for place in expected], abs=1e-9)
    assert [place.latitude for place in read] == pytest.approx([place[1] for place in expected], abs=1e-9)


def test_metres_of_a_plane_are_read_where_they_can_be_meant() -> None:
    for text in ("520095.3 4573300.6", "4573300,6 520095,3"):
        (place,) = [place for place in positions_of(text) if place.plane == "UTM 42N"]
        assert place.longitude == pytest.approx(69.24, abs=1e-3)
        assert place.latitude == pytest.approx(41.31, abs=1e-2)


def test_of_two_orders_the_one_where_the_viewer_works_is_meant(
    sample: SampleNetwork, engineer: Client
) -> None:
    for text in ("41.33 69.34", "69.34 41.33", "69,34; 41,33"):
        (hit,) = found(engineer, text)
        assert (hit["class"], hit["longitude"], hit["latitude"]) == ("coordinates", 69.34, 41.33)
        assert hit["address"] == "/map/?at=41.330000,69.340000,17"
    # Neither lies here: both are offered.
    assert len(found(engineer, "10.5 20.5")) == 2


# --- what a large town must not lose ---


@pytest.fixture
def streets(sample: SampleNetwork, district: Division) -> SampleNetwork:
    """Two streets, each with three buildings, and a street of the same name without any."""
    for code, name in (("S1", "Furqat ko‘chasi"), ("S2", "Furqat 2-tor ko‘chasi"), ("S3", "Navoiy ko‘chasi")):
        street = Street.objects.create(code=code, name=name, division=district)
        for number, house in enumerate(("1", "15", "5 korpus 2") if code != "S3" else ()):
            place = 69.34 + number * 0.001 + (0.01 if code == "S2" else 0)
            Building.objects.create(
                cadastral_number=f"10:{code[1]}:{number}",
                geom=MultiPolygon(Polygon.from_bbox((place, 41.33, place + 0.0001, 41.3301))),
                purpose="dwelling",
                house=house,
                street=street,
                division=district,
            )
    return sample


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Furqat ko‘chasi 15", ["Furqat ko‘chasi, 15", "Furqat 2-tor ko‘chasi, 15"]),
        ("15 Фурқат", ["Furqat ko‘chasi, 15", "Furqat 2-tor ko‘chasi, 15"]),
        ("Furqat 2", ["Furqat ko‘chasi, 5 korpus 2"]),
        ("Furqat korpus", ["Furqat ko‘chasi, 5 korpus 2", "Furqat 2-tor ko‘chasi, 5 korpus 2"]),
        ("ko`chasi 1", ["Furqat ko‘chasi, 1", "Furqat ko‘chasi, 15"]),
        ("Navoiy 15", []),
    ],
)
def test_a_building_has_each_word_in_its_street_or_its_house(
    streets: SampleNetwork, engineer: Client, text: str, expected: list[str]
) -> None:
    labels = [row["label"] for row in found(engineer, text, limit=50) if row["class"] == "building"]
    assert set(expected) <= set(labels), labels
    if not expected:
        assert labels == []


def test_the_likest_codes_are_found_and_what_is_less_so_only_while_there_are_few(
    town: SampleNetwork, engineer: Client
) -> None:
    # Both P508 and a dozen others share a letter or two; the one with a slip of the pen is there.
    assert "P508" in {row["code"] for row in found(engineer, "PP508")}
    assert found(engineer, "41.33 69.34")[0]["class"] == "coordinates"
    assert {row["class"] for row in found(engineer, "41.33 69.34")} == {"coordinates"}
