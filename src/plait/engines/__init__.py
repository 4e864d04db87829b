"""The room that runs artefacts.

Question: who runs an artefact?
Verbs: load, then one small typed protocol each: predict, embed, stream, transcribe, paint, tag
May import: core
Not here: fitting (train), which artefact answers (registry), how requests are answered (tasks)
"""

TABLE = {
    "anomaly": "plait.engines.anomaly:load",
    "anomaly_series": "plait.engines.anomaly_series:load",
    "blend": "plait.engines.blend:load",
    "forest": "plait.engines.forest:load",
    "lightgbm": "plait.engines.lightgbm:load",
    "linear": "plait.engines.linear:load",
    "neighbours": "plait.engines.neighbours:load",
    "network": "plait.engines.network:load",
    "onnx": "plait.engines.onnx:load",
    "onnx_rows": "plait.engines.onnx_rows:load",
    "rules": "plait.engines.rules:load",
    "series": "plait.engines.series:load",
    "series_lightgbm": "plait.engines.series_lightgbm:load",
    "series_network": "plait.engines.series_network:load",
    "tabicl": "plait.engines.tabicl:load",
    "text_linear": "plait.engines.text_linear:load",
    "text_llm": "plait.engines.text_llm:load",
    "text_vector": "plait.engines.text_vector:load",
}

MODELS = {  # language models, which plait.yaml configures under `models`
    "llamacpp": "plait.engines.llamacpp:LlamaCpp",
    "openai": "plait.engines.openai:OpenAI",
}
