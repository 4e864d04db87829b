"""What is drawn of a flow."""


def test_a_flow_is_drawn_with_what_was_measured(noted):
    before = noted.describe_flow("desk")
    assert [step["step"] for step in before["steps"]] == ["guard", "cache", "retrieve", "answer"]
    assert (before["requests"], "p50_ms" in before["steps"][0]) == (0, False)
    for question in ("How much is the appraisal fee?", "When does the branch close?"):
        noted.ask("desk", question)
    after = noted.describe_flow("desk")
    assert after["requests"] == 2
    assert all(step["count"] == 2 for step in after["steps"])
    assert after["steps"][2]["top"] == 3
