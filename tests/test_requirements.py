"""Every package that is imported is named in the requirements, and the lock holds exact versions of all of them."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from utils.backend import BACKENDS as chosen_by

ROOT = Path(__file__).resolve().parents[1]
CODE = (
    *("utils", "base", "models", "data_loader", "inference", "evaluation", "reporting"),
    *("tasks", "trainers", "preparation", "mains"),
)
OWN = {*CODE, "tests", "benchmarks"}
# pydantic_core is released with pydantic, which pins its exact version; TensorBoard's protos are classes of protobuf;
# contourpy computes Matplotlib's contours.
PART_OF = {"pydantic-core": "pydantic", "protobuf": "tensorboard", "contourpy": "matplotlib"}
# Peers that a test compares with, and forms that results are given in, where they happen to be installed
# (`pytest.importorskip`).
OPTIONAL = {"torchvision", "supervision", "pandas"}
BASE, DEV = "requirements-base.txt", "requirements-dev.txt"
BACKENDS = {"tensorflow": "requirements.txt", "jax": "requirements-jax.txt", "torch": "requirements-torch.txt"}
ALL = (BASE, *BACKENDS.values())
# Imported by the code only where they are used; the message that names them says what to type.
EXTRAS = {"safetensors"}


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def lines(file):
    """The requirements of a file without comments and options."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith(("#", "-"))]


def names(file):
    return {canonical(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines(file)}


def names_of(files):
    return set().union(*map(names, files))


def imported(folders):
    """Third-party packages that the folders' files import, by their names in the requirements."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    found.add((node.module or "").partition(".")[0])
    installed = packages_distributions()
    modules = found - OWN - set(sys.stdlib_module_names) - OPTIONAL
    packages = {canonical(installed[module][0]) if module in installed else module for module in modules}
    return {PART_OF.get(name, name) for name in packages}


def test_what_the_code_imports_is_required():
    packages = imported(CODE)
    assert {"keras", "opencv-python-headless", "pyyaml"} <= packages
    assert packages - names_of(ALL) == EXTRAS


def test_an_extra_is_asked_for_in_the_range_that_is_tested():
    code = "".join(path.read_text(encoding="utf-8") for folder in CODE for path in (ROOT / folder).rglob("*.py"))
    for extra in EXTRAS:
        (line,) = [line for line in lines(DEV) if line.startswith(extra)]
        assert f'pip install "{line}"' in code


def test_nothing_is_required_that_is_not_imported():
    assert names_of(ALL) - imported(OWN) == set()


def test_each_backend_is_the_base_and_its_own_package():
    for package, file in BACKENDS.items():
        assert names(file) == {package}
        assert "-r requirements-base.txt" in (ROOT / file).read_text(encoding="utf-8").splitlines()
    assert not names(BASE) & BACKENDS.keys()
    assert chosen_by == BACKENDS  # what a main tells to install


def test_what_the_tests_import_is_required():
    assert imported(("tests", "benchmarks")) - names_of((*ALL, DEV)) == set()


def test_ranges_have_both_ends():
    for line in [line for file in (*ALL, DEV) for line in lines(file)]:
        assert re.fullmatch(r"[\w-]+>=[\d.]+,<[\d.]+", line), line


def test_the_lock_holds_exact_versions_of_all_requirements():
    assert [line for line in lines("requirements.lock") if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert names_of((BASE, BACKENDS["tensorflow"], DEV)) - names("requirements.lock") == set()


def test_the_locked_versions_are_in_the_ranges():
    locked = dict(line.split("==") for line in lines("requirements.lock"))
    versions = {canonical(name): tuple(map(int, re.findall(r"\d+", version))) for name, version in locked.items()}
    for line in [line for file in (BASE, BACKENDS["tensorflow"], DEV) for line in lines(file)]:
        name, low, high = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", line).groups()
        low, high = (tuple(map(int, bound.split("."))) for bound in (low, high))
        assert low <= versions[canonical(name)] < high, f"requirements.lock: {name} is outside {line}"
