"""Wrong configs: each gives one clear message with the key's path, what was received and what to do."""

import shlex

import pytest

from utils.config import ConfigError, process_config


def message(path, *overrides):
    with pytest.raises(ConfigError) as caught:
        process_config(path, overrides)
    return str(caught.value)


def test_an_unknown_key_names_its_path_and_the_nearest_key(write):
    path = write({"model": {"name": "net", "bakbone": {}}})
    assert message(path) == f"{path}: model.bakbone: unknown key; did you mean model.backbone?"
    assert "modle: unknown key (in --set); did you mean model?" in message(write({}), "modle.name=net")


def test_an_unknown_key_of_another_section_is_found_there(write):
    text = message(write({"model": {"name": "net", "weights": "w.h5"}}))
    assert "model.weights: unknown key; did you mean model.backbone.weights?" in text
    assert "valid below model: backbone, mode, name" in text


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("trainer.epochs=ten", 'trainer.epochs: received "ten" (a string) (in --set); allowed: a valid integer'),
        ("trainer.epochs=1.5", "trainer.epochs: received 1.5 (a number) (in --set); allowed: a valid integer"),
        ("trainer.epochs=0", "trainer.epochs: received 0 (an integer) (in --set); allowed: greater than or equal to 1"),
        ('trainer.epochs="4"', "; write 4 without quotes"),
        ("trainer.steps=true", "trainer.steps: received true (a boolean)"),
        ("exp.name=5", """allowed: a valid string; write 'exp.name="5"'"""),
        ("exp.name=../up", 'exp.name: received "../up" (a string) (in --set); allowed: text like'),
        ("exp.seed=-1", "allowed: greater than or equal to 0"),
        ("model.mode=maxx", "allowed: 'max' or 'min'; did you mean \"max\"?"),
        ("model.backbone.stages=x", "allowed: a valid integer or a valid array"),
        ("trainer.ema=None", "; write null"),
        ('trainer.optimizer={"name": "adam"}', "does not match any of the expected tags: 'sgd', 'adamw'"),
        ("data.classes=[1]", "data.classes.0: received 1 (an integer)"),
        ("model=net", 'model: received "net" (a string); write {"name": …} with a name; allowed: net'),
    ],
)
def test_a_wrong_value_is_shown_with_what_is_allowed(write, override, expected):
    assert expected in message(write({}), override)


def test_the_advice_for_a_number_that_should_be_text_fits_file_and_command_line(write):
    assert '; write "5" in quotes' in message(write({"exp": {"name": 5}}))
    advice = message(write({}), "exp.name=5").rpartition("; write ")[2]
    (word,) = shlex.split(advice)
    assert process_config(write({}), [word]).exp.name == "5"


def test_a_missing_key_is_named_with_its_meaning(write):
    path = write({"trainer": {"name": "training"}})
    assert message(path) == f"{path}: trainer.steps: missing; it has no default: How many."


def test_missing_sections_and_names_list_the_choices(write):
    text = message(write('{"exp": {"name": "a"}, "model": {}, "data": {"name": 3}, "evaluator": {"name": "metrics"}}'))
    assert "model.name: missing; allowed: net, other_net, or a dotted path" in text
    assert "data.name: received 3 (an integer); allowed: images" in text
    assert "trainer: missing" in text
    assert "3 problems" in text


def test_an_unknown_name_lists_the_choices_and_the_nearest(write):
    text = message(write({"model": {"name": "nett"}}))
    assert 'model.name: received "nett", which is not registered; did you mean "net"? choices: net, other_net' in text


def test_a_class_whose_section_is_none_is_an_error(write):
    text = message(write({"model": {"name": "fake_parts:NoSection"}}))
    assert "model.name: int must be a subclass of Section with a field `name: str`" in text


def test_all_problems_are_reported_at_once_with_the_file_that_made_them(write):
    base = write({"exp": {"name": "run", "sed": 3}}, "base.json")
    path = write('{"extends": "base.json", "trainer": {"epochs": 0}}')
    text = message(path, "data.rot=x")
    assert text.startswith(f"{path}: 3 problems\n")
    assert f"exp.sed: unknown key (in {base}); did you mean exp.seed?" in text
    assert f"trainer.epochs: received 0 (an integer) (in {path})" in text
    assert "data.rot: unknown key (in --set); did you mean data.root?" in text


