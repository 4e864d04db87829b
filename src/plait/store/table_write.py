"""Writing tables as CSV, JSON lines or Parquet, whole or in chunks."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import duckdb

from plait.core.errors import InvalidData
from plait.store.duck import identifier, literal, open_duck
from plait.store.frame import ColumnKind, Frame

_TYPES: dict[ColumnKind, str] = {
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "time": "VARCHAR",
}
_FORMATS = {
    ".csv": "FORMAT csv, HEADER",
    ".tsv": "FORMAT csv, HEADER, DELIMITER '\t'",
    ".jsonl": "FORMAT json",
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
}
_GROUP_CELLS = 1 << 23


def write_table(path: Path, frame: Frame) -> None:
    """Write `frame` to `path`, as its suffix says: `.csv`, `.tsv`, `.jsonl` or `.parquet`.

    Raises:
        InvalidData: `data_format`, another suffix; `data_unwritable`.
    """
    with TableWriter(path) as writer:
        writer.write(frame)


def parquet_bytes(frame: Frame) -> bytes:
    """Return `frame` as Parquet: equal frames give equal bytes under one version of DuckDB."""
    with TemporaryDirectory(prefix="plait-") as scratch:
        path = Path(scratch) / "table.parquet"
        write_table(path, frame)
        return path.read_bytes()


class TableWriter:
    """Writes a table of any size from chunks that have the same columns.

    The chunks wait on disk in a temporary database; the file appears, whole, when the `with` block
    ends well, and not at all when it does not.
    """

    def __init__(self, path: Path) -> None:
        """Prepare to write `path`.

        Raises:
            InvalidData: `data_format`, the suffix names no format that plait writes.
        """
        if path.suffix.lower() not in _FORMATS:
            raise InvalidData(
                "data_format",
                f"plait does not write {path.suffix or 'a file without suffix'!r}",
                where=str(path),
                hint=f"end the name in {' or '.join(_FORMATS)}",
            )
        self._path = path
        self._scratch = TemporaryDirectory(prefix="plait-")
        self._connection = open_duck(Path(self._scratch.name), "table.duckdb")
        self._connection.execute("SET threads = 1")  # one order of rows and bytes
        self._integer: dict[str, bool] = {}  # whether a column may be written without ".0"

    def write(self, frame: Frame) -> None:
        """Add the rows of `frame`."""
        cells = (
            # a float's NaN is what we call missing
            f"nullif(c{at}, 'nan'::DOUBLE)"
            if column.kind == "number"
            else f"CAST(c{at} AS {_TYPES[column.kind]})"
            for at, column in enumerate(frame.columns)
        )
        self._connection.register(
            "chunk", {f"c{at}": column.values for at, column in enumerate(frame.columns)}
        )
        if not self._integer:
            types = (f"{identifier(column.name)} {_TYPES[column.kind]}" for column in frame.columns)
            self._connection.execute(f"CREATE TABLE rows ({', '.join(types)})")
        self._connection.view("chunk").project(", ".join(cells)).insert_into("rows")
        self._connection.unregister("chunk")
        for column in frame.columns:
            self._integer[column.name] = self._integer.get(column.name, True) and column.integer

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            self._connection.close()
            self._scratch.cleanup()

    def _finish(self) -> None:
        cells = ", ".join(
            f"CAST({identifier(name)} AS BIGINT) AS {identifier(name)}"
            if integer
            else identifier(name)
            for name, integer in self._integer.items()
        )
        fresh = self._path.with_name(f".{self._path.name}.partial")
        form = _FORMATS[self._path.suffix.lower()]
        if "parquet" in form:  # a group of rows is held in memory: fewer of a wide table
            most = max(2_048, _GROUP_CELLS // len(self._integer))
            form += f", ROW_GROUP_SIZE {min(most, 122_880)}"
        try:
            self._connection.table("rows").project(cells).create_view("whole")
            self._connection.execute(f"COPY whole TO {literal(str(fresh))} ({form})")
            os.replace(fresh, self._path)
        except (duckdb.Error, OSError) as error:
            raise InvalidData(
                "data_unwritable",
                f"it cannot be written: {str(error).partition(chr(10))[0]}",
                where=str(self._path),
                hint="check the folder and the space on the disk",
            ) from None
        finally:
            fresh.unlink(missing_ok=True)  # also when Ctrl-C came between
