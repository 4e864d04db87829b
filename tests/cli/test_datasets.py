"""`plait datasets`: list, show, compare; and what jobs read and wrote."""

import json


def test_before_the_first_one_it_is_said_how_to_get_it(run, project):
    ran = run("datasets", "--project", project)
    assert ran.status == 0, ran
    assert ran.out == "no dataset yet: `plait train CONTRACT` reads and keeps one\n"


def test_a_dataset_is_listed_with_its_decisions_and_shown_by_its_beginning(run, made, narrow):
    folder = made["customers"].folder
    listed = run("datasets", "--project", folder, "--json").json["datasets"]
    dataset = listed[0]
    assert dataset["decisions"]
    shown = run("datasets", "show", dataset["id"][:12], "--project", folder, "--json").json
    assert shown["id"] == dataset["id"]
    assert len(shown["columns"]) == dataset["columns"]
    lines = run("datasets", "--project", folder).out.splitlines()
    assert dataset["id"][:12] in lines[1]
    lines = run("datasets", "show", dataset["id"], "--project", folder).out.splitlines()
    assert all(len(line) <= 80 for line in lines)


def test_a_dataset_is_the_same_as_itself(run, made):
    folder = made["customers"].folder
    dataset = run("datasets", "--project", folder, "--json").json["datasets"][0]
    both = ("datasets", "diff", dataset["id"], dataset["id"], "--project", folder)
    found = run(*both, "--json").json
    assert (found["added"], found["removed"], found["same"]) == (0, 0, dataset["rows"])
    assert not any(each["drifted"] for each in found["columns"])
    ran = run(*both)
    assert "no column that both have has drifted" in ran.out


def test_a_wrong_id_is_one_line(run, made):
    folder = made["customers"].folder
    for wrong in ("ds_nothing", "ds"):
        ran = run("datasets", "show", wrong, "--project", folder)
        assert ran.status == 1
        assert "unknown_dataset" in ran.err or "no dataset" in ran.err
        assert "Traceback" not in ran.err
    assert run("datasets", "--contract", "nobody", "--project", folder).status == 1


def test_a_training_tells_what_it_read_and_made(run, made):
    folder = made["customers"].folder
    dataset = run("datasets", "--project", folder, "--json").json["datasets"][0]
    lines = (folder / ".plait" / "lineage.jsonl").read_text().splitlines()
    start, end = map(json.loads, lines[:2])
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    (read,) = end["inputs"]
    assert read["facets"]["version"]["datasetVersion"] == dataset["id"]
    assert len(read["facets"]["schema"]["fields"]) == dataset["columns"]
    (wrote,) = end["outputs"]
    assert wrote["name"] == f"artefact.{made['customers'].contract}"
