"""How files of a row are made from those that were fetched: by name, deterministic to the byte."""

import bz2
import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

RACES: Final = {"black": "black", "hispan": "hispanic", "white": "white"}  # column -> value of race


def loans_csv(folder: Path) -> None:
    """Write `loans.csv` from `datasets/loanapp.csv.bz2`.

    Every value stays as it is in the source, sentinels (999, 666, 999999) included. The three
    columns `black`, `hispan` and `white`, of which each row has exactly one 1, become one column
    `race`, the last.
    """
    text = bz2.decompress((folder / "datasets/loanapp.csv.bz2").read_bytes()).decode()
    rows = csv.DictReader(io.StringIO(text))
    kept = [name for name in rows.fieldnames or () if name not in RACES]
    with (folder / "loans.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow([*kept, "race"])
        for row in rows:
            race = next(value for name, value in RACES.items() if row[name] == "1")
            writer.writerow([*(row[name] for name in kept), race])


RECIPES: Final[Mapping[str, Callable[[Path], None]]] = {"loanapp": loans_csv}
