"""E-mail over SMTP: the server of a gateway, else that of the settings; attachments are made when it is sent."""

import smtplib
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from gis_core.messages.selectors.events import made_attachment
from gis_core.messages.selectors.reasons import MessageReason
from gis_core.messages.services.gateways import usable_credential
from gis_core.messages.services.outcomes import Carried, NotSent, RefusedForGood, UnknownIfSent
from gis_core.models import Message, MessageGateway

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_FOR_GOOD_FROM = 500


def mail_of(message: Message, gateway: MessageGateway | None, subject: str, body: str) -> EmailMessage:
    """The e-mail with its attachment, on a connection that is not open yet. Raises NotSent for an unreadable secret."""
    mail = EmailMessage(
        # A value with a line break must not add headers.
        subject=" ".join(subject.split())[:200],
        body=body,
        from_email=(gateway.sender if gateway else "") or settings.DEFAULT_FROM_EMAIL,
        to=[one.strip() for one in message.recipient.split(",")],
        headers={"Message-ID": f"<{message.uid}@tarmoq>", "X-Idempotency-Key": str(message.uid)},
        connection=_connection(gateway),
    )
    if message.attachment:
        made = made_attachment(message.attachment)
        mail.attach(made.name, made.content, made.content_type)
    return mail


def open_connection(mail: EmailMessage) -> None:
    """Connect to the server. Raises NotSent, since nothing can have left before."""
    try:
        _connected(mail).open()
    # A mail server fails in as many ways as there are libraries below.
    except Exception as error:
        reason = (
            MessageReason.NO_LOG_IN
            if isinstance(error, smtplib.SMTPAuthenticationError)
            else MessageReason.NO_CONNECTION
        )
        raise NotSent(f"{type(error).__name__}: {error}", reason=reason) from error


def send_mail(mail: EmailMessage) -> Carried:
    """Hand an e-mail over on the open connection. Raises NotSent, RefusedForGood or UnknownIfSent."""
    try:
        mail.send(fail_silently=False)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _words in error.recipients.values()]
        if min(codes) >= _FOR_GOOD_FROM:
            raise RefusedForGood(f"refused: {codes}", reason=MessageReason.REFUSED) from error
        raise NotSent(f"refused: {codes}", is_of_gateway=False) from error
    except smtplib.SMTPResponseException as error:
        if error.smtp_code >= _FOR_GOOD_FROM:
            raise RefusedForGood(
                f"the server answered {error.smtp_code}", reason=MessageReason.REFUSED
            ) from error
        raise NotSent(f"the server answered {error.smtp_code}", reason=MessageReason.BUSY) from error
    except smtplib.SMTPNotSupportedError as error:
        raise RefusedForGood(str(error), reason=MessageReason.REFUSED) from error
    except Exception as error:
        raise UnknownIfSent(f"{type(error).__name__}: {error}", reason=MessageReason.BROKEN_OFF) from error
    finally:
        _connected(mail).close()
    return Carried()


def _connected(mail: EmailMessage) -> BaseEmailBackend:
    return mail.connection or get_connection()


def _connection(gateway: MessageGateway | None) -> Any:
    if gateway is None:
        return get_connection()
    parts = urlsplit(gateway.url)
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        username=usable_credential(gateway, "login"),
        password=usable_credential(gateway, "password"),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )
