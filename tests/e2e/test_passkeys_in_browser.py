"""A passkey made and used in Chromium, by a device that the browser itself plays."""

from playwright.sync_api import Browser

from tests.e2e.conftest import PASSWORD
from tests.frontend_map.conftest import Utility

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_made_and_opens_a_log_in(utility: Utility, server: str, browser: Browser) -> None:
    # Passkeys are for names.
    here = server.replace("127.0.0.1", "localhost")
    with browser.new_context(viewport={"width": 380, "height": 800}, locale="en-GB") as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        devices = context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})

        def give_password() -> None:
            page.goto(f"{here}/login/")
            page.fill("[name=username]", "clerk")
            page.fill("[name=password]", PASSWORD)
            page.keyboard.press("Enter")

        give_password()
        page.wait_for_url(f"{here}/")
        page.goto(f"{here}/me/")
        page.get_by_label("Name of the device").fill("My telephone")
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_text("Recovery codes. Keep them on paper").wait_for()
        page.get_by_text("My telephone").wait_for()
        context.clear_cookies()
        give_password()
        page.wait_for_url(f"{here}/login/code/")
        page.get_by_role("button", name="Use a passkey").click()
        page.wait_for_url(f"{here}/")
        page.goto(f"{here}/me/")
        page.get_by_role("button", name="Remove the passkey My telephone").click()
        page.get_by_text("The passkey is removed.").wait_for()
        context.clear_cookies()
        give_password()
        page.wait_for_url(f"{here}/")
