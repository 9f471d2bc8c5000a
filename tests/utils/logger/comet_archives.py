"""What the tests of the Comet writer share: its config, and what its archives hold."""

import io
import json
import time
import zipfile

from utils.logger import LoggerConfig


def make_config(**comet):
    return LoggerConfig.model_validate_json(json.dumps({"tensorboard": {"enabled": False}, "comet": comet}))


def messages(archive):
    with zipfile.ZipFile(archive) as files:
        return [json.loads(line) for line in files.read("messages.json").splitlines()]


def metrics(archive):
    """(scope, name, step) of what was logged; the client's own figures have no scope."""
    found = [message["payload"] for message in messages(archive) if message["type"] == "metric_msg"]
    return [
        (item["context"], item["metric"]["metricName"], item["metric"]["step"]) for item in found if "context" in item
    ]


def metrics_written(archive):
    with zipfile.ZipFile(archive) as files:
        return "messages.json" in files.namelist()


def everything(folder):
    """All bytes of a folder, archives unpacked."""
    data = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data += path.name.encode() + path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as files:
                data += b"".join(files.read(name) for name in files.namelist())
    return data


def patches(folder):
    """What the archives hold, archives in them unpacked too."""
    data = everything(folder)
    for archive in folder.rglob("*.zip"):
        with zipfile.ZipFile(archive) as files:
            for name in files.namelist():
                inner = io.BytesIO(files.read(name))
                if zipfile.is_zipfile(inner):
                    with zipfile.ZipFile(inner) as patch:
                        data += b"".join(patch.read(item) for item in patch.namelist())
    return data


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()
