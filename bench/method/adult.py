"""The Adult set of PLAIT_DATA (`tabular/adult-*.csv.gz`)."""

import csv
import gzip

from plait.core.columns import Scalar

from . import data

NUMBERS = frozenset(
    ("age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week")
)
NAMES = (
    *("age", "workclass", "fnlwgt", "education", "education_num", "marital_status", "occupation"),
    *("relationship", "race", "sex", "capital_gain", "capital_loss", "hours_per_week", "country"),
)
COLUMNS = (*NAMES, "income")


def read(part: str) -> list[list[str]]:
    """Return the rows of `train` or `test`, unknown cells empty, no stop after incomes."""
    with gzip.open(data(f"tabular/adult-{part}.csv.gz"), "rt", newline="") as file:
        return [
            [cell.rstrip(".").replace("?", "") for cell in row]
            for row in csv.reader(file, skipinitialspace=True)
            if len(row) == len(COLUMNS)
        ]


def records(rows: list[list[str]]) -> list[dict[str, Scalar]]:
    """Return the features of each row."""
    return [
        {n: float(v) if n in NUMBERS else v or None for n, v in zip(NAMES, row, strict=False)}
        for row in rows
    ]
