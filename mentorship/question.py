"""Reading statements that are asked so often that their own cost matters."""

import weakref
from collections import deque, namedtuple
from collections.abc import Sequence
from typing import Any, cast

from psycopg import OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from sqlalchemy import BindParameter, CompoundSelect, Dialect, Engine, Select, event, literal_column
from sqlalchemy.sql import visitors

Statement = Select[*tuple[Any, ...]] | CompoundSelect[Any]
Raw = tuple[Any, ...]
"""A row as the driver gives it."""


class Question:
    """A statement that is compiled once for each engine and asked on a connection of its own.

    No transaction is around it, so each answer is of the moment in which it was asked, and
    PostgreSQL keeps the prepared statement, which psycopg forgets at each ROLLBACK.
    """

    def __init__(self, statement: Statement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def ask(self, engine: Engine, **values: object) -> list[Any]:
        """All rows of the answer, as named tuples of Python's types. Raises what SQLAlchemy does.

        An instant among the values is aware, and in UTC in the answer.
        """
        found = self.raw(engine, **values)
        return [self.row(engine.name, raw) for raw in found]

    def raw(self, engine: Engine, **values: object) -> list[Raw]:
        """All rows as the driver gives them: equal where nothing has changed, and quick to hash."""
        compiled = self._for(engine)
        try:
            return _lines(engine).ask(engine, compiled.words, compiled.parameters(values))
        except engine.dialect.loaded_dbapi.Error:
            # SQLAlchemy knows which connections are lost with this one, and how errors are told.
            with engine.connect() as connection:
                found = connection.exec_driver_sql(*compiled.for_driver(values))
                return [tuple(row) for row in found]

    def row(self, engine: str, raw: Raw) -> Any:
        """What `raw` says, which the engine of this name gave: with names and Python's types."""
        return self._compiled[engine].row(raw)

    def _for(self, engine: Engine) -> "_Compiled":
        name = engine.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled(self._statement, engine.dialect)
        return self._compiled[name]


class _Compiled:
    """A statement in the words of one engine, with the conversions that its types need."""

    def __init__(self, statement: Statement, dialect: Dialect) -> None:
        self._for_driver = _compile(statement, dialect)
        if dialect.name == "postgresql":  # Prepared statements number their parameters.
            numbered = cast(Any, type(dialect))(paramstyle="numeric_dollar")
            self._compiled = _compile(statement, numbered)
        else:
            self._compiled = self._for_driver
        self.words = str(self._compiled)
        self._order = self._compiled.positiontup or ()
        bound = {name: each for each, name in self._compiled.bind_names.items()}
        inward = {
            name: each.type.dialect_impl(dialect).bind_processor(dialect)
            for name, each in bound.items()
        }
        self._inward = [(name, convert) for name, convert in inward.items() if convert]
        # SQLAlchemy writes an OFFSET with a value of its own after a LIMIT on SQLite.
        self._added = {name: each.value for name, each in bound.items() if not each.required}
        columns = statement.selected_columns
        self._named = cast(Any, namedtuple("Row", columns.keys(), rename=True))
        outward = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]
        self._outward = [(place, convert) for place, convert in enumerate(outward) if convert]

    def parameters(self, values: dict[str, object]) -> list[object]:
        """What the driver is handed, in the order of the words."""
        given = self._added | values
        for name, convert in self._inward:
            given[name] = convert(given[name])
        return [given[name] for name in self._order]

    def for_driver(self, values: dict[str, object]) -> tuple[str, Any]:
        """The words and the parameters as SQLAlchemy would hand them to the driver."""
        words, parameters = str(self._for_driver), self.parameters(values)
        if self._for_driver.positiontup is None:
            return words, dict(zip(self._order, parameters, strict=True))
        return words, tuple(parameters)

    def row(self, raw: Raw) -> Any:
        """What the driver gave, with names and Python's types."""
        converted = list(raw)
        for place, convert in self._outward:
            converted[place] = convert(converted[place])
        return self._named(*converted)


