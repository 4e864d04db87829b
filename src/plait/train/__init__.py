"""The room that makes artefacts, and races them.

Question: how is a new artefact made?
Verbs: prepare, fit, race, measure, conclude
May import: core, store, engines, registry, evaluate
Not here: reading files (store), what a score means (evaluate), who answers (registry, app)
"""

TABLE = {
    "dummy": "plait.train.dummy:Dummy",
    "linear": "plait.train.linear:Linear",
    "lightgbm": "plait.train.boosting:Boosting",
}

TEXT_TABLE = {
    "majority": "plait.train.majority:Majority",
    "tfidf_linear": "plait.train.tfidf:TfidfLinear",
    "minilm_linear": "plait.train.sentence:MinilmLinear",
    "minilm_neighbours": "plait.train.sentence:MinilmNeighbours",
}
