import errno
import gzip
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from plait.core.errors import InvalidData
from plait.store.frame import Frame
from plait.store.table_read import read_table
from plait.store.table_source import find_files
from plait.store.table_write import parquet_bytes

NOBODY = 65534
CSV = b"a,b\n1,2\n3,4\n"
PARQUET = parquet_bytes(Frame.of({"a": [1, 3], "b": [2, 4]}))

modes = pytest.mark.skipif(
    sys.platform == "win32",
    reason="a right is taken away by file modes, and Windows has access lists in their place",
)


@pytest.mark.parametrize(
    ("name", "data", "code", "said"),
    [
        ("loans.csv", PARQUET, "data_format", "it is a Parquet file"),
        ("loans.parquet", CSV, "data_format", "it is not a Parquet file"),
        ("loans.csv", b"PK\x03\x04 and so on", "data_format", "Excel"),
        ("loans.csv", b"%PDF-1.7\n", "data_format", "a PDF"),
        ("loans.csv", b"\x89PNG\r\n\x1a\n", "data_format", "an image"),
        ("loans.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "data_format", "old Excel"),
        ("loans.csv", b"a,b\n\x01\x02,3\n", "data_format", "not text"),
        ("loans.csv", "a,b\n1,é\n".encode("utf-16"), "data_encoding", "UTF-16"),
        ("loans.csv", b"", "data_empty", "empty"),
        ("loans.parquet", b"", "data_empty", "empty"),
        ("loans.csv.gz", gzip.compress(PARQUET), "data_format", "it is a Parquet file"),
        ("loans.csv.gz", gzip.compress(CSV * 99)[:-9], "data_format", "gzip file is damaged"),
        ("loans.parquet", PARQUET[:-200], "data_format", "cannot be read"),
        ("loans.parquet", PARQUET[:4] + b"\xff" * 500 + PARQUET[-4:], "data_format", "cannot"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(
    tmp_path: Path, name: str, data: bytes, code: str, said: str
):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidData, match=said) as caught:
        read_table(tmp_path / name)
    assert caught.value.code == code
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_nearest(tmp_path: Path):
    (tmp_path / "loans.csv").write_bytes(CSV)
    with pytest.raises(InvalidData, match=r"did you mean '.*loans\.csv'") as caught:
        read_table(tmp_path / "loan.csv")
    assert caught.value.code == "data_missing"
    with pytest.raises(InvalidData, match="check the path"):
        read_table(tmp_path / "nowhere" / "loan.csv")


def test_a_folder_is_not_a_file(tmp_path: Path):
    with pytest.raises(InvalidData, match=r"\*\.csv") as caught:
        read_table(tmp_path)
    assert caught.value.code == "data_unreadable"


@modes
def test_a_file_without_the_right_to_read_it():
    with TemporaryDirectory() as folder:
        loans = Path(folder) / "loans.csv"
        loans.write_bytes(CSV)
        loans.chmod(0)
        loans.parent.chmod(0o755)
        with powerless(), pytest.raises(InvalidData) as caught:
            read_table(loans)
    assert caught.value.code == "data_unreadable"


@modes
@pytest.mark.parametrize("name", ["loans.csv", "*.csv"])
def test_a_folder_that_may_not_be_looked_into(name: str):
    with TemporaryDirectory() as folder:
        closed = Path(folder) / "closed"
        closed.mkdir()
        closed.parent.chmod(0o755)
        closed.chmod(0)
        with powerless(), pytest.raises(InvalidData, match="Permission denied") as caught:
            find_files(closed / name, closed)
    assert caught.value.code == "data_unreadable"
    assert caught.value.where == str(closed / name)


def test_a_disk_whose_server_forgot_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stale(path: Path) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle", str(path))

    monkeypatch.setattr(Path, "is_dir", stale)
    with pytest.raises(InvalidData, match="Stale file handle") as caught:
        find_files(tmp_path / "loans.csv", tmp_path)
    assert caught.value.code == "data_unreadable"


@contextmanager
def powerless() -> Iterator[None]:
    """Go on as nobody, if this is the superuser, who may read everything."""
    before = os.geteuid()
    os.seteuid(NOBODY if before == 0 else before)
    try:
        yield
    finally:
        os.seteuid(before)


def test_a_name_with_brackets_is_a_name_first(tmp_path: Path):
    (tmp_path / "loans[1].csv").write_bytes(CSV)
    (tmp_path / "loans1.csv").write_bytes(b"c\n9\n")
    assert read_table(tmp_path / "loans[1].csv").names == ("a", "b")


def test_a_file_url(tmp_path: Path):
    (tmp_path / "my loans.csv").write_bytes(CSV)
    assert read_table((tmp_path / "my loans.csv").as_uri()).height == 2


def test_globs_find_files_in_order(tmp_path: Path):
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_bytes(CSV)
    (tmp_path / "d.csv").mkdir()
    assert [f.name for f in find_files(str(tmp_path / "*.csv"), tmp_path)] == ["a.csv", "b.csv"]


@pytest.fixture
def site():
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            data = {"/loans.csv": CSV, "/loans.parquet": PARQUET}.get(self.path.partition("?")[0])
            self.send_response(404 if data is None else 200)
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_lies_behind_http_is_fetched(site: str):
    for name in ("loans.csv?version=1", "loans.parquet"):
        assert read_table(f"{site}/{name}")["b"].values.tolist() == [2.0, 4.0]
    with pytest.raises(InvalidData, match="404") as caught:
        read_table(f"{site}/nothing.csv")
    assert caught.value.code == "data_missing"


def test_a_site_that_does_not_answer():
    with pytest.raises(InvalidData, match="could not be fetched") as caught:
        read_table("http://127.0.0.1:9/loans.csv")
    assert caught.value.code == "data_missing"
