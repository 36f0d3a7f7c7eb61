"""The time between two instants as SQL, exact to the microsecond on both engines."""

from typing import Any

from sqlalchemy import BigInteger, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

MINUTE = 60_000_000
"""Microseconds."""


class elapsed(GenericFunction[int]):  # noqa: N801  # Named as a function of SQL.
    """`elapsed(earlier, later)`: microseconds from one stored instant to a later one."""

    type = BigInteger()
    inherit_cache = True


@compiles(elapsed, "postgresql")
def _in_postgresql(function: elapsed, compiler: SQLCompiler, **options: Any) -> str:
    earlier, later = (compiler.process(each, **options) for each in function.clauses)
    # A double has all microseconds of 285 years, and is faster than the numeric of extract().
    return f"round(date_part('epoch', ({later}) - ({earlier})) * 1000000)::bigint"


@compiles(elapsed, "sqlite")
def _in_sqlite(function: elapsed, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite's functions round to milliseconds, so they get the whole seconds only; `UtcDateTime`
    # stores six digits after them.
    earlier, later = (
        f"(unixepoch(substr({text}, 1, 19)) * 1000000 + CAST(substr({text}, 21, 6) AS INTEGER))"
        for text in (compiler.process(each, **options) for each in function.clauses)
    )
    return f"({later} - {earlier})"


class minutes_between(GenericFunction[int]):  # noqa: N801  # Named as a function of SQL.
    """`minutes_between(earlier, later)`: full minutes from one stored instant to a later one."""

    type = Integer()
    inherit_cache = True


@compiles(minutes_between, "postgresql")
def _minutes_in_postgresql(function: minutes_between, compiler: SQLCompiler, **options: Any) -> str:
    earlier, later = (compiler.process(each, **options) for each in function.clauses)
    return f"floor(date_part('epoch', ({later}) - ({earlier})) / 60)::integer"


@compiles(minutes_between, "sqlite")
def _minutes_in_sqlite(function: minutes_between, compiler: SQLCompiler, **options: Any) -> str:
    # If the fractions differ: whole seconds, and one less if the later instant has the smaller one.
    earlier, later = (compiler.process(each, **options) for each in function.clauses)
    seconds = f"unixepoch(substr({later}, 1, 19)) - unixepoch(substr({earlier}, 1, 19))"
    rests = f"substr({later}, 20)", f"substr({earlier}, 20)"
    return (
        f"CASE WHEN {rests[0]} = {rests[1]} THEN (unixepoch({later}) - unixepoch({earlier})) / 60 "
        f"ELSE ({seconds} - ({rests[0]} < {rests[1]})) / 60 END"
    )