def test_broken_json_gives_line_column_and_the_line(write):
    path = write('{\n  "exp": {"name": "a"},\n  "model": tru\n}')
    assert message(path) == f'{path}: broken JSON, expecting value: line 3, column 12: "model": tru'


def test_json_that_only_python_takes_is_refused(write):
    assert 'the key "a" is given twice in one object; keep one' in message(write('{"a": 1,\n"a": 2}'))
    assert "NaN is no finite number" in message(write('{"a":\n NaN}'))
    assert "1e999 is no finite number" in message(write('{"a": 1e999}'))
    assert "nested too deeply" in message(write("[" * 100_000))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: [1,\nc: 2\n", "line 4, column 1 (the end, after line 3): c: 2"),
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "a key must be a string, once in one object: line 4, column 3: c: 3"),
        ("[1]: a\n", "a key must be a string, once in one object: line 1, column 1"),
        ("a: !!python/object/apply:os.getcwd []\n", "JSON has no type tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("a: !!timestamp 2026-01-02\n", "JSON has no type tag:yaml.org,2002:timestamp: line 1, column 4"),
        ("a: &x [*x]\n", "nested too deeply"),
        ("a: \x07\n", "broken YAML: it has a control character in it"),
        ("- a\n", "a config is one object"),
        ("# nothing\n", "a config is one object"),
        ("", "a config is one object"),
    ],
)
def test_broken_yaml(write, text, expected):
    assert expected in message(write(text, "run.yaml"))


def test_a_missing_file_names_the_nearest(write, tmp_path):
    write({}, "pets.json")
    assert f"there is no such file; did you mean {tmp_path / 'pets.json'}?" in message(tmp_path / "pest.json")
    assert f"(extended by {tmp_path / 'b.json'}); did you mean" in message(write('{"extends": "pet.json"}', "b.json"))
    assert "configs there: none" in message(tmp_path / "empty" / "a.json")


def test_files_that_are_no_config(write, tmp_path):
    assert 'ends in .json, .yaml, .yml; received ".txt"' in message(write("{}", "run.txt"))
    (tmp_path / "folder.json").mkdir()
    assert "cannot be read" in message(tmp_path / "folder.json")
    path = write("{}")
    path.write_bytes(b'{"a": "\xff"}')
    assert "byte 7 is not UTF-8" in message(path)


def test_a_circle_of_extends_is_an_error(write):
    write('{"extends": "b.json"}', "a.json")
    assert '"extends" goes in a circle: b.json → a.json → b.json' in message(write('{"extends": "a.json"}', "b.json"))
    assert '"extends" is one file name' in message(write('{"extends": ["a.json"]}', "c.json"))


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("trainer.epochs", 'received "trainer.epochs"; write key.path=value'),
        ("=3", 'received "=3"; write key.path=value'),
        ("trainer..epochs=3", "write key.path=value"),
        ("exp.name.x=3", "exp.name has no keys below it"),
        ("exp.tags.2=c", "exp.tags is a list of 1; give an index below that"),
    ],
)
def test_overrides_that_lead_nowhere(write, override, expected):
    assert expected in message(write({"exp": {"name": "run", "tags": ["a"]}}), override)


@pytest.mark.parametrize("text", ["\\ud800", "a\\udc00b", "\\u0000"])
@pytest.mark.parametrize("place", ['{"extends": "%s"}', '{"exp": {"name": "a", "tags": ["%s"]}}', '{"%s": 1}'])
def test_what_is_no_character_is_refused_wherever_it_is(write, place, text):
    assert "which is no character" in message(write(place % text))
    assert "which is no character" in message(write(place % text, "run.yaml"))


def test_bytes_of_the_command_line_that_are_no_text_are_refused(write):
    assert '"\\udcff" in it, which is no character' in message(write({}), "exp.root=a\udcffb")
    assert process_config(write({}), [r'exp.tags=["\\u0000"]']).exp.tags == (r"\u0000",)
