"""A module has its test where one looks for it."""

LINES = 40
ELSEWHERE: dict[str, str] = {
    # src module -> why no test mirrors it; this list may only shrink
    "plait.store.record": "plain records; check_store writes and reads each",
    "plait.testing.store": "tests/store/test_base.py runs it on broken stores",
}


def test_every_module_has_a_test(root, modules):
    lacking = set()
    for module in modules:
        if module.path.name == "__init__.py" or len(module.text.splitlines()) <= LINES:
            continue
        mirrored = root / "tests" / module.path.parent.relative_to("src/plait")
        if not (mirrored / f"test_{module.path.name}").is_file():
            lacking.add(module.name)
    assert lacking == set(ELSEWHERE), "\n".join(sorted(lacking ^ set(ELSEWHERE)))
