"""Make the projects whose decisions docs/contracts.md shows: `python scripts/examples.py FOLDER`.

Then `plait train delivery --project FOLDER/delivery`, and `loan` likewise. Their rows are made
here, of a known law and chance.
"""

import csv
import math
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

DELIVERY = """\
project: delivery
contracts:
  delivery:
    task: tabular
    data: rows.csv
    target: minutes
    objective: {quantile: 0.9}
"""
LOAN = """\
project: loan
contracts:
  loan:
    task: tabular
    data: rows.csv
    target: paid
    positive: "yes"
    candidates: [dummy, linear, lightgbm]
    features:
      dti: {expr: "debt / (income + 1)", label: debt to income}
      notes: {embed: true}
"""
REMARKS = {
    "has held the same job for years": 0.9,
    "was recently promoted": 0.7,
    "keeps savings for a rainy day": 0.8,
    "missed a few bills last winter": -0.9,
    "is between two jobs": -1.0,
    "borrowed to pay off another loan": -0.8,
    "called about the opening hours": 0.0,
    "asked for the form by post": 0.0,
}


def deliveries(chance: random.Random) -> Iterator[Sequence[object]]:
    """Yield minutes that spread the more the farther a van goes in the rush."""
    yield "distance", "hour", "vehicle", "items", "weekend", "minutes"
    for _ in range(3_000):
        distance, hour = chance.uniform(1, 15), chance.randrange(8, 20)
        vehicle = chance.choice(("bike", "car", "van"))
        items, weekend = chance.randrange(1, 9), chance.random() < 0.3
        rush = 1.6 if hour in (8, 9, 16, 17, 18) and not weekend and vehicle != "bike" else 1.0
        pace = {"bike": 3.0, "car": 2.0, "van": 2.4}[vehicle] * rush
        minutes = 6 + 0.8 * items + pace * distance * chance.lognormvariate(0, 0.2 * rush)
        yield (
            *(round(distance, 1), hour, vehicle, items),
            *("yes" if weekend else "no", round(minutes, 1)),
        )


def loans(chance: random.Random) -> Iterator[Sequence[object]]:
    """Yield loans that are paid back by the ratio of two columns and by what a remark says."""
    yield "income", "debt", "age", "area", "notes", "paid"
    for _ in range(700):
        income = chance.lognormvariate(3.5, 0.5)
        debt = income * chance.lognormvariate(-1, 0.7)
        area = chance.choice(("north", "south", "coast"))
        said = chance.sample(sorted(REMARKS), 2)
        odds = sum(1.4 * REMARKS[each] for each in said) + 0.3 * (area == "coast")
        odds -= 14 * min(debt / (income + 1) - 0.38, 0.5)
        paid = chance.random() < 1 / (1 + math.exp(-odds))
        yield (
            *("" if chance.random() < 0.03 else round(income, 1), round(debt, 1)),
            *(chance.randrange(20, 70), area),
            "" if chance.random() < 0.05 else f"The customer {said[0]} and {said[1]}.",
            "yes" if paid else "no",
        )


def main() -> None:
    """Write both projects."""
    for name, text, rows in (("delivery", DELIVERY, deliveries), ("loan", LOAN, loans)):
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True)
        (folder / "plait.yaml").write_text(text)
        with (folder / "rows.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows(random.Random(7)))


if __name__ == "__main__":
    main()
