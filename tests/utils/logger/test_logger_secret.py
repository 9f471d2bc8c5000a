from utils.logger.secret import flatten, hide_secret, without_secrets


def test_secrets_go_by_name_and_by_value():
    parameters = {
        "comet_api_key": "x",
        "COMET_API_KEY": "x",
        "nested": {"api-key": "x", "token": "x", "password": "x", "note": "use abcd1234 here", "key_points": 17},
        "list": ["abcd1234", {"secret": 1, "kept": None}],
        "abcd1234": True,
    }
    assert without_secrets(parameters, "abcd1234") == {
        "nested": {"note": "use *** here", "key_points": 17},
        "list": ["***", {"kept": None}],
        "***": True,
    }


def test_without_a_secret_values_stay():
    assert without_secrets({"a": (1, 2.5, "x")}, None) == {"a": [1, 2.5, "x"]}
    assert hide_secret("text", None) == hide_secret("text", "") == "text"


def test_flatten():
    assert flatten({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None}) == {"a.b.c": 1, "a.d": [1, 2], "e": None}
