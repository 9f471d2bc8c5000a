import json
import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from utils.config import Config, ConfigError, check_config, process_config
from utils.registry import load_object


def test_sections_get_the_class_of_their_name_and_its_defaults(write):
    config = process_config(write({}))
    assert type(config) is Config
    assert type(config.model) is load_object("fake_parts:Network")
    assert config.trainer.epochs == 3
    assert config.data.root == Path("data")
    assert config.exp.seed == 0
    assert config.exp.root == Path("experiments")
    assert config.logger == load_object("utils.logger.config:LoggerConfig")()


def test_values_that_are_in_no_file_are_checked_in_the_same_way(write):
    path = write({})
    values = json.loads(path.read_text())
    assert check_config(values, "here", ["trainer.epochs=5"]) == process_config(path, ["trainer.epochs=5"])
    with pytest.raises(ConfigError, match=r"(?s)here.*trainer\.epoch"):
        check_config(values, "here", ["trainer.epoch=5"])


def test_json_lists_become_tuples_and_strings_become_paths(write):
    data = {"name": "images", "root": "elsewhere", "classes": ["cat", "dog"]}
    config = process_config(write({"data": data, "exp": {"name": "run", "root": "runs"}}))
    assert config.data.classes == ("cat", "dog")
    assert config.exp.root == Path("runs")


def test_a_schema_key_and_a_byte_order_mark_are_ignored(write):
    path = write({"$schema": "schema.json"})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert process_config(path).exp.name == "run"


def test_an_unquoted_word_of_yaml_is_json_or_else_a_string(write):
    text = """
exp: {name: no, seed: 10}
model: {name: net, backbone: {weights: ~}}
data: &data {name: images, classes: [on, 2024-01-02, 1:30, "5", True], mirror_password:}
trainer: {name: training, steps: 5, ema: {momentum: 1e-3}}
evaluator: {name: metrics}
"""
    config = process_config(write(text, "run.yaml"))
    assert config.exp.name == "no"
    assert config.exp.seed == 10
    assert config.data.classes == ("on", "2024-01-02", "1:30", "5", "True")
    assert config.data.mirror_password is config.model.backbone.weights is None
    assert config.trainer.ema.momentum == 0.001


def test_extends_merges_objects_and_replaces_the_rest(write, tmp_path):
    (tmp_path / "base").mkdir()
    write({"data": {"name": "images", "root": "r", "classes": ["a", "b"]}}, "base/a.json")
    write('{"extends": "a.json", "trainer": {"epochs": 7}, "exp": {"name": "b", "tags": ["x"]}}', "base/b.json")
    path = write("extends: base/b.json\ndata: {classes: [c]}\nexp: {name: c}\n", "c.yaml")
    config = process_config(path)
    assert (config.trainer.epochs, config.trainer.steps) == (7, 5)
    assert config.data.classes == ("c",)
    assert config.data.root == Path("r")
    assert (config.exp.name, config.exp.tags) == ("c", ("x",))


def test_another_name_starts_a_section_from_its_defaults_and_the_same_name_does_not(write):
    write({"model": {"name": "net", "mode": "min"}}, "base.json")
    other = process_config(write('{"extends": "base.json", "model": {"name": "other_net", "width": 9}}'))
    assert other.model.width == 9
    same = process_config(write('{"extends": "base.json", "model": {"name": "net", "backbone": {"stages": 4}}}'))
    assert (same.model.mode, same.model.backbone.stages) == ("min", 4)


def test_overrides_are_json_or_else_strings(write):
    overrides = ["trainer.epochs=4", 'exp.tags=["a", "b"]', "model.backbone.weights=w=1.h5", "model.mode=min"]
    config = process_config(write({}), [*overrides, "trainer.ema.momentum=0.5", "exp.name=00", "exp.tags.1=c"])
    assert config.trainer.epochs == 4
    assert config.exp.tags == ("a", "c")
    assert config.model.backbone.weights == Path("w=1.h5")
    assert config.model.mode == "min"
    assert config.trainer.ema.momentum == 0.5
    assert config.exp.name == "00"


def test_an_override_replaces_an_object_and_null_ends_it(write):
    path = write({"trainer": {"name": "training", "steps": 5, "ema": {"momentum": 0.1}}})
    assert process_config(path, ["trainer.ema={}"]).trainer.ema.momentum == 0.9
    assert process_config(path, ["trainer.ema=null"]).trainer.ema is None
    assert process_config(path, ["trainer.ema=null", "trainer.ema.momentum=0.2"]).trainer.ema.momentum == 0.2


def test_an_overridden_name_starts_the_section_from_its_defaults_wherever_it_is(write):
    path = write({"model": {"name": "net", "mode": "min"}})
    config = process_config(path, ["model.width=2", "model.name=other_net"])
    assert (config.model.name, config.model.width) == ("other_net", 2)


def test_a_dotted_path_takes_the_section_that_its_class_names(write):
    config = process_config(write({"model": {"name": "fake_parts:OwnNetwork", "width": 3}}))
    assert type(config.model) is load_object("fake_parts:OtherNetwork")
    assert (config.model.name, config.model.width) == ("fake_parts:OwnNetwork", 3)


def test_the_saved_config_reads_back_as_the_same_and_pickles(write, tmp_path):
    config = process_config(write({}), ['trainer.optimizer={"name": "adamw", "beta_1": 0.5}'])
    config.save(tmp_path / "new" / "config.json")
    again = process_config(tmp_path / "new" / "config.json")
    assert again == config
    assert again.trainer.optimizer.beta_1 == 0.5
    assert json.loads((tmp_path / "new" / "config.json").read_text()) == config.to_dict()
    assert pickle.loads(pickle.dumps(config)).exp == config.exp


def test_a_config_is_frozen(write):
    config = process_config(write({}))
    with pytest.raises(ValidationError, match="frozen"):
        config.exp.seed = 3