def _compile(statement: Statement, dialect: Dialect) -> Any:
    """What is the same each time is written into the words of the statement.

    SQLite plans a statement anew each time where a bound value decides whether an index fits.
    """

    def spelt_out(element: Any, **_: object) -> Any:
        if not isinstance(element, BindParameter) or element.required:
            return None
        spell = element.type.dialect_impl(dialect).literal_processor(dialect)
        assert spell is not None, element
        return literal_column(spell(element.value), element.type)

    spelt: Any = visitors.replacement_traverse(statement, {}, spelt_out)
    return spelt.compile(dialect=dialect)


class _Line:
    """One connection, for one question at a time."""

    def __init__(self, engine: Engine) -> None:
        pooled: Any = engine.raw_connection()
        self.driver = pooled.driver_connection
        pooled.detach()

    def ask(self, words: str, parameters: Sequence[object]) -> list[Raw]:
        """All rows of the answer. Raises what the driver raises."""
        return cast(list[Raw], self.driver.execute(words, parameters).fetchall())


class _PostgresqlLine(_Line):
    """It speaks by libpq's own calls: psycopg's cursors do more for a statement than the server."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.driver.autocommit = True
        # PostgreSQL would plan for the values of each call, which takes longer than to answer.
        self.driver.execute("SET plan_cache_mode = force_generic_plan")
        self._prepared: dict[str, bytes] = {}
        self._transformer = Transformer(self.driver)

    def ask(self, words: str, parameters: Sequence[object]) -> list[Raw]:
        """All rows of the answer. Raises psycopg's errors."""
        connection = self.driver.pgconn
        name = self._prepared.get(words)
        if name is None:
            name = b"question_%d" % len(self._prepared)
            _require(connection.prepare(name, words.encode()), ExecStatus.COMMAND_OK)
            self._prepared[words] = name
        transformer = self._transformer
        values = transformer.dump_sequence(parameters, [PyFormat.TEXT] * len(parameters))
        answer = connection.exec_prepared(name, values)
        _require(answer, ExecStatus.TUPLES_OK)
        transformer.set_pgresult(answer)
        return transformer.load_rows(0, answer.ntuples, tuple)


def _require(answer: Any, status: ExecStatus) -> None:
    if answer.status != status:
        raise OperationalError(answer.get_error_message())


class _Lines:
    """The lines of one engine on which nobody asks just now, as many as once asked together.

    None belongs to a thread: the server ends threads that are idle, and SQLite's connections
    take the process with them where they are closed by the end of a thread.
    """

    def __init__(self) -> None:
        self._idle: deque[_Line] = deque()  # Its ends are safe for any number of threads.
        self._is_over = False

    def ask(self, engine: Engine, words: str, parameters: Sequence[object]) -> list[Raw]:
        """On the line that was used last. One on which something went wrong is not used again."""
        line = self._pop() or _LINE[engine.name](engine)
        try:
            found = line.ask(words, parameters)
        except BaseException:
            line.driver.close()
            raise
        self._idle.append(line)
        if self._is_over:
            self.close()
        return found

    def close(self) -> None:
        """Close them all; who asks just now closes the own one."""
        self._is_over = True
        while line := self._pop():
            line.driver.close()

    def _pop(self) -> _Line | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None


_LINE: dict[str, type[_Line]] = {"sqlite": _Line, "postgresql": _PostgresqlLine}

_LINES: weakref.WeakKeyDictionary[Engine, _Lines] = weakref.WeakKeyDictionary()


def _lines(engine: Engine) -> _Lines:
    found = _LINES.get(engine)
    if found is None:
        found = _LINES.setdefault(engine, _Lines())
        weakref.finalize(engine, found.close)
    return found


@event.listens_for(Engine, "engine_disposed")
def _close_lines(engine: Engine) -> None:
    """Who asks again opens new lines."""
    if engine in _LINES:
        _LINES.pop(engine).close()
