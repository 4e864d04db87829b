"""Who may import what, and what `import plait` costs."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import plait

LAYERS = [
    ["cli"],
    ["serve", "testing"],
    ["app"],
    ["flow", "train", "monitor"],
    ["tasks", "guards"],
    ["evaluate"],
    ["registry"],
    ["engines", "store"],
    ["core"],
]
NUMBERS = {"store", "engines", "registry", "evaluate", "tasks", "train", "app", "testing"}
HOME = {
    # third party -> the rooms it may live in
    "aiohttp": {"engines"},
    "apsw": {"store"},
    "click": {"cli"},
    "duckdb": {"store"},
    "faiss": {"store"},
    "fastapi": {"serve"},
    "jinja2": {"serve"},
    "lightgbm": {"engines", "train"},
    "markdown_it": {"tasks"},
    "numpy": NUMBERS,
    "onnx": {"train"},
    "onnxruntime": {"engines"},
    "orjson": {"cli", "serve", "store"},
    "prometheus_client": {"serve"},
    "psycopg": {"store"},
    "pypdfium2": {"tasks"},
    "rich": {"cli"},
    "scipy": {"evaluate", "train"},
    "sklearn": {"train"},
    "spacy": {"engines"},
    "starlette": {"serve"},
    "tabicl": {"engines"},
    "tantivy": {"store"},
    "threadpoolctl": {"train"},
    "tokenizers": {"engines"},
    "torch": {"engines", "train"},
    "uvicorn": {"serve"},
    "xllamacpp": {"engines"},
    "yaml": {"app"},
}
HEAVY = {
    "apsw", "click", "duckdb", "fastapi", "lightgbm", "numpy", "pandas", "psycopg", "pydantic",
    "rich", "scipy", "sklearn", "torch", "uvicorn", "yaml",
}  # fmt: skip


NOT_IMPORTED = {
    # dependency -> who uses it
    "httptools": "uvicorn parses HTTP with it",
    "pip": "pulls the wheels that carry weights and sample data",
    "uvloop": "uvicorn runs on it",
}


def imports(tree):
    """Yield the dotted name of everything a module imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "write the whole name of the module"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))


def test_the_layers_stand(project, layers):
    contract = project["tool"]["importlinter"]["contracts"][0]
    assert contract["type"] == "layers"
    assert contract["exhaustive"] is True
    assert layers == LAYERS


def test_no_contract_makes_an_exception(project):
    for contract in project["tool"]["importlinter"]["contracts"]:
        assert "ignore_imports" not in contract
        assert "unmatched_ignore_imports_alerting" not in contract


def test_every_third_party_lives_in_its_room(modules):
    strangers = []
    for module in modules:
        for name in imports(module.tree):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or top == "plait":
                continue
            if module.room not in HOME.get(top, ()):
                strangers.append((module.name, top))
    assert not strangers, "\n".join(map(str, strangers))


def test_what_is_imported_is_declared_and_the_other_way_round(project, modules):
    extras = dict(project["project"]["optional-dependencies"])
    del extras["dev"], extras["desk"]  # the second names the others alone
    sets = [project["project"]["dependencies"], *extras.values()]
    declared = {re.match(r"[\w.-]+", each)[0] for one in sets for each in one}
    owners = packages_distributions() | {"starlette": ["fastapi"]}  # the face of it we know
    used = {
        owners.get(top, [top])[0].lower().replace("_", "-")
        for module in modules
        for name in imports(module.tree)
        if (top := name.split(".")[0]) not in sys.stdlib_module_names and top != "plait"
    }
    needed = used | set(NOT_IMPORTED)
    assert needed == declared, needed ^ declared


def test_rooms_import_the_module_that_defines(modules):
    """A room's `__init__` gives its table and nothing else; `plait` gives the Python API."""
    known = {module.name for module in modules}
    packages = {each.name for each in modules if each.path.name == "__init__.py"}
    through = [
        (module.name, name)
        for module in modules
        for name in imports(module.tree)
        if name.rpartition(".")[0] in packages
        and name not in known
        and not name.endswith((".TABLE", "_TABLE", ".MODELS"))
        and name != "plait.__version__"
    ]
    assert not through, "\n".join(map(str, through))


def test_import_plait_is_light():
    program = "import sys, plait; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert HEAVY & set(done.stdout.split()) == set()


def test_the_python_api_is_a_short_sorted_list():
    names = list(plait.__all__)
    assert names == sorted(names)
    assert len(names) <= 40
    assert [name for name in names if getattr(plait, name, None) is None] == []
