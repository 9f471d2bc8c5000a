import subprocess
import sys
from pathlib import Path

import pytest

from utils.args import add_config, parse_args, run_main
from utils.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def test_overrides_of_several_set_options_are_put_together():
    args = parse_args("x", argv=["--set", "a=1", "b=2", "-c", "pets.json", "--set", "c=3"])
    assert args.overrides == ["a=1", "b=2", "c=3"]
    assert args.config == "pets.json"
    assert not hasattr(args, "resume")  # only a main that can resume offers it
    assert parse_args("x", argv=["-c", "a.json", "--resume"], resumes=True).resume is True


def test_a_main_adds_its_own_options():
    args = parse_args("x", lambda parser: parser.add_argument("--checkpoint"), ["-c", "a.json", "--checkpoint", "best"])
    assert args.checkpoint == "best"


def test_a_main_without_a_config_has_its_own_options_only():
    args = parse_args("x", lambda parser: parser.add_argument("run"), ["experiments/pets"], config=False)
    assert vars(args) == {"run": "experiments/pets"}


@pytest.mark.parametrize("argv", [[], ["-c"], ["-c", "a.json", "--sett", "a=1"], ["-c", "a.json", "--res"]])
def test_a_wrong_command_line_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_args("x", argv=argv)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_a_wrong_command_line_is_reported_without_its_secrets(capsys):
    with pytest.raises(SystemExit):
        parse_args("x", argv=["-c", "a.json", "comet_api_key=s3kr1t"])
    error = capsys.readouterr().err
    assert "unrecognized arguments: comet_api_key=***" in error
    assert "s3kr1t" not in error


def raising(error):
    def main():
        raise error

    return main


class NoRoomError(UserError):
    exit_code = 3


@pytest.mark.parametrize(
    ("main", "code", "text"),
    [
        (lambda: None, 0, ""),
        (lambda: 4, 4, ""),
        (raising(UserError("write it right")), 2, "error: write it right\n"),
        (raising(NoRoomError("no room")), 3, "error: no room\n"),
        (raising(KeyboardInterrupt()), 130, "interrupted\n"),
    ],
)
def test_how_a_main_ends(main, code, text, capsys):
    with pytest.raises(SystemExit) as caught:
        run_main(main)
    assert caught.value.code == code
    assert capsys.readouterr().err == text


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_wrong_config_is_one_message_and_exit_code_2():
    done = run_python(
        "from utils.args import run_main; from utils.config import process_config\n"
        "run_main(lambda: process_config('no/such.json'))"
    )
    assert done.returncode == 2
    assert done.stderr == "error: no/such.json: there is no such file; configs there: none\n"


def test_other_errors_keep_their_traceback_and_exit_with_1():
    done = run_python("from utils.args import run_main; run_main(lambda: 1 // 0)")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ZeroDivisionError" in done.stderr


def test_a_main_may_take_several_configs():
    def add(parser):
        add_config(parser, several=True)

    args = parse_args("x", add, ["-c", "a.json", "b.json", "--set", "a=1"], config=False)
    assert (args.config, args.overrides) == (["a.json", "b.json"], ["a=1"])
