"""What the database refuses, said to the person who asked for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import DatabaseError, DataError, IntegrityError, transaction
from django.db import Error as DriverError
from django.utils.translation import gettext_noop as _

from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError, without_insides
from gis_core.sentences import Sentence, Word

# By the name of a constraint: the error's code, and what it means to a person.
Meanings = Mapping[str, tuple[str, str]]


def constraint_of(error: DatabaseError) -> str:
    """The name of the constraint that refused; empty where the database names none."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def primary_of(error: DriverError) -> str:
    """What the database says first; its DETAIL shows other rows and is left out."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return (getattr(diagnosis, "message_primary", None) or without_insides(str(error))).strip()


def refusal_of(
    error: DatabaseError,
    *,
    opening: str = Word(_("The database refuses the change")),
    code: str = "refused_by_database",
) -> ReportedError:
    """What the database refused, in its own words, as an error for the person who asked."""
    message = primary_of(error)
    return ReportedError(
        Sentence(_("{opening}: {message}."), opening=opening, message=message),
        code=code,
        details=[{"constraint": constraint_of(error), "reason": message}],
    )


@contextmanager
def saying_refusals(meanings: Meanings) -> Iterator[None]:
    """One transaction whose constraints, the deferred ones too, are checked at its end.

    Raises ReportedError, with nothing changed, when the database refuses: with what `meanings` says of the constraint,
    or in the database's own words.
    """
    try:
        with transaction.atomic():
            yield
            check_constraints_now()
    except (IntegrityError, DataError) as error:
        name = constraint_of(error)
        code, meaning = meanings.get(name, ("refused", ""))
        message = (
            Sentence(meaning)
            if meaning
            else Sentence(_("The database refused: {error}"), error=primary_of(error))
        )
        # What has words of ours may have the same for several constraints on purpose: which one it was is not told.
        details = [{"constraint": name}] if name and name not in meanings else []
        raise ReportedError(message, code=code, details=details) from error
