"""Files and collections, as the official that OpenAI publishes handles them."""

import httpx
import openai
import pytest

OFFERS = b"# Offers\n\nAn offer is valid for 30 days.\n\n# Fees\n\nThe fee is 1 % of the loan.\n"
HOURS = b"# Hours\n\nThe desk is open from nine to five.\n"


@pytest.fixture(scope="module")
def address(project_address):
    return project_address


@pytest.fixture
def store(official):
    """A collection with two documents."""
    store = official.vector_stores.create(name="policies", metadata={"team": "lending"})
    for name, data, year in (("offers.md", OFFERS, 2026), ("hours.md", HOURS, 2025.0)):
        file = official.files.create(file=(name, data), purpose="assistants")
        official.vector_stores.files.create(
            store.id, file_id=file.id, attributes={"year": year, "live": True}
        )
    yield store.id
    official.vector_stores.delete(store.id)


def test_a_collection_is_searched(official, store):
    found = official.vector_stores.search(
        store, query="how long is an offer valid", max_num_results=1
    )
    (best,) = found.data
    assert best.filename == "offers.md"
    assert "30 days" in best.content[0].text
    assert best.attributes["year"] == "2026"
    place = best.model_extra["plait"]
    assert OFFERS.decode()[place["start"] : place["end"]] == best.content[0].text
    assert place["headings"] == ["Offers"]
    (file,) = [each for each in official.vector_stores.files.list(store) if each.id == best.file_id]
    assert (file.status, file.usage_bytes) == ("completed", len(OFFERS))
    assert official.vector_stores.files.retrieve(file.id, vector_store_id=store) == file


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"type": "eq", "key": "year", "value": 2025}, {"hours.md"}),
        ({"type": "eq", "key": "live", "value": True}, {"hours.md", "offers.md"}),
        (
            {
                "type": "and",
                "filters": [
                    {"type": "eq", "key": "year", "value": "2026"},
                    {"type": "eq", "key": "live", "value": True},
                ],
            },
            {"offers.md"},
        ),
        ({"type": "eq", "key": "nothing", "value": "x"}, set()),
    ],
)
def test_filters(official, store, filters, names):
    found = official.vector_stores.search(store, query="the desk offer", filters=filters)
    assert {each.filename for each in found.data} == names


@pytest.mark.parametrize(
    ("wanted", "param", "code"),
    [
        ({"query": None}, "query", "request_shape"),
        ({"query": ["a", "b"]}, "query", "request_shape"),
        ({"query": 5}, "query", "request_shape"),
        ({"max_num_results": 0}, "max_num_results", "request_shape"),
        ({"max_num_results": 51}, "max_num_results", "request_shape"),
        ({"rewrite_query": True}, "rewrite_query", "request_unsupported"),
        ({"ranking_options": {"score_threshold": 0.5}}, "ranking_options.score_threshold",
         "request_unsupported"),
        ({"filters": {"type": "gt", "key": "a"}}, "filters.type", "request_unsupported"),
        ({"filters": {"type": "eq", "key": "a", "value": []}}, "filters.value", "request_shape"),
        ({"filters": {"type": "eq", "value": 1}}, "filters.key", "request_shape"),
        (
            {"filters": {"type": "and", "filters": [{"type": "eq", "key": "a", "value": 1},
                                                   {"type": "eq", "key": "a", "value": 2}]}},
            "filters.filters[1].value",
            "request_unsupported",
        ),
    ],
)  # fmt: skip
def test_a_search_that_is_wrong_is_named(address, store, refused, wanted, param, code):
    body = {"query": "offer", **wanted}
    response = httpx.post(f"{address}/v1/vector_stores/{store}/search", json=body)
    assert refused(response, 400) == code
    assert response.json()["error"]["param"] == param


def test_collections_are_listed(official, store):
    one = official.vector_stores.retrieve(store)
    assert (one.name, one.metadata, one.status) == ("policies", {"team": "lending"}, "completed")
    assert (one.file_counts.completed, one.file_counts.total) == (2, 2)
    assert one.usage_bytes == len(OFFERS) + len(HOURS)
    assert one in list(official.vector_stores.list())
    assert all(not each.id.startswith(".") for each in official.vector_stores.list())


@pytest.mark.parametrize("name", ["vs_none", ".files", "x" * 300])
def test_a_collection_that_is_none(official, name):
    for ask in (
        lambda: official.vector_stores.retrieve(name),
        lambda: official.vector_stores.delete(name),
        lambda: official.vector_stores.files.list(name),
        lambda: official.vector_stores.search(name, query="x"),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert caught.value.code == "unknown_collection"
        assert len(caught.value.message) < 500


@pytest.mark.parametrize(
    ("wanted", "param"),
    [
        ({"expires_after": {"anchor": "last_active_at", "days": 1}}, "expires_after"),
        ({"file_ids": ["file_1"]}, "file_ids"),
        ({"metadata": {str(n): "x" for n in range(17)}}, "metadata"),
        ({"metadata": {"k" * 65: "x"}}, "metadata"),
        ({"metadata": {"k": "x" * 513}}, "metadata.k"),
        ({"metadata": {"k": None}}, "metadata.k"),
        ({"name": 3}, "name"),
    ],
)
def test_a_collection_that_cannot_be_made(address, refused, wanted, param):
    response = httpx.post(f"{address}/v1/vector_stores", json=wanted)
    assert refused(response, 400).startswith("request_")
    assert response.json()["error"]["param"] == param


def test_tenants_never_see_each_others(app, official, store, public, refused):
    file = official.files.create(file=("mine.md", OFFERS), purpose="assistants")
    scopes = ("predict", "read", "train")
    other = public(app.keys.add("other", scopes, tenant="other")[1])
    assert other.get("/v1/files").json()["data"] == []
    assert other.get("/v1/vector_stores").json()["data"] == []
    for path in (f"/v1/files/{file.id}", f"/v1/files/{file.id}/content"):
        assert refused(other.get(path), 404) == "unknown_document"
    assert refused(other.send("DELETE", f"/v1/files/{file.id}"), 404) == "unknown_document"
    mine = f"/v1/vector_stores/{store}"
    for path in (mine, f"{mine}/files", f"{mine}/files/{file.id}"):
        assert refused(other.get(path), 404) == "unknown_collection"
    assert refused(other.send("DELETE", mine), 404) == "unknown_collection"
    assert refused(other.post(f"{mine}/search", json={"query": "offer"}), 404)
    wanted = {"file_id": file.id}
    assert refused(other.post(f"{mine}/files", json=wanted), 404) == "unknown_collection"
    theirs = other.post("/v1/vector_stores", json={}).json()["id"]
    response = other.post(f"/v1/vector_stores/{theirs}/files", json=wanted)
    assert refused(response, 404) == "unknown_document"
    assert official.vector_stores.retrieve(store).file_counts.total == 2


def test_who_may_do_what(app, public, refused):
    asks, reads = (public(app.keys.add(s, (s,))[1]) for s in ("predict", "read"))
    for other in (asks, reads):
        assert refused(other.post("/v1/files", content=b"x"), 403) == "key_scope"
        assert refused(other.post("/v1/vector_stores", json={}), 403) == "key_scope"
    assert refused(asks.get("/v1/files"), 403) == "key_scope"
    assert refused(asks.get("/v1/vector_stores"), 403) == "key_scope"
    assert reads.get("/v1/files").status_code == 200
    search = "/v1/vector_stores/none/search"
    assert refused(reads.post(search, json={"query": "x"}), 403) == "key_scope"
    assert refused(asks.post(search, json={"query": "x"}), 404) == "unknown_collection"
