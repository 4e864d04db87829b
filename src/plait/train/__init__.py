"""The room that makes artefacts, and races them.

Question: how is a new artefact made?
Verbs: prepare, fit, race, measure, conclude
May import: core, store, engines, registry, evaluate
Not here: reading files (store), what a score means (evaluate), who answers (registry, app)
"""

TABLE = {
    "dummy": "plait.train.dummy:Dummy",
    "rule_list": "plait.train.rule_list:RuleLists",
    "linear": "plait.train.linear:Linear",
    "lightgbm": "plait.train.boosting:Boosting",
    "extra_trees": "plait.train.extra_trees:ExtraTrees",
    "neighbours": "plait.train.neighbours:NearestRows",
    "tabicl": "plait.train.tabicl:TabIcl",
    "tabm": "plait.train.tabm:TabM",
    "ensemble": "plait.train.ensemble:Ensemble",
}

TEXT_TABLE = {
    "majority": "plait.train.majority:Majority",
    "tfidf_linear": "plait.train.tfidf:TfidfLinear",
    "minilm_linear": "plait.train.sentence:MinilmLinear",
    "minilm_neighbours": "plait.train.sentence:MinilmNeighbours",
    "minilm_tuned": "plait.train.tuned:MinilmTuned",
    "llm_zero_shot": "plait.train.zero_shot:LlmZeroShot",
}

SERIES_TABLE = {
    "naive": "plait.train.forecast_naive:Naive",
    "seasonal_naive": "plait.train.forecast_seasonal_naive:SeasonalNaive",
    "theta": "plait.train.forecast_theta:Theta",
    "damped_ets": "plait.train.forecast_damped:Damped",
    "combination": "plait.train.forecast_combination:Combination",
    "lightgbm": "plait.train.forecast_lightgbm:GlobalBoosting",
    "network": "plait.train.forecast_network:GlobalNetwork",
}

ANOMALY_TABLE = {
    "robust_z": "plait.train.anomaly_robust:RobustDistance",
    "isolation_forest": "plait.train.anomaly_forest:IsolatedRows",
    "neighbour_distance": "plait.train.anomaly_neighbours:NeighbourDistance",
}

ANOMALY_SERIES_TABLE = {
    "robust_z": "plait.train.anomaly_series:RobustLevel",
    "seasonal_residual": "plait.train.anomaly_series:SeasonalResidual",
    "ewma": "plait.train.anomaly_series:EwmaChart",
}
