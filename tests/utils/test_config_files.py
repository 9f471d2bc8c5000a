"""The real sections, the files made from them and the recipes in `configs/`."""

import json
import shutil
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from tests.recipes import CONFIGS
from tests.recipes import RECIPES as NAMES
from utils.config import ConfigError, process_config, schema
from utils.config.renamed import RENAMED
from utils.config.root import ExpConfig
from utils.registry import LOGGER_CONFIG, SECTIONS, load_object, resolve_config

ROOT = Path(__file__).resolve().parents[2]
RECIPES = [CONFIGS / f"{name}.json" for name in NAMES]
SMALLEST = {"exp": {"name": "a"}, **{key: {"name": next(iter(table))} for key, table in SECTIONS.items()}}


def real_sections():
    found = [ExpConfig, load_object(LOGGER_CONFIG)]
    found += [resolve_config(table, name) for table in SECTIONS.values() for name in table]
    for section in found:
        inner = [part for field in section.model_fields.values() for part in sections_in(field.annotation)]
        found += [part for part in inner if part not in found]
    return found


def sections_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in sections_in(part)]


@pytest.mark.parametrize("section", real_sections(), ids=lambda section: section.__name__)
def test_every_field_is_documented_and_every_default_is_valid(section):
    assert [name for name, field in section.model_fields.items() if not field.description] == []

    class Checked(section):
        model_config = ConfigDict(validate_default=True)

    try:
        Checked()
    except ValidationError as error:
        assert {item["type"] for item in error.errors()} == {"missing"}, error


def test_the_schema_and_the_reference_are_current():
    assert schema.main(["--check"]) == 0


def test_a_stale_file_is_noticed_and_written_again(tmp_path, monkeypatch, capsys):
    for name in (schema.SCHEMA_FILE, schema.REFERENCE_FILE):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(schema, "ROOT", tmp_path)
    path = tmp_path / schema.SCHEMA_FILE
    path.write_text(path.read_text().replace("epochs", "epoch"))
    assert schema.main(["--check"]) == 1
    assert "configs/schema.json is stale" in capsys.readouterr().err
    assert schema.main([]) == 0
    assert path.read_text() == (ROOT / schema.SCHEMA_FILE).read_text()


@pytest.mark.parametrize(
    ("content", "valid"),
    [
        (SMALLEST, True),
        ({**SMALLEST, "$schema": "schema.json"}, True),
        ({"extends": "a.json", "trainer": {"epochs": 3}}, True),
        ({**SMALLEST, "model": {"name": "own.net:Net", "anything": 1}}, True),
        ({**SMALLEST, "model": {"name": "mask_rcn"}}, False),
        ({**SMALLEST, "trainer": {"name": "supervised", "epoch": 3}}, False),
        ({**SMALLEST, "trainer": {"name": "supervised", "epochs": -1}}, False),
        ({"trainer": {"epochs": 3}}, False),
    ],
)
def test_an_editor_marks_what_is_wrong(content, valid):
    jsonschema = pytest.importorskip("jsonschema", reason="comes with comet-ml, which is not installed")
    found = json.loads((ROOT / schema.SCHEMA_FILE).read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    assert jsonschema.Draft202012Validator(found).is_valid(content) is valid


def test_the_smallest_config_reads_back_from_where_it_is_saved(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(SMALLEST))
    config = process_config(path)
    config.save(tmp_path / "b.json")
    assert process_config(tmp_path / "b.json") == config


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_key_that_was_renamed_is_an_error_with_the_new_name(old, new, tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(SMALLEST))
    with pytest.raises(ConfigError) as caught:
        process_config(path, [f"{old}=1"])
    assert str(caught.value) == f"{path}: {old}: unknown key (in --set); it is called {new} now"
    with pytest.raises(ConfigError, match=rf"{new}: received \[\]"):
        process_config(path, [f"{new}=[]"])


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_valid(recipe):
    jsonschema = pytest.importorskip("jsonschema", reason="comes with comet-ml, which is not installed")
    process_config(recipe)
    found = json.loads((ROOT / schema.SCHEMA_FILE).read_text())
    jsonschema.Draft202012Validator(found).validate(json.loads(recipe.read_text()))
