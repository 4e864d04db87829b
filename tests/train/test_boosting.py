import json

from plait.train.boosting import Boosting


def test_levels_stand_in_the_order_of_their_target(samples, tmp_path):
    Boosting(tmp_path).fit(samples["binary"])
    codes = json.loads((tmp_path / "pipeline.json").read_text())["encode"]
    assert next(code["levels"] for code in codes if code["op"] == "ordinal") == [
        "village",
        "coast",
        "town",
    ]


def test_what_it_says_of_itself_is_all_that_it_uses(tmp_path):
    said = Boosting(tmp_path).configuration()
    assert len(said["portfolio to 10,000 rows"]) == len(said["portfolio beyond"]) == 3
