"""Reading tables of CSV, JSON lines and Parquet, whole or in chunks.

CSV is parsed by the standard library, strictly: it says at which line a file is broken. (DuckDB's
own parser is faster, but drops rows in silence after an unclosed quote.) Everything after that is
done in DuckDB. A column's kind is decided on every row, never on a sample.
"""

import csv
import io
import re
from codecs import getincrementaldecoder
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from plait.store.duck import identifier, literal, open_duck
from plait.store.frame import EXACT, TIME, ColumnKind, Frame, RawColumn, check_names, objects
from plait.store.table_json import cell, records, survey
from plait.store.table_source import Format, empty, find_files, foreign, format_of, opened

MISSING = frozenset(("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null"))
# No leading zero and at most 15 digits: a float would not give back a postcode or a long account
# number as it was, so such a column stays a string.
NUMBER = r"[+-]?((0|[1-9]\d{0,14})(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?|[+-]?(?i:inf(inity)?)"
_COMMA = r"[+-]?((0|[1-9]\d{0,14})(,\d*)?|,\d+)([eE][+-]?\d{1,3})?"
_WHOLE = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_FRACTION = re.compile(r"FLOAT|DOUBLE|DECIMAL.*")
_DELIMITERS = ",;\t|"
_FORMATS: dict[Format, str] = {"text": "CSV", "lines": "JSON lines", "parquet": "Parquet"}
_BATCH_CELLS = 500_000
_BATCH_COLUMNS = 100  # more in one query take it longer than they save
_FIELD_CHARS = 1 << 27  # a document in a cell


def read_table(source: str | Path, *, strings: Collection[str] = ()) -> Frame:
    """Read a whole table into memory.

    Args:
        source: a path, a glob of files with equal columns, or a URL (`file`, `http`, `https`). CSV
            with a header and `,` `;` `|` or tab between the fields, or JSON lines (`.jsonl`), plain
            or in gzip; or Parquet. Where no comma stands between the fields, a column may have
            decimal commas.
        strings: columns to leave as strings, whatever they look like.

    Raises:
        InvalidData: the table is missing, unreadable, empty, broken or not what its name says.
    """
    with (
        TemporaryDirectory(prefix="plait-") as scratch,
        closing(open_duck(Path(scratch))) as connection,
    ):
        return _Table(source, Path(scratch), connection, strings).frame()


def read_chunks(
    source: str | Path,
    rows: int = 50_000,
    *,
    strings: Collection[str] = (),
    numbers: Collection[str] = (),
) -> Generator[Frame, None, None]:
    """Read a table of any size, `rows` rows at a time; kinds are those of the whole table.

    Args:
        source: as of `read_table`.
        rows: in memory at a time.
        strings: likewise.
        numbers: columns that should be numbers. One that is not, because of a few of its cells, has
            points for the decimal commas of all others, so that these few can be told.

    Raises:
        InvalidData: as `read_table`, before the first chunk.
    """
    with (
        TemporaryDirectory(prefix="plait-") as scratch,
        closing(open_duck(Path(scratch), "table.duckdb")) as connection,
    ):
        table = _Table(source, Path(scratch), connection, strings, numbers)
        for start in range(0, table.height, rows):
            yield table.frame(start, start + rows)


