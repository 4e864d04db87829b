"""What plait.yaml says of a flow."""

import pytest
import yaml

from plait.app.yaml_node import _node
from plait.core.errors import InvalidSettings, UnknownName
from plait.flow.compose import compose


@pytest.fixture
def composed(place, word):
    place.guards = {"pii": word("pii", "4111")}
    place.generators = {"small": object()}

    def composed(text):
        return compose(_node(yaml.compose(text), "plait.yaml", "flows.desk"), place.parts())

    return composed


def test_steps_stand_in_order_with_their_options(composed):
    found = composed(
        "[guard: {input: [pii]}, cache, retrieve: {collection: policies, top: 3}, answer]"
    )
    assert [name for name, _ in found.steps] == ["guard", "cache", "retrieve", "answer"]
    assert found.steps[2][1].facts() == {"collection": "policies", "top": 3}


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("[]", "settings_wrong_type", "list of steps"),
        ("5", "settings_wrong_type", "list of steps"),
        ("[5]", "settings_wrong_type", "one step per item"),
        ("[{cache: {}, guard: {}}]", "settings_wrong_type", "one step per item"),
        ("[retreive: {collection: policies}]", "unknown_component", "'retrieve'"),
        ("[retrieve: {colection: policies}]", "settings_unknown_key", "'collection'"),
        ("[retrieve: {}]", "settings_missing_key", "collection"),
        ("[retrieve: {collection: policies, top: 0}]", "settings_wrong_value", "top"),
        ("[retrieve: {collection: polices}]", "unknown_contract", "policies"),
        ("[guard: {}]", "settings_wrong_value", "one of"),
        ("[guard: {input: [pi]}]", "unknown_component", "pii"),
        ("[answer: {model: large}]", "unknown_model", "small"),
        ("[answer: {model: small, contract: intent}]", "settings_wrong_value", "not by both"),
    ],
)
def test_a_mistake_is_told_with_its_place(composed, text, code, said):
    with pytest.raises((InvalidSettings, UnknownName)) as caught:
        composed(text)
    assert caught.value.code == code
    assert said in str(caught.value)
    assert caught.value.where.startswith("plait.yaml:1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[retrieve: {collection: policies}]", "no step of the flow answers"),
        ("[answer: {}]", "nothing was retrieved"),
        ("[answer: {}, retrieve: {collection: policies}]", "nothing was retrieved"),
        ("[guard: {output: [pii]}, answer: {model: small}]", "nothing is answered yet"),
        ("[answer: {model: small}, guard: {input: [pii]}]", "answered already"),
        ("[guard: {passages: [pii]}, answer: {model: small}]", "nothing is retrieved yet"),
    ],
)
def test_a_step_that_would_never_act_is_refused(composed, text, said):
    with pytest.raises(InvalidSettings, match=said) as caught:
        composed(text)
    assert caught.value.code == "settings_wrong_value"
