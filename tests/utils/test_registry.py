import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from utils.config import Section
from utils.errors import UserError
from utils.registry import LOGGER_CONFIG, SECTIONS, Entry, RegistryError, load_object, resolve, resolve_config

ROOT = Path(__file__).resolve().parents[2]
TABLE = {"big": Entry("shapes:Big", "shapes:BigConfig"), "small": Entry("shapes:Small", "shapes:Gone")}


class BigConfig(Section):
    name: str = "big"


class Big:
    config_class = BigConfig


class Small:
    config_class = "BigConfig"


@pytest.fixture(autouse=True)
def shapes(monkeypatch):
    module = ModuleType("shapes")
    vars(module).update(Big=Big, Small=Small, BigConfig=BigConfig)
    monkeypatch.setitem(sys.modules, "shapes", module)


def test_names_and_dotted_paths_lead_to_the_class_and_to_its_section():
    assert resolve(TABLE, "big") is Big
    assert resolve(TABLE, "shapes:Small") is Small
    assert resolve_config(TABLE, "big") is BigConfig
    assert resolve_config(TABLE, "shapes:Big") is BigConfig


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bigg", 'received "bigg", which is not registered; did you mean "big"? choices: big, small; or a dotted path'),
        ("xyz", 'received "xyz", which is not registered; choices: big, small'),
        ("shapes:Bigg", "the module shapes has no Bigg; did you mean Big"),
        ("shape:Big", "there is no module shape"),
        ("shapes.more:Big", "there is no module shapes.more"),
        ("shapes:", "is no dotted path; write package.module:Class"),
        (":Big", "is no dotted path"),
        ("sha pes:Big", "is no dotted path"),
        ("../shapes:Big", "is no dotted path"),
    ],
)
def test_the_error_of_an_unknown_name_lists_the_choices(name, expected):
    with pytest.raises(RegistryError) as caught:
        resolve(TABLE, name)
    assert expected in str(caught.value)
    assert isinstance(caught.value, UserError)


def test_a_class_without_a_section_is_an_error():
    with pytest.raises(RegistryError, match="set config_class"):
        resolve_config(TABLE, "shapes:Small")
    with pytest.raises(RegistryError, match="has no Gone"):
        resolve_config(TABLE, "small")


def test_an_import_that_fails_inside_a_module_keeps_its_error(tmp_path, monkeypatch):
    (tmp_path / "broken_inside.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there") as caught:
        load_object("broken_inside:X")
    assert not isinstance(caught.value, UserError)


def test_every_entry_leads_to_a_class_and_its_section():
    for table in SECTIONS.values():
        for name, entry in table.items():
            section = resolve_config(table, name)
            assert issubclass(section, Section)
            assert section.model_fields["name"].annotation is str, f"{entry.config}.name must take dotted paths"
            assert isinstance(resolve(table, name), type)


def test_the_sections_are_imported_without_keras():
    paths = [entry.config for table in SECTIONS.values() for entry in table.values()]
    code = (
        "import sys; from utils.registry import load_object\n"
        f"for path in {[*paths, LOGGER_CONFIG]!r}: load_object(path)\n"
        "heavy = {'keras', 'tensorflow', 'torch', 'jax', 'cv2', 'comet_ml'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
