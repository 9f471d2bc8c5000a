"""What Comet's process is started with."""

import json
import sys

from tests.utils.logger.comet_archives import make_config
from utils.logger import isolated
from utils.logger.writers import comet

PRINT = [sys.executable, "-c", "import json, os, sys; json.dump(dict(os.environ), sys.stdout)"]


def environment_of_the_process(tmp_path, monkeypatch, config):
    """What a process that is started as Comet's finds around it, and the arguments it would have had."""
    popen, asked = isolated.subprocess.Popen, []

    def start(command, **words):
        asked.append(command)
        return popen(PRINT, **words)

    monkeypatch.setattr(isolated.subprocess, "Popen", start)
    settings = {"name": "x", "temporary": str(tmp_path)}
    with isolated.start_process(settings, comet.environment(config)) as process:
        found = json.loads(process.stdout.read())
    return found, asked[0]


def test_no_key_no_reports_and_waits_that_fit_into_the_time(tmp_path, monkeypatch, comet_key):
    monkeypatch.setenv("COMET_API_KEY", comet_key)
    config = make_config(timeout_s=20, url="http://127.0.0.1:1/clientlib/").comet
    found, command = environment_of_the_process(tmp_path, monkeypatch, config)
    assert comet_key not in json.dumps([found, command])
    assert found["COMET_ERROR_TRACKING_ENABLE"] == found["COMET_INTERNAL_REPORTING"] == "false"
    assert (found["COMET_DISABLE_AUTO_LOGGING"], found["COMET_DISABLE_ANNOUNCEMENT"]) == ("1", "true")
    waits = [found[f"COMET_TIMEOUT_{name}"] for name in ("CLEANING", "UPLOAD", "FILE_UPLOAD", "HTTP", "API")]
    assert waits == ["5", "5", "2", "2", "2"]
    assert found["COMET_URL_OVERRIDE"] == "http://127.0.0.1:1/clientlib/"
    assert found["TMPDIR"] == str(tmp_path)
    assert json.loads(command[-1]) == {"name": "x", "temporary": str(tmp_path)}


def test_what_the_user_has_set_for_the_client_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("COMET_HTTP_SESSION_RETRY_TOTAL", "4")
    monkeypatch.delenv("COMET_URL_OVERRIDE", raising=False)
    found, _ = environment_of_the_process(tmp_path, monkeypatch, make_config().comet)
    assert found["COMET_HTTP_SESSION_RETRY_TOTAL"] == "4"
    assert "COMET_URL_OVERRIDE" not in found
