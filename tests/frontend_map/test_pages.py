"""The pages: what they say, to whom, in which language, and with nothing to show."""

import io
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.html import strip_tags
from pypdf import PdfReader

from assets.models import Network, Zone
from billing.models import Invoice
from billing.printing.selectors.invoice_document import invoice_pdf
from billing.selectors.accounts import amounts_of
from frontend_map.templatetags.figures import figure
from gis_core.models import Division, User
from tests.frontend_map.conftest import Utility, make_utility
from tests.frontend_map.sample import build_account, build_balances

MayOpen = {
    "home": {"engineer", "analyst", "crew", "clerk", "cashier", "manager", "administrator", "auditor"},
    "map": {"engineer", "analyst", "crew", "clerk", "cashier", "manager", "administrator", "auditor"},
    "field": {"engineer", "analyst", "crew", "clerk", "cashier", "manager", "administrator", "auditor"},
    "work": {"engineer", "manager", "administrator"},
    "labels": {"engineer", "analyst", "crew", "clerk", "cashier", "manager", "administrator", "auditor"},
    "todo": {"engineer", "administrator"},
    "technical_losses": {"engineer", "analyst", "manager", "administrator", "auditor"},
    "loss_economy": {"engineer", "analyst", "manager", "administrator", "auditor"},
    "loss_effect": {"engineer", "analyst", "manager", "administrator", "auditor"},
    "zone": {"engineer", "analyst", "manager", "administrator", "auditor"},
    "accounts": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "new_account": {"clerk", "administrator"},
    "account_changes": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "account": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "person": {"clerk", "administrator"},
    "billing": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "bills": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "street_bills": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "cash_desk": {"clerk", "cashier", "administrator"},
    "cash_slips": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "messages": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "readings": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "handheld": {"crew", "clerk", "administrator"},
    "prices": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "group_meters": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "meters": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "meter_verifications": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "collection": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "debts": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "register_files": {"clerk", "manager", "administrator"},
    "invoice": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "invoice_pdf": {"clerk", "cashier", "manager", "administrator", "auditor"},
    "jobs": {"engineer", "analyst", "clerk", "manager", "administrator", "auditor"},
    "job": {"engineer", "analyst", "clerk", "manager", "administrator", "auditor"},
}
SCOPED = ["zone", "account", "person", "invoice", "invoice_pdf", "job"]
ROLES = sorted(MayOpen["home"])


@pytest.mark.parametrize("role", ROLES)
def test_each_role_opens_its_pages_and_no_others(
    utility: Utility, client_of: Callable[..., Client], role: str
) -> None:
    client = client_of(role)
    for name, address in utility.pages.items():
        expected = 200 if role in MayOpen[name] else 404
        assert client.get(address).status_code == expected, (name, role)


@pytest.mark.parametrize("name", SCOPED)
def test_other_divisions_do_not_exist(
    utility: Utility, client_of: Callable[..., Client], other_district: Division, name: str
) -> None:
    assert client_of("administrator").get(utility.pages[name]).status_code == 200
    assert client_of("administrator", other_district).get(utility.pages[name]).status_code == 404


def test_lists_of_other_divisions_are_empty(
    utility: Utility, client_of: Callable[..., Client], other_district: Division
) -> None:
    client = client_of("administrator", other_district)
    for name in ("home", "map", "field", "work", "labels", "accounts", "jobs"):
        page = client.get(utility.pages[name]).content.decode()
        for secret in ("OWN", "1-zona", "Шукурович", "import network", "Import network"):
            assert secret not in page, (name, secret)


def test_strangers_are_sent_to_log_in_and_come_back(utility: Utility) -> None:
    for address in utility.pages.values():
        response = Client().get(address)
        assert response.status_code == 302
        assert response["Location"].startswith("/login/?next=/")


