"""What Prometheus may read."""

from types import SimpleNamespace

from plait.serve.metrics import Metrics

STAGES = [
    SimpleNamespace(name=name, seconds=seconds)
    for name, seconds in (("read", 0.5), ("answer", 0.4), ("engine", 0.3))
]


def test_a_label_is_a_contract_or_unknown(app):
    metrics = Metrics(app)
    for name in ("loan", "x1", "x2"):
        metrics.observe(name, "done", STAGES, 1.0, 5)
    text = metrics.render().decode()
    assert 'plait_rows_total{contract="loan"} 5.0' in text
    assert 'plait_rows_total{contract="unknown"} 10.0' in text
    assert 'plait_request_seconds_bucket{contract="loan",le="1.0",status="done"} 1.0' in text
    assert 'plait_request_seconds_bucket{contract="loan",le="0.5",status="done"} 0.0' in text


def test_the_overhead_is_what_is_neither_the_callers_nor_the_models(app):
    metrics = Metrics(app)
    metrics.observe("loan", "done", STAGES, 1.0, 5)
    text = metrics.render().decode()
    assert 'plait_overhead_seconds_bucket{contract="loan",le="0.5"} 1.0' in text
    assert 'plait_overhead_seconds_bucket{contract="loan",le="0.1"} 0.0' in text


def test_only_answers_have_an_overhead(app):
    metrics = Metrics(app)
    metrics.observe("loan", "row_wrong_type", STAGES, 1.0, 5)
    text = metrics.render().decode()
    assert 'plait_request_seconds_count{contract="loan",status="row_wrong_type"} 1.0' in text
    assert "plait_rows_total{" not in text
    assert "plait_overhead_seconds_count{" not in text


def test_the_queue_of_records_is_told(app, row):
    app.predict("loan", row)
    app.store.flush()
    text = Metrics(app).render().decode()
    assert "plait_records_pending 0.0" in text
    assert "plait_records_stripped 0.0" in text


def test_two_servers_of_one_process_count_apart(app):
    Metrics(app).observe("loan", "done", STAGES, 1.0, 1)
    assert 'contract="loan"' not in Metrics(app).render().decode()
