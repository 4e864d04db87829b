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
}