def test_who_holds_no_role_sees_a_home_page_and_nothing_else(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of(None)
    for name, address in utility.pages.items():
        assert client.get(address).status_code == (200 if name == "home" else 404), name


def test_logging_in_and_out(make_user: Callable[..., User], district: Division) -> None:
    make_user("engineer", district, username="olim")
    client = Client(enforce_csrf_checks=True)
    assert client.post("/login/", {"username": "olim", "password": "a-long-password"}).status_code == 403
    page = client.get("/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token is not None
    form = {"username": "olim", "csrfmiddlewaretoken": token[1]}
    refused = client.post("/login/", form | {"password": "wrong"})
    assert "do not go together" in refused.content.decode()
    accepted = client.post("/login/", form | {"password": "a-long-password", "next": "/map/"})
    assert accepted["Location"] == "/map/"
    assert client.get("/login/")["Location"] == "/"
    assert client.get("/logout/").status_code == 405
    assert client.get("/").status_code == 200


def test_foreign_address_after_login_is_not_followed(
    make_user: Callable[..., User], district: Division
) -> None:
    make_user("engineer", district, username="olim")
    form = {"username": "olim", "password": "a-long-password", "next": "https://elsewhere.example/"}
    assert Client().post("/login/", form)["Location"] == "/"


# --- content ---


def test_home_of_an_analyst_ranks_the_zones(utility: Utility, client_of: Callable[..., Client]) -> None:
    page = client_of("analyst").get("/").content.decode()
    assert page.index("1-zona") < page.index("3-zona") < page.index("2-zona")
    # The apportioned basis leads, with its limit; the billed one stands beside it.
    assert "34.3 %" in page
    assert "On the billed basis it is" in page
    assert "insufficient data" in page
    # The leak that runs, by its size.
    assert "6.2" in page


def test_energy_is_no_water(utility: Utility, client_of: Callable[..., Client]) -> None:
    """The home page adds no kWh to m3; the pages of a network of energy tell its figures in kWh."""
    water = utility.network.zones[0].network
    power = Network.objects.create(code="GRID", name="GRID", commodity="electricity", division=water.division)
    feeder = Zone.objects.create(code="E1", name="Fider", network=power, division=water.division)
    build_balances([feeder])
    client = client_of("analyst")
    home = client.get("/").context["losses"]
    assert {row.balance.zone.network for row in home.zones} == {water}
    for unit, zone in (("m³", utility.network.zones[0]), ("kWh", feeder)):
        for address in (f"/zones/{zone.uid}/", f"/losses/?level=zone&parent={zone.network.code}"):
            page = client.get(address).content.decode()
            assert set(re.findall("<em>(m³|kWh)", page)) == {unit}
    assert '"unit": "kWh a day"' in client.get(f"/zones/{feeder.uid}/").content.decode()


def test_home_of_a_cashier_has_the_search_and_the_debt(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    page = client_of("cashier").get("/").content.decode()
    assert 'action="/accounts/"' in page
    assert "Debtors" in page
    assert "Losses" not in page


def test_zone_page_explains_the_balance_on_both_bases(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    page = client_of("analyst").get(utility.pages["zone"]).content.decode()
    for expected in ("9,900", "9,851", "5,100", "5,150", "34.0 %", "BU1", "inlet", "TA1", "storage", "640"):
        assert expected in page, expected
    assert "The search found a leak: since 10 January 2026 about 6.2 m³/h" in page


def test_zone_without_enough_data_shows_no_number(utility: Utility, client_of: Callable[..., Client]) -> None:
    last = utility.network.zones[-1]
    page = client_of("analyst").get(f"/zones/{last.uid}/").content.decode()
    assert "insufficient data" in page
    assert "22.0 %" not in page
    assert '"imbalance": [null' in page


def test_account_page_shows_readings_bills_and_payments(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    page = client_of("clerk").get(utility.pages["account"]).content.decode()
    # 18.25 m3 at 1,500 and 12 % = 30,660; 16.65 m3 = 27,972; paid 27,375.
    for expected in (
        "31,257.00",
        "30,660.00",
        "27,972.00",
        "27,375.00",
        "412.000",
        "Bog‘ishamol",
        "Шукурович",
    ):
        assert expected in page, expected


def test_names_are_text_and_never_markup(utility: Utility, client_of: Callable[..., Client]) -> None:
    hostile = '</script><script>alert("x")</script> #strong[$x$] \\ "'
    account = build_account(utility.enterprise, utility.network.nodes[5], hostile)
    client = client_of("clerk")
    for address in (
        f"/accounts/{account.account.uid}/",
        "/accounts/?q=alert",
        f"/invoices/{account.invoices[0].uid}/",
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    text = text_of(client.get(f"/invoices/{account.invoices[0].uid}.pdf").content)
    assert "".join(hostile.split()) in "".join(text.split())


def test_no_page_runs_a_script_of_its_own(utility: Utility, client_of: Callable[..., Client]) -> None:
    """The content security policy forbids inline scripts; data blocks of type JSON are not run."""
    client = client_of("administrator")
    for name, address in utility.pages.items():
        if name == "invoice_pdf":
            continue
        response = client.get(address)
        assert "default-src 'self'" in response["Content-Security-Policy"]
        for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", response.content.decode(), re.S):
            assert 'type="application/json"' in attributes or not body.strip(), (name, body[:80])


@pytest.mark.parametrize(
    "query", ["lon=x&lat=41", "lon=69", "lon=999&lat=0", "lon=69&lat=41&kind=castle", "lon=nan&lat=1"]
)
def test_field_page_explains_a_wrong_position(client_of: Callable[..., Client], query: str) -> None:
    response = client_of("crew").get(f"/field/?{query}")
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()


def test_field_page_takes_decimal_commas_and_lists_by_distance(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    page = client_of("crew").get("/field/?lon=69,3412&lat=41,3305&kind=junction").content.decode()
    distances = [float(found) for found in re.findall(r"<strong>([\d.]+) m</strong>", page)]
    assert len(distances) == 25
    assert distances == sorted(distances)
    assert page.index("<strong>J2</strong>") < page.index("<strong>J1</strong>")


def test_pages_with_nothing_to_show_say_so(client_of: Callable[..., Client]) -> None:
    client = client_of("administrator")
    assert "There is no network" in client.get("/map/").content.decode()
    home = client.get("/").content.decode()
    for expected in (
        "There is no network",
        "No zone balances",
        "The search knows of no leak that runs",
        "Nothing has been asked",
    ):
        assert expected in home
    assert "Nothing found" in client.get("/accounts/?q=nobody").content.decode()


def test_missing_pages_are_ours(client_of: Callable[..., Client]) -> None:
    response = client_of("engineer").get("/nowhere/")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert client_of("crew").get("/api/v1/nowhere/").json()["detail"] == "Not found."


@pytest.mark.parametrize(("language", "word"), [("uz", "Xarita"), ("ru", "Карта"), ("en", "Map")])
def test_language_follows_the_switch(client_of: Callable[..., Client], language: str, word: str) -> None:
    client = client_of("engineer")
    answer = client.post(reverse("set_language"), {"language": language, "next": "/"})
    assert answer["Location"] == "/"
    page = client.get("/").content.decode()
    assert f'<html lang="{language}" ' in page
    assert f"<span>{word}</span>" in page


# --- cost ---


@pytest.mark.figure
def test_query_count_of_the_accounts_does_not_grow(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of("clerk")

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = [queries(address) for address in ("/", "/accounts/?q=G‘", "/jobs/")]
    for node in utility.network.nodes[4:24]:
        build_account(utility.enterprise, node)
    many = [queries(address) for address in ("/", "/accounts/?q=G‘", "/jobs/")]
    print(f"T13 home, accounts, jobs: {few} queries for 1 account, {many} for 21")
    assert many == few


# --- the bill as a document ---


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def test_bill_is_a_pdf_with_all_that_the_law_wants(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    invoice = utility.account.invoices[1]
    response = client_of("cashier").get(f"/invoices/{invoice.uid}.pdf")
    assert response["Content-Type"] == "application/pdf"
    assert invoice.number in response["Content-Disposition"]
    text = text_of(response.content).replace("\xa0", " ")
    for expected in (
        "G‘ofurov O‘tkir Шукурович",
        "Bog‘ishamol ko‘chasi",
        "301234567",
        "00394",
        "20210000900100001010",
        utility.account.account.number,
        invoice.number,
        "430,250 → 446,900",
        "16,650",
        "1 500,00",
        "24 975,00",
        "2 997,00",
        "12 %",
        "27 972,00",
    ):
        assert expected in text, expected
    # December's bill and the payment came before it in the books or after: the page adds up in any case.
    assert "To‘lanadi" in text


@pytest.mark.django_db
def test_the_page_of_a_bill_and_its_pdf_show_the_same_amounts_in_the_same_words(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    client = client_of("cashier")
    client.cookies["django_language"] = "uz"
    for invoice in utility.account.invoices:
        amounts = amounts_of(invoice)
        reading = invoice.lines.get().current_reading
        assert reading is not None
        assert amounts.to_pay - amounts.paid_ahead == amounts.previous_balance + invoice.total
        markup = client.get(f"/invoices/{invoice.uid}/").content.decode().replace("<", " <")
        page = " ".join(strip_tags(markup).split())
        pdf = " ".join(text_of(client.get(f"/invoices/{invoice.uid}.pdf").content).split())
        page, pdf = (text.replace("\xa0", " ").replace("&#x27;", "'") for text in (page, pdf))
        with translation.override("uz"):
            expected = [
                f"Ushbu hisob jami {figure(amounts.total, 2)}",
                f"Avvalgi qoldiq {figure(amounts.previous_balance, 2)}",
                f"To‘lanadigan summa {figure(amounts.to_pay, 2)} UZS",
                f"hisoblagich {reading.installation.meter.serial}",
            ]
            if amounts.paid_ahead:
                expected.append(f"Oldindan to‘langan {figure(amounts.paid_ahead, 2)}")
        for words in expected:
            plain = words.replace("\xa0", " ")
            assert plain in page, (plain, page)
            assert plain in pdf, (plain, pdf)


@pytest.mark.django_db
def test_the_same_bill_gives_the_same_bytes_in_any_language(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    invoice = utility.account.invoices[0]
    client = client_of("cashier")
    first = client.get(f"/invoices/{invoice.uid}.pdf").content
    client.post(reverse("set_language"), {"language": "ru"})
    assert client.get(f"/invoices/{invoice.uid}.pdf").content == first
    fresh = Invoice.objects.get(pk=invoice.pk)
    assert invoice_pdf(fresh) == first


def test_two_utilities_stand_side_by_side(
    utility: Utility, other_district: Division, client_of: Callable[..., Client]
) -> None:
    other = make_utility(other_district, "OTHER")
    client = client_of("manager")
    page = client.get("/").content.decode()
    assert "OWN" in page
    assert "OTHER" not in page
    assert client.get(other.pages["zone"]).status_code == 404


def test_who_owes_the_most_is_listed_within_ones_divisions(
    utility: Utility, client_of: Callable[..., Client], other_district: Division
) -> None:
    account, clerk = utility.account.account, client_of("clerk")
    page = clerk.get("/accounts/?owing=1").content.decode()
    assert account.number in page
    assert "Who owes the most" in page
    stranger = client_of("clerk", other_district).get("/accounts/?owing=1").content.decode()
    assert account.number not in stranger
    assert "Nobody owes anything." in stranger
    assert 'href="/debts/"' in clerk.get("/").content.decode()
