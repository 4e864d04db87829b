"""The demo's table is made the same way everywhere."""

import bz2

from plait.registry.recipe import loans_csv


def test_three_columns_become_race_and_every_other_value_stays(tmp_path):
    source = (
        "obrat,black,gdlin,hispan,approve,white\n"
        "34.5,0,1,0,1,1\n"
        "34.099998474121094,1,666,0,1,0\n"
        ",0,1,1,0,0\n"
    )
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/loanapp.csv.bz2").write_bytes(bz2.compress(source.encode()))
    loans_csv(tmp_path)
    assert (tmp_path / "loans.csv").read_bytes() == (
        b"obrat,gdlin,approve,race\n34.5,1,1,white\n34.099998474121094,666,1,black\n,1,0,hispanic\n"
    )
