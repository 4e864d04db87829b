"""What is answered of files and collections has the shape that the OpenAPI document states."""

from pydantic import TypeAdapter

from plait.serve import openai_store


def fits(response, kind):
    """Check an answer against a shape, strictly: no conversion, no field beyond it."""
    assert response.status_code == 200, response.text
    TypeAdapter(kind).validate_json(response.content, strict=True, extra="forbid")
    return response.json()


def test_every_answer_has_its_shape(http):
    upload = {"files": {"file": ("a.md", b"# A\n\nOne word.\n")}, "data": {"purpose": "assistants"}}
    file = fits(http.post("/v1/files", **upload), openai_store.File)["id"]
    fits(http.get(f"/v1/files/{file}"), openai_store.File)
    fits(http.get("/v1/files"), openai_store.Files)
    body = {"name": "n", "metadata": {"k": "v"}}
    store = fits(http.post("/v1/vector_stores", json=body), openai_store.VectorStore)["id"]
    at = f"/v1/vector_stores/{store}"
    fits(http.post(f"{at}/files", json={"file_id": file}), openai_store.StoreFile)
    fits(http.get(at), openai_store.VectorStore)
    fits(http.get("/v1/vector_stores"), openai_store.VectorStores)
    fits(http.get(f"{at}/files"), openai_store.StoreFiles)
    fits(http.get(f"{at}/files/{file}"), openai_store.StoreFile)
    found = fits(http.post(f"{at}/search", json={"query": "word"}), openai_store.SearchResults)
    assert found["data"]
    fits(http.send("DELETE", f"{at}/files/{file}"), openai_store.Deleted)
    fits(http.send("DELETE", at), openai_store.Deleted)
    fits(http.send("DELETE", f"/v1/files/{file}"), openai_store.Deleted)
