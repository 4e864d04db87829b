"""The documents of a collection, as the official that OpenAI publishes handles them."""

import openai
import pytest

OFFERS = b"# Offers\n\nAn offer is valid for 30 days.\n"


@pytest.fixture(scope="module")
def address(project_address):
    return project_address


@pytest.fixture
def store(official):
    """A collection with one document."""
    store = official.vector_stores.create().id
    file = official.files.create(file=("offers.md", OFFERS), purpose="assistants")
    official.vector_stores.files.create(store, file_id=file.id, attributes={"year": 2026})
    yield store
    official.vector_stores.delete(store)


def test_what_is_taken_out_is_found_no_more(official, store):
    file = next(
        each
        for each in official.vector_stores.files.list(store)
        if each.attributes["year"] == "2026"
    )
    assert official.vector_stores.files.delete(file.id, vector_store_id=store).deleted
    found = official.vector_stores.search(store, query="how long is an offer valid")
    assert found.data == []
    assert official.files.content(file.id).content == OFFERS
    with pytest.raises(openai.NotFoundError):
        official.vector_stores.files.retrieve(file.id, vector_store_id=store)


def test_a_file_that_cannot_be_taken_in(official, store):
    for name, data in (("a.pdf", b"no pdf"), ("b.md", b"\xff\xfe\x00\xd8"), ("c.md", b" \n")):
        file = official.files.create(file=(name, data), purpose="assistants")
        with pytest.raises(openai.BadRequestError) as caught:
            official.vector_stores.files.create(store, file_id=file.id)
        assert caught.value.code.startswith("data_")
    with pytest.raises(openai.NotFoundError) as caught:
        official.vector_stores.files.create(store, file_id="file_none")
    assert caught.value.code == "unknown_document"
    assert official.vector_stores.retrieve(store).file_counts.total == 1


def test_a_file_of_the_same_name_takes_the_place(official, store):
    (old,) = official.vector_stores.files.list(store)
    file = official.files.create(file=("offers.md", OFFERS * 2), purpose="assistants")
    made = official.vector_stores.files.create_and_poll(file.id, vector_store_id=store)
    assert (made.status, made.vector_store_id, made.attributes) == (
        "completed",
        store,
        {"file_id": file.id},
    )
    (new,) = official.vector_stores.files.list(store)
    assert (new.id, new.usage_bytes) == (file.id, 2 * len(OFFERS))
    assert old.id != new.id


def test_an_attribute_may_not_name_the_file(official, store):
    """What was said stays; which file it is, is plait's to say."""
    file = official.files.create(file=("b.md", OFFERS), purpose="assistants")
    made = official.vector_stores.files.create(
        store, file_id=file.id, attributes={"file_id": "file_other"}
    )
    assert made.id == file.id
