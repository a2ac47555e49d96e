"""The page of registers as files: what it offers, and to whom."""

from collections.abc import Callable

from django.test import Client

from billing.exchange.selectors.kinds import KINDS
from tests.frontend_map.conftest import Utility


def test_the_page_lists_the_registers_with_their_columns(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    page = client_of("clerk").get("/registers/files/?kind=readings")
    assert page.status_code == 200
    assert [kind["code"] for kind in page.context["kinds"]] == list(KINDS)
    assert page.context["chosen"] == "readings"
    may = {kind["code"]: kind["mayImport"] for kind in page.context["kinds"]}
    assert (may["readings"], may["tariffs"], may["services"]) == (True, False, False)
    # A manager enters no readings; whoever looks after prices is an administrator.
    may = {
        kind["code"]: kind["mayImport"]
        for kind in client_of("manager").get("/registers/files/").context["kinds"]
    }
    assert (may["readings"], may["residents"]) == (False, True)


def test_it_is_found_from_the_navigation_and_beside_billing(
    utility: Utility, client_of: Callable[..., Client]
) -> None:
    shown = client_of("clerk").get("/accounts/").content.decode()
    assert shown.count('href="/registers/files/"') >= 2
    assert 'href="/registers/files/"' not in client_of("cashier").get("/accounts/").content.decode()


def test_it_says_a_name_that_is_not_known_nowhere(utility: Utility, client_of: Callable[..., Client]) -> None:
    page = client_of("clerk").get("/registers/files/?kind=<b>zzyzx")
    assert page.context["chosen"] == next(iter(KINDS))
    assert "<b>zzyzx" not in page.content.decode()


def test_it_speaks_the_readers_language(utility: Utility, client_of: Callable[..., Client]) -> None:
    for language, word in (("ru", "Реестры файлами"), ("uz", "Reyestrlar fayl sifatida")):
        page = client_of("clerk" if language == "ru" else "manager").get(
            "/registers/files/", headers={"accept-language": language}
        )
        assert word in page.content.decode()
