"""What is kept of what was asked."""

import json

from plait.core.prompt import Message, Prompt, ToolCall
from plait.core.request import ChatRequest, EmbedRequest, PredictRequest, SearchRequest


def test_each_kind_tells_its_content_ready_for_json():
    call = ToolCall(id="c1", name="fee", arguments="{}")
    turns = (
        Message(role="user", content="hi"),
        Message(role="assistant", content="", calls=(call,)),
        Message(role="tool", content="650", answers="c1"),
    )
    requests = {
        "rows": PredictRequest(contract="loan", rows=({"a": 1},)),
        "messages": ChatRequest(model="m", prompt=Prompt(messages=turns)),
        "prompt": ChatRequest(model="m", prompt=Prompt(text="once")),
        "query": SearchRequest(collection="c", query="fee"),
        "texts": EmbedRequest(model="m", texts=("a",)),
    }
    for name, request in requests.items():
        assert name in json.loads(json.dumps(request.content()))
    said = requests["messages"].content()["messages"]
    assert said[0] == {"role": "user", "content": "hi"}
    assert said[1]["calls"] == [{"id": "c1", "name": "fee", "arguments": "{}"}]
    assert said[2]["answers"] == "c1"
