"""Imports go one way, from the higher floors to the lower ones.

utils ← base ← {models, data_loader} ← inference ← {evaluation, reporting} ← tasks ←
{trainers, preparation, export, serving} ← benchmarks ← mains
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

FLOORS = (
    ("utils",),
    ("base",),
    ("models", "data_loader"),
    ("inference",),
    ("evaluation", "reporting"),
    ("tasks",),
    ("trainers", "preparation", "export", "serving"),
    ("benchmarks",),
    ("mains",),
)
"""From the lowest to the highest: a folder imports itself and every lower floor, never its neighbors."""

FOLDERS = tuple(folder for floor in FLOORS for folder in floor if (ROOT / folder).is_dir())

MAY_IMPORT = {
    folder: {folder, *(below for lower in FLOORS[:height] for below in lower)}
    for height, floor in enumerate(FLOORS)
    for folder in floor
}


def imported_names(source):
    """Line and dotted name of every import, those inside functions included; a relative one starts with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def offences(root):
    """`file:line imports name` for each import in `root` that goes the wrong way or is relative."""
    found = []
    for folder, allowed in MAY_IMPORT.items():
        forbidden = ({*MAY_IMPORT, "tests"} - allowed) | {""}
        for path in sorted((root / folder).rglob("*.py")):
            for line, name in imported_names(path.read_text(encoding="utf-8")):
                if name.split(".")[0] in forbidden:
                    found.append(f"{path.relative_to(root).as_posix()}:{line} imports {name}")
    return found


def test_imports_go_one_way():
    assert offences(ROOT) == []


def test_every_folder_is_looked_at():
    assert all(any((ROOT / folder).rglob("*.py")) for folder in FOLDERS)


BACKEND_CORNERS = {
    "tensorflow": {
        *(f"trainers/steps/tensorflow_{name}.py" for name in ("momentum", "steps")),
        *(f"models/layers/native/tensorflow_{name}.py" for name in ("batch_norm", "conv")),
        *(f"models/ops/native/tensorflow_{name}.py" for name in ("devices", "nms", "rows")),
        "inference/native/tensorflow_predict.py",
    },
    "jax": {"trainers/steps/jax_steps.py", "inference/native/jax_predict.py"},
    "torch": {"trainers/steps/torch_steps.py", "inference/native/torch_predict.py", "base/random_state.py"},
}


def importers(root, package):
    """The files of the project in `root` that import a package, be it inside a function."""
    files = [path for folder in FOLDERS if folder != "benchmarks" for path in (root / folder).rglob("*.py")]
    return {
        path.relative_to(root).as_posix()
        for path in files
        for _, name in imported_names(path.read_text(encoding="utf-8"))
        if name.split(".")[0] == package
    }


@pytest.mark.parametrize("package", BACKEND_CORNERS)
def test_a_backend_is_imported_in_its_own_corner_only(package):
    """So that the project runs where only one of them is installed."""
    assert importers(ROOT, package) == BACKEND_CORNERS[package]


@pytest.mark.parametrize("source", ["import tensorflow as tf", "def f():\n    from tensorflow.io import gfile"])
def test_an_import_outside_the_corner_is_found(tmp_path, source):
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils/a.py").write_text(source)
    assert importers(tmp_path, "tensorflow") == {"utils/a.py"}


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("utils/a.py", "from base.batch import Batch"),
        ("base/a.py", "import models.ops.boxes as boxes"),
        ("models/ops/a.py", "def f():\n    from data_loader.images import read_rgb"),
        ("data_loader/a.py", "if True:\n    import models"),
        ("inference/a.py", "from evaluation.coco import CocoEvaluator"),
        ("evaluation/a.py", "from reporting.table import RunInfo"),
        ("export/a.py", "from trainers.config import TrainerConfig"),
        ("serving/a.py", "import trainers.steps"),
        ("trainers/a.py", "from mains import pets_main"),
        ("mains/a.py", "from tests.toy import Toy"),
        ("models/a.py", "from . import ops"),
    ],
)
def test_a_wrong_import_is_found(tmp_path, file, source):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(source)
    assert len(offences(tmp_path)) == 1
    assert offences(tmp_path)[0].startswith(f"{file}:")


def test_right_imports_are_let_through(tmp_path):
    for folder, allowed in MAY_IMPORT.items():
        (tmp_path / folder).mkdir()
        lines = [f"import {other}.x" for other in sorted(allowed)]
        (tmp_path / folder / "a.py").write_text("\n".join(["import os", "from keras import ops", *lines]))
    assert offences(tmp_path) == []
