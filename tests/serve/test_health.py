"""What orchestrators and Prometheus are told."""

import plait
from plait.core.errors import StoreError
from plait.serve.http import make


def spoil(app, artefact):
    """Damage the stored model of an artefact."""
    path = app.store.blob_path(artefact.manifest.files["model.json"].sha256)
    path.chmod(0o644)
    path.write_bytes(b"no")


def test_alive(http):
    assert http.get("/livez").json() == {"status": "alive"}


def test_ready(http):
    response = http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "contracts": {"loan": "live", "rent": "live", "fraud": "not trained"},
        "problems": {},
    }


def test_a_store_that_cannot_be_read_is_not_ready(app, http, monkeypatch):
    def fail():
        raise StoreError("store_unreachable", "gone")

    http.get("/readyz")  # the releases are taken
    monkeypatch.setattr(app.store, "change_counter", fail)
    monkeypatch.setattr(app.live, "tasks", dict)
    response = http.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "not ready"
    assert response.json()["problems"]["store"] == "gone"
    assert http.get("/livez").status_code == 200


def test_a_damaged_release_leaves_the_old_one_answering(project, client, linear, declare, row):
    with plait.open(project) as app:
        http = client(make(app))
        before = http.post("/v1/predict/loan", json={"rows": [row]}).json()
        artefact = linear(3.5)
        declare(app, "loan", artefact)
        spoil(app, artefact)
        app.live.refresh()
        response = http.get("/readyz")
        assert response.status_code == 200
        assert response.json()["status"] == "degraded"
        assert response.json()["contracts"]["loan"] == "live"
        assert list(response.json()["problems"]) == ["loan"]
        after = http.post("/v1/predict/loan", json={"rows": [row]}).json()
        assert after["decision"] == before["decision"]
        assert "cannot be loaded" in http.get("/").text

        mended = declare(app, "loan", linear(4.5))
        app.live.refresh()
        assert http.get("/readyz").json()["status"] == "ready"
        now = http.post("/v1/predict/loan", json={"rows": [row]}).json()
        assert now["decision"] == mended.id


def test_a_damaged_first_release_is_not_ready(project, client, linear, declare, refused, row):
    with plait.open(project) as app:
        http = client(make(app))
        artefact = linear(5.5)
        declare(app, "fraud", artefact)
        spoil(app, artefact)
        app.live.refresh()
        response = http.get("/readyz")
        assert response.status_code == 503
        assert response.json()["status"] == "not ready"
        assert response.json()["contracts"] == {
            "loan": "live",
            "rent": "live",
            "fraud": "not trained",
        }
        asked = http.post("/v1/predict/fraud", json={"rows": [row]})
        assert refused(asked, 404) == "not_trained"
        assert http.post("/v1/predict/loan", json={"rows": [row]}).status_code == 200


def test_metrics(http, row):
    http.post("/v1/predict/loan", json={"rows": [row] * 3})
    http.post("/v1/predict/loan", json={"rows": [{}]})
    http.post("/v1/predict/made-up", json={"rows": [row]})
    response = http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    assert 'plait_rows_total{contract="loan"} 3.0' in text
    assert 'plait_request_seconds_count{contract="loan",status="done"} 1.0' in text
    assert 'plait_request_seconds_count{contract="loan",status="row_missing_field"} 1.0' in text
    assert 'plait_request_seconds_count{contract="unknown",status="unknown_contract"} 1.0' in text
    assert 'plait_overhead_seconds_count{contract="loan"} 1.0' in text
    assert "made-up" not in text
