"""A connection that knows what its session sees: the same scope again costs no round trip."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from retrieval.database.scope import EVERYWHERE, Scope, literal


class ScopedConnection(asyncpg.Connection):
    """What is set for its session stays until the next scope is another one."""

    is_direct = False
    """One server process' alone, as far as is known: a pooler may change it in between."""
    sharded = True
    """By Citus, as far as is known: it hands on what is set in a transaction, and plans with
    parameters alone.
    """

    _seen: Scope | None = EVERYWHERE
    """None: not known, because setting it was cut short."""
    _begin = "begin"

    @property
    def keeps_scope(self) -> bool:
        return self.is_direct and not self.sharded

    async def see(self, scope: Scope) -> None:
        """From now on; call where no transaction is open, whose end could undo it."""
        if scope == self._seen:
            return
        statement = _statements("set", self._missing(scope))
        self._seen = None
        await self.execute(statement)
        self._seen = scope

    def begin_with(self, settings: Mapping[str, str], scope: Scope) -> None:
        """The next transaction alone is in that scope, and has these settings."""
        own = {**settings, **self._missing(scope)}
        self._begin = f"begin;{_statements('set local', own)}" if own else "begin"

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109  # the signature of asyncpg
        if query == "BEGIN;":  # asyncpg's word for an outermost transaction
            query, self._begin = self._begin, "begin"
        return await super().execute(query, *args, timeout=timeout)

    def _missing(self, scope: Scope) -> dict[str, str]:
        known = self._seen.settings() if self._seen is not None else {}
        return {
            name: value
            for name, value in scope.settings().items()
            if known.get(name) != value and not (self.sharded and name == "plan_cache_mode")
        }


def _statements(kind: str, settings: Mapping[str, str]) -> str:
    """No set_config(): Citus hands on to its workers what is set by a statement."""
    return ";".join(f"{kind} {name} = {_value(name, value)}" for name, value in settings.items())


def _value(name: str, value: str) -> str:
    return value if name == "search_path" else literal(value)  # a list of names
