"""Forms as they come: whole, odd, cut off."""

import io
import re
from contextlib import contextmanager, suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from plait.core.errors import InvalidRequest
from plait.serve.multipart import form_of, spool

TYPE = "multipart/form-data; boundary=xyz"


def read(body, kind=TYPE, name="file"):
    with open_form(body, kind) as form:
        return form.file(name)


@contextmanager
def open_form(body, kind=TYPE):
    with spool() as stream:
        stream.write(body)
        stream.flush()
        with form_of(stream, kind) as form:
            yield form


def field(head, data):
    return b"--xyz\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + b"\r\n"


END = b"--xyz--\r\n"
FILE = field(b'name="file"; filename="a.md"', b"# A\r\n")


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"\r\n--xyzz\r\n", b"--xyz", b"\r\n--xy", b"\r"])
)
def test_the_bytes_of_a_file_come_as_they_were(data, odd):
    data = odd + data.replace(b"--xyz", b"") + odd
    assume(not re.search(rb"\r\n--xyz(--|[ \t]*\r\n)", data + b"\r\n"))
    body = field(b'name="purpose"', b"assistants") + field(b'name="file"; filename="f"', data) + END
    assert read(body) == ("f", data)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'name="file"; filename="a \\"b\\".md"', 'a "b".md'),
        (b'name="file"; filename="a%22b.md"', 'a"b.md'),
        ('name="file"; filename="grün.md"'.encode(), "grün.md"),
        (b"name=file; filename=a.md", "a.md"),
        (b'filename="x"; filename*=UTF-8\'\'gr%C3%BCn.md; name="file"', "grün.md"),
        (b'name="file"; filename="a;b.md"\r\nContent-Type: text/markdown', "a;b.md"),
        (b'name="file"; filename=""', ""),
    ],
)
def test_names_of_files(head, name):
    assert read(field(head, b"x") + END) == (name, b"x")


def test_texts():
    with open_form(field(b'name="purpose"', "ü".encode()) + FILE + END) as form:
        assert form.text("purpose") == "ü"
        assert form.text("nothing") == ""
        assert form.file("file") == ("a.md", b"# A\r\n")
    for data in (b"\xff", b"x" * 513):
        with open_form(field(b'name="purpose"', data) + END) as form, pytest.raises(InvalidRequest):
            form.text("purpose")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", TYPE),
        (b"{}", "application/json"),
        (FILE + END, "multipart/form-data"),
        (FILE + END, "multipart/form-data; boundary=" + "b" * 71),
        (FILE + END, "multipart/form-data; boundary=other"),
        (FILE, TYPE),
        (FILE[:30], TYPE),
        (FILE[:-4] + END[2:], TYPE),
        (END, TYPE),
        (b"--xyz\r\n\r\nx\r\n" + END, TYPE),
        (b"--xyz\r\nContent-Type: text/plain\r\n\r\nx\r\n" + END, TYPE),
        (field(b'name="file"', b"no file") + END, TYPE),
        (b"--xyz\r\n" + b"h" * 9000 + b"\r\n\r\nx\r\n" + END, TYPE),
        (field(b'name="\xff"; filename="a"', b"x") + END, TYPE),
        (FILE * 33 + END, TYPE),
    ],
)
def test_a_form_that_is_none(body, kind):
    with pytest.raises(InvalidRequest) as caught:
        read(body, kind)
    assert caught.value.code == "request_shape"


@given(st.binary(max_size=120))
def test_whatever_comes_is_read_or_refused(noise):
    for body in (noise, b"--xyz" + noise, b"--xyz\r\n" + noise + b"\r\n--xyz--"):
        with suppress(InvalidRequest):
            assert read(body)


def test_a_large_file_is_taken_apart_at_once():
    data = io.BytesIO(b"\r\n-" * 4_000_000).getvalue()
    assert read(field(b'name="file"; filename="f"', data) + END) == ("f", data)
