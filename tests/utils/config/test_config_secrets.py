import pytest
from pydantic import SecretStr

from utils.config import ConfigError, Section, process_config

SECRET = "s3kr1t"


def test_the_environment_goes_before_the_config(write, monkeypatch):
    monkeypatch.delenv("COMET_API_KEY", raising=False)
    assert process_config(write({})).tracker_keys()["comet"] == ()
    config = process_config(write({"comet_api_key": SECRET}))
    assert config.tracker_keys()["comet"] == (SECRET,)
    monkeypatch.setenv("COMET_API_KEY", "other")
    assert config.tracker_keys()["comet"] == ("other", SECRET)
    monkeypatch.setenv("COMET_API_KEY", " ")
    assert config.tracker_keys()["comet"] == (SECRET,)


def test_no_text_form_of_a_config_holds_a_secret(write, tmp_path):
    data = {"name": "images", "mirror_password": SECRET}
    config = process_config(write({"comet_api_key": SECRET, "data": data}))
    assert config.data.mirror_password == SECRET
    config.save(tmp_path / "config.json")
    texts = [repr(config), str(config), f"{config}", repr(config.data), str(config.data), str(config.to_dict())]
    for text in [*texts, (tmp_path / "config.json").read_text()]:
        assert SECRET not in text
    assert config.to_dict()["comet_api_key"] is None
    assert "mirror_password" not in config.to_dict()["data"]


def test_a_switch_that_is_named_like_a_secret_is_saved(write, monkeypatch, tmp_path):
    class Network(Section):
        name: str = "net"
        cls_token: bool = True
        mask_token: int = 3

    monkeypatch.setattr("fake_parts.Network", Network)
    config = process_config(write({}), ["model.cls_token=false"])
    config.save(tmp_path / "saved.json")
    saved = process_config(tmp_path / "saved.json")
    assert (saved.model.cls_token, saved.model.mask_token) == (False, 3)
    assert "cls_token=False" in repr(config.model)


def test_secret_fields_are_left_out_by_type_too():
    class Door(Section):
        pin: SecretStr = SecretStr(SECRET)

    assert SECRET not in repr(Door())


@pytest.mark.parametrize(
    "text",
    [
        '{"comet_api_key": "s3kr1t",,}',
        '{"comet_api_key" "s3kr1t"}',
        '{"comet_api_key":\n  "s3kr1t",,}',
        '{"comet_api_key":\n\n  "s3kr1t" "x"}',
        '{"comet_api_key": "s3kr1t\n"}',
        '{"a": {"COMET_API_KEY": "s3kr1t"}} x',
        '{"comet_api_key": ["s3kr1t"]}',
        '{"comet_api_key": {"a": "s3kr1t"}}',
        '{"comet_apikey": "s3kr1t"}',
        '{"data": {"name": "images", "mirror_password": ["s3kr1t"]}}',
        '{"data": [{"password": "s3kr1t"}], "model": {"name": "net", "mode": {"token": "s3kr1t"}}}',
    ],
)
def test_no_message_about_a_json_config_holds_a_secret(write, text):
    with pytest.raises(ConfigError) as caught:
        process_config(write(text))
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("value", ["*s3kr1t", '"s3kr1t', "!s3kr1t x", ">\n s3kr1t\nb", "[s3kr1t", "{a: s3kr1t}"])
def test_no_message_about_a_yaml_config_holds_a_secret(write, value):
    with pytest.raises(ConfigError) as caught:
        process_config(write(f"comet_api_key: {value}\n", "run.yaml"))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "override",
    [
        "comet_api_key:s3kr1t",
        'comet_api_key={"a": "s3kr1t"}',
        'comet_api_key=["s3kr1t"]',
        "comet_apikey=s3kr1t",
        "comet_api_key.x.=s3kr1t",
        'model={"name": "net", "x_token": "s3kr1t"}',
    ],
)
def test_no_message_about_an_override_holds_a_secret(write, override):
    with pytest.raises(ConfigError) as caught:
        process_config(write({}), [override])
    assert SECRET not in str(caught.value)
