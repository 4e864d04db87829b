"""Every response has an id and a time, and every GET its HEAD."""

import asyncio

import pytest

from plait.serve.http import Identified


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics", "/v1/jobs", "/none"]
)
def test_every_response_has_an_id_and_a_time(http, path):
    first, second = http.get(path), http.get(path)
    assert first.headers["x-request-id"].startswith("req_")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["server-timing"].startswith("total;dur=")


def test_a_route_keeps_its_own_id(http, row):
    response = http.post("/v1/predict/loan", json={"rows": [row]})
    assert response.headers.get_list("x-request-id") == [response.json()["id"]]
    assert len(response.headers.get_list("server-timing")) == 1


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/metrics", "/docs"])
def test_what_can_be_got_can_be_looked_at(http, path):
    assert http.send("HEAD", path).status_code == 200


def test_what_is_no_request_passes_through():
    seen = []

    async def inner(scope, receive, send):
        seen.append(scope)

    asyncio.run(Identified(inner)({"type": "lifespan"}, None, None))
    assert seen == [{"type": "lifespan"}]
