"""The connection: it holds its session to the scope of the moment (`gis_core/database/scope.py`)."""

from typing import Any

from django.contrib.gis.db.backends.postgis.base import DatabaseWrapper as PostgisWrapper
from django.db import Error
from psycopg.pq import TransactionStatus

from gis_core.database.limits import OutcomeUnknown, is_away
from gis_core.database.scope import SessionScope, scope_of_the_moment


class DatabaseWrapper(PostgisWrapper):
    """Before a cursor is given out the session's scope is made that of whoever is served at this moment.

    The setting is the session's, since many statements run outside transactions. One that was made within a transaction
    may go with it, or with a savepoint: it is forgotten with every end of one, and made anew.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._scope_there: SessionScope | None = None
        self._scope_may_go = False

    def get_new_connection(self, conn_params: Any) -> Any:
        self._scope_there = None
        return super().get_new_connection(conn_params)

    def create_cursor(self, name: str | None = None) -> Any:
        self._bring_scope()
        return super().create_cursor(name)

    def _bring_scope(self) -> None:
        wanted = scope_of_the_moment()
        if wanted is None or wanted is self._scope_there:
            return
        status = self.connection.info.transaction_status
        if status == TransactionStatus.INERROR:
            # Nothing is answered here before a rollback, and that forgets the scope.
            return
        self._scope_there = None
        self.connection.execute(*wanted.statement).close()
        self._scope_there = wanted
        self._scope_may_go = status == TransactionStatus.INTRANS or not self.connection.autocommit

    def _forget_scope(self) -> None:
        if self._scope_may_go:
            self._scope_there, self._scope_may_go = None, False

    def _commit(self) -> None:
        # The commit of a transaction that failed takes everything back without a word.
        self._forget_scope()
        try:
            super()._commit()  # type: ignore[misc]
        except Error as error:
            if is_away(error):
                raise OutcomeUnknown("the connection was lost during COMMIT") from error.__cause__
            raise

    def _rollback(self) -> None:
        self._forget_scope()
        super()._rollback()  # type: ignore[misc]

    def _savepoint_rollback(self, sid: str) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        # Not known any more within the transaction, either, and what is made again goes with that.
        if self._scope_may_go:
            self._scope_there = None
