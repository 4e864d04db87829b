from plait.app.incumbent import incumbent_folder, with_incumbent
from plait.app.settings import load_project
from plait.store.sqlite import SqliteStore


def test_without_an_import_the_race_is_as_it_was(folder):
    project = load_project(folder)
    with SqliteStore(project.store) as store:
        assert incumbent_folder(store, project, "repaid") is None
        plan = object()
        assert with_incumbent(store, project, "repaid", plan, time="asked") is plan