class _Table:
    """A table that was brought into DuckDB, and the kind of each of its columns."""

    def __init__(
        self,
        source: str | Path,
        scratch: Path,
        connection: duckdb.DuckDBPyConnection,
        strings: Collection[str],
        numbers: Collection[str] = (),
    ) -> None:
        self._connection = connection
        self._numbers = numbers
        self._notes: tuple[str, ...] = ()
        self._commas = False
        files = find_files(source, scratch)
        formats = {format_of(file) for file in files}
        if len(formats) > 1:
            both = " and ".join(sorted(_FORMATS[each] for each in formats))
            raise foreign(files[0], f"{source} names both {both}", "name one of them")
        try:
            match formats.pop():
                case "text":
                    written = self._load_text(files)
                case "lines":
                    written = self._load_lines(files)
                case _:
                    written = self._load_parquet(files)
            self.height = int(connection.execute("SELECT count(*) FROM raw").fetchall()[0][0])
            counted = _counted(connection, _described(connection), written)
            self._columns: list[tuple[str, ColumnKind, str]] = [
                (name, "string", f"CAST({identifier(name)} AS VARCHAR)")
                if name in strings
                else (name, *self._column(name, form, name in written, counts))
                for (name, form), counts in counted
            ]
        except duckdb.Error as error:
            message = str(error).partition("\n")[0]
            raise foreign(files[0], f"it cannot be read: {message}", "write it again") from None
        if not self.height:
            raise empty(source, "there is a header and no rows")

    def frame(self, start: int = 0, end: int | None = None) -> Frame:
        """Return the rows from `start` to before `end`, in order; without `end` all of them."""
        raw = self._connection.table("raw")
        if end is not None:
            raw = raw.filter(f"rowid >= {start} AND rowid < {end}").order("rowid")
        cells = ", ".join(f"{sql} AS c{at}" for at, (_, _, sql) in enumerate(self._columns))
        arrays = raw.project(cells).fetchnumpy()
        columns = (
            RawColumn(name, kind, _values(kind, arrays[f"c{at}"]))
            for at, (name, kind, _) in enumerate(self._columns)
        )
        return Frame(tuple(columns), self._notes)

    def _column(
        self, name: str, form: str, text: bool, counts: Sequence[int]
    ) -> tuple[ColumnKind, str]:
        """Return the kind of a column and the SQL of its values; see `_column`."""
        kind, sql = _column(name, form, counts)
        if kind == "string" and text and self._commas:
            cell = identifier(name)
            comma = f"regexp_full_match({cell}, {literal(_COMMA)})"
            pointed = f"contains({cell}, '.') AND regexp_full_match({cell}, {literal(NUMBER)})"
            counted = f"count({cell}), count_if({comma}), count_if({pointed})"
            ((there, numbers, points),) = (
                self._connection.table("raw").aggregate(counted).fetchall()
            )
            if numbers == there:
                self._notes += (f"{name}: its decimal commas are read as points",)
                return "number", f"CAST(replace({cell}, ',', '.') AS DOUBLE)"
            if name in self._numbers and not points:  # 2.500 between commas may be in thousands
                return kind, f"CASE WHEN {comma} THEN replace({cell}, ',', '.') ELSE {cell} END"
        return kind, sql

    def _load_text(self, files: Sequence[Path]) -> Collection[str]:
        """Return the columns whose kind the texts in them tell: all."""
        first: list[str] = []
        self._commas = True
        for file in files:
            encoding = _encoding(file)
            if encoding == "latin-1":
                self._notes += (f"{file}: not UTF-8, read as Latin-1",)
            delimiter = _delimiter(file, encoding)
            self._commas &= delimiter != ","
            rows = _rows(file, encoding, delimiter)
            names = next(rows)
            if not first:
                first = names
                self._create(names)
            if names != first:
                raise foreign(file, f"its columns differ from those of {files[0]}", "align them")
            while batch := list(islice(rows, 1 + _BATCH_CELLS // len(names))):
                self._insert(
                    objects(None if (bare := cell.strip()) in MISSING else bare for cell in cells)
                    for cells in zip(*batch, strict=True)
                )
        return first

    def _load_lines(self, files: Sequence[Path]) -> Collection[str]:
        """Return the columns whose kind the texts in them tell: those that hold no string."""
        names, strings = survey(files)
        self._create(names)
        for file in files:
            lines = records(file)
            while batch := list(islice(lines, 1 + _BATCH_CELLS // len(names))):
                self._insert(objects(cell(each.get(name)) for each in batch) for name in names)
        return [name for name in names if name not in strings]

    def _create(self, names: Sequence[str]) -> None:
        columns = ", ".join(f"{identifier(name)} VARCHAR" for name in names)
        self._connection.execute(f"CREATE TABLE raw ({columns})")

    def _insert(self, cells: Iterable[NDArray[Any]]) -> None:
        columns = {f"c{at}": values for at, values in enumerate(cells)}
        self._connection.register("batch", columns)
        self._connection.execute("INSERT INTO raw FROM batch")
        self._connection.unregister("batch")

    def _load_parquet(self, files: Sequence[Path]) -> Collection[str]:
        """Return the columns whose kind the texts in them tell: none."""
        paths = {"files": [str(file) for file in files]}
        self._connection.execute("CREATE TABLE raw AS FROM read_parquet($files)", paths)
        written = self._connection.execute("SELECT name FROM parquet_schema($files)", paths)
        known = {name for (name,) in written.fetchall()}
        for name, _ in _described(self._connection):
            if name not in known:  # DuckDB has renamed the second of a pair to name_1
                check_names([name.rpartition("_")[0]] * 2, str(files[0]))
        return ()


def _encoding(source: Path) -> str:
    """Return how the text is encoded, after reading all of it.

    Raises:
        InvalidData: `data_format`, it holds a NUL, which no text does.
    """
    decoder = getincrementaldecoder("utf-8")()
    encoding, line = "utf-8-sig", 1
    with opened(source) as stream:
        while True:
            block = stream.read(1 << 20)
            if b"\0" in block:
                line += block.partition(b"\0")[0].count(b"\n")
                raise foreign(source, "it holds a NUL byte", "save it as CSV in UTF-8", line)
            line += block.count(b"\n")
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                encoding = "latin-1"
            if not block:
                return encoding


def _rows(source: Path, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the names of a CSV file's columns, then the cells of each row.

    Raises:
        InvalidData: the file is broken; the error says where.
    """
    with (
        opened(source) as stream,
        io.TextIOWrapper(stream, encoding, newline="") as text,
    ):
        csv.field_size_limit(_FIELD_CHARS)  # the whole process's, and never lowered
        reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
        try:
            header = next((row for row in reader if any(row)), [])
            if not header:
                raise empty(source, "there are only blank lines")
            names = [cell.strip() or f"column_{at}" for at, cell in enumerate(header, 1)]
            check_names(names, str(source))
            yield names
            width = len(names)
            for row in reader:
                if len(row) == width:
                    yield row
                elif any(row):  # not a blank line
                    message = f"{len(row)} fields, where the header has {width}"
                    hint = "mend the line; a field that holds the delimiter needs quotes"
                    raise foreign(source, message, hint, reader.line_num)
        except csv.Error as error:
            hint = 'mend the line; a " within quotes is written ""'
            raise foreign(source, str(error), hint, reader.line_num) from None


def _delimiter(source: Path, encoding: str) -> str:
    """Return what stands most often between the fields of the header."""
    with opened(source) as stream, io.TextIOWrapper(stream, encoding, newline="") as text:
        header = next((line for line in text if line.strip()), "")
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _described(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return name and type of each column, in order."""
    return [(str(row[0]), str(row[1])) for row in connection.execute("DESCRIBE raw").fetchall()]


def _counted(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[tuple[str, str]],
    written: Collection[str],
) -> Iterator[tuple[tuple[str, str], Sequence[int]]]:
    """Yield each column with its counts over all rows; see `_counts`."""
    for start in range(0, len(columns), _BATCH_COLUMNS):
        some = columns[start : start + _BATCH_COLUMNS]
        wanted = [_counts(identifier(name), form, name in written) for name, form in some]
        sql = ", ".join(part for parts in wanted for part in parts)
        (found,) = connection.table("raw").aggregate(sql).fetchall()
        each = len(found) // len(some)
        yield from zip(
            some, (found[at : at + each] for at in range(0, len(found), each)), strict=True
        )


def _column(name: str, form: str, counts: Sequence[int]) -> tuple[ColumnKind, str]:
    """Return the kind of a column, decided on every row, and the SQL of its values."""
    cell = identifier(name)
    there, numbers, booleans, times = counts
    if not there:
        return "number", "CAST(NULL AS DOUBLE)"
    if numbers == there:
        return "number", f"CAST({cell} AS DOUBLE)"
    if booleans == there:
        return "boolean", f"lower(CAST({cell} AS VARCHAR)) = 'true'"
    if times == there and form != "VARCHAR":
        return "time", f"replace(CAST({cell} AS VARCHAR), ' ', 'T')"
    return "time" if times == there else "string", f"CAST({cell} AS VARCHAR)"


def _counts(cell: str, form: str, text: bool) -> tuple[str, str, str, str]:
    """Return the SQL that counts what is there, and how much of it is number, boolean or time."""
    there = f"count({cell})"
    if form == "VARCHAR":
        time = f"count(*) FILTER (regexp_full_match({cell}, {literal(TIME)}))"
        if not text:  # whoever wrote a typed file meant what he wrote
            return there, "0", "0", time
        number = f"count(*) FILTER (regexp_full_match({cell}, {literal(NUMBER)}))"
        return there, number, f"count(*) FILTER (lower({cell}) IN ('true', 'false'))", time
    if _WHOLE.fullmatch(form):
        return there, f"count(*) FILTER ({cell} BETWEEN -{EXACT} AND {EXACT})", "0", "0"
    if _FRACTION.fullmatch(form):
        return there, there, "0", "0"
    if form == "BOOLEAN":
        return there, "0", there, "0"
    return there, "0", "0", there if form.startswith(("DATE", "TIMESTAMP")) else "0"


def _values(kind: ColumnKind, found: NDArray[Any]) -> NDArray[Any]:
    """Return an array of DuckDB, masked where a value is missing, as `RawColumn` has it."""
    if kind == "number":
        return np.ma.filled(found, np.nan)
    values = np.ma.getdata(found).astype(object)
    values[np.ma.getmaskarray(found)] = None
    return values
