"""The room that runs artefacts.

Question: who runs an artefact?
Verbs: load, then one small typed protocol each: predict, embed, stream, transcribe, paint, tag
May import: core
Not here: fitting (train), which artefact answers (registry), how requests are answered (tasks)
"""

TABLE = {
    "lightgbm": "plait.engines.lightgbm:load",
    "linear": "plait.engines.linear:load",
    "onnx": "plait.engines.onnx:load",
    "text_linear": "plait.engines.text_linear:load",
    "text_vector": "plait.engines.text_vector:load",
}

MODELS = {  # language models, which plait.yaml configures under `models`
    "llamacpp": "plait.engines.llamacpp:LlamaCpp",
    "openai": "plait.engines.openai:OpenAI",
}
