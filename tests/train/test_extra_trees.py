from dataclasses import replace

import numpy as np

from plait.train.extra_trees import ExtraTrees


def test_numbers_beyond_32_bits_are_learned_from(samples, tmp_path):
    sample = samples["regression"]
    huge = np.array(sample.columns["income"]) * 1e300
    columns = {**sample.columns, "income": huge}
    answer = ExtraTrees(tmp_path).fit(replace(sample, columns=columns)).predict(columns)
    assert np.isfinite(answer["prediction"]).all()
