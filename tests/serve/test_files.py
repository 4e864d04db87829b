"""Uploaded files, as the official that OpenAI publishes handles them."""

import httpx
import openai
import pytest

OFFERS = b"# Offers\n\nAn offer is valid for 30 days.\n"


@pytest.fixture(scope="module")
def address(project_address):
    return project_address


def test_a_file_there_and_back(official):
    made = official.files.create(file=('dir/grün "1".md', OFFERS), purpose="user_data")
    assert made.id.startswith("file_")
    assert (made.filename, made.bytes, made.status) == ('grün "1".md', len(OFFERS), "processed")
    assert official.files.retrieve(made.id) == made
    assert official.files.content(made.id).content == OFFERS
    assert made.id in [each.id for each in official.files.list(purpose="user_data")]
    assert made.id not in [each.id for each in official.files.list(purpose="assistants")]
    assert official.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError) as caught:
        official.files.content(made.id)
    assert caught.value.code == "unknown_document"


def test_a_file_is_never_served_as_a_page(official, address):
    made = official.files.create(file=("a.html", b"<script>1</script>"), purpose="assistants")
    response = httpx.get(f"{address}/v1/files/{made.id}/content")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"] == "attachment"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_lists_turn_pages(official):
    made = [
        official.files.create(file=(f"{n}.md", b"x"), purpose="assistants").id for n in range(5)
    ]
    newest = [each.id for each in official.files.list(limit=2)]
    assert newest[:5] == made[::-1]
    oldest = [each.id for each in official.files.list(limit=2, order="asc")]
    assert oldest == newest[::-1]


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ({"data": {"purpose": "assistants"}}, None),
        ({"data": {"purpose": "fine-tune"}, "files": {"file": ("a.md", b"x")}}, "purpose"),
        ({"files": {"file": ("a.md", b"x")}}, "purpose"),
        ({"data": {"purpose": "assistants"}, "files": {"other": ("a.md", b"x")}}, "file"),
        ({"data": {"purpose": "assistants"}, "files": {"file": ("a.md", b"")}}, "file"),
        ({"data": {"purpose": "assistants"}, "files": {"file": ("..", b"x")}}, "file"),
        ({"data": {"purpose": "assistants"}, "files": {"file": ("a" * 300, b"x")}}, "file"),
        ({"json": {"purpose": "assistants"}}, None),
        ({"content": b""}, None),
    ],
)
def test_an_upload_that_is_none(address, refused, parts, param):
    response = httpx.post(f"{address}/v1/files", **parts)
    assert refused(response, 400) == "request_shape"
    assert response.json()["error"]["param"] == param


def test_an_upload_that_is_too_large(address, refused):
    pieces = (b"x" * 2**20 for _ in range(65))
    assert refused(httpx.post(f"{address}/v1/files", content=pieces), 413) == "request_too_large"
