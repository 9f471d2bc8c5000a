import pytest
from pydantic import SecretStr

from utils.redact import command_without_secrets, hide_secret, is_secret, mask_command, mask_text, without_secrets


@pytest.mark.parametrize(
    "name",
    [
        "comet_api_key",
        "COMET_API_KEY",
        "apikey",
        "api-key",
        "hf_token",
        "mytoken",
        "password",
        "passwd",
        "x.secret",
        "credential",
        "credentials",
    ],
)
def test_names_of_secrets(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["tokens", "key", "keys", "token_count", "secretary", "epochs"])
def test_names_of_other_things(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('"comet_api_key": "abc", "b": 1', '"comet_api_key": "***'),
        ("a: 1\npassword:\n\n  abc\nb: 2", "a: 1\npassword:\n\n***\nb: 2"),
        ("token: |\n  abc\nb: 2", "token: ***\n***\nb: 2"),
        ("tokens: 3", "tokens: 3"),
        ("x.api_key=-abc", "x.api_key=***"),
    ],
)
def test_text_behind_a_secrets_name_is_hidden(text, masked):
    assert mask_text(text) == masked


def test_a_command_line_keeps_everything_but_secrets():
    words = ["main.py", "--token", "abc", "-c", "a.json", "--set", "comet_api_key=abc", "a.b=1", '{"x_token": "abc"}']
    masked = mask_command(words)
    assert "abc" not in " ".join(masked)
    assert masked[:6] == ["main.py", "--token", "***", "-c", "a.json", "--set"]
    assert masked[6:8] == ["comet_api_key=***", "a.b=1"]


def test_secrets_are_left_out_by_name_and_by_type_at_any_depth():
    value = {"a": [{"token": "x", "b": 2}, SecretStr("x")], "pin": SecretStr("x"), "c": ({"my_secret": ["x"]},)}
    assert without_secrets(value) == {"a": [{"b": 2}], "c": [{}]}


def test_booleans_and_numbers_are_no_secrets():
    value = {"cls_token": True, "mask_token": 3, "dropped_token": None, "token": 0.5}
    assert without_secrets(value) == value
    words = ["--set", "model.cls_token=true", "model.mask_token=3"]
    assert mask_command(words) == command_without_secrets(words) == words


def test_a_secret_s_text_is_hidden_wherever_it_occurs():
    parameters = {"note": "use abcd1234 here", "list": ["abcd1234", {"kept": None}], "abcd1234": True}
    assert without_secrets(parameters, "abcd1234") == {
        "note": "use *** here",
        "list": ["***", {"kept": None}],
        "***": True,
    }
    assert hide_secret("text", None) == hide_secret("text", "") == "text"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("m.py -c a.json --set comet_api_key=x a=1", "m.py -c a.json --set a=1"),
        ("m.py --set comet_api_key=x -c a.json", "m.py -c a.json"),
        ("m.py -c a.json --set=comet_api_key=x", "m.py -c a.json"),
        ("m.py -c a.json --set comet_api_key=x", "m.py -c a.json"),
        ('m.py --token x -c a.json --set data={"password":"x"}', "m.py -c a.json"),
    ],
)
def test_a_command_without_secrets_still_works(words, kept):
    assert command_without_secrets(words.split()) == kept.split()
