import fcntl
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from utils.work_folder import remove_abandoned, work_folder

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, time
from pathlib import Path
from utils.work_folder import work_folder
with work_folder(Path(sys.argv[1]), ".work-") as folder:
    (folder / "half").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_only_the_folder_of_a_killed_process_is_removed(tmp_path):
    (tmp_path / ".other-1").mkdir()
    (tmp_path / ".work-file").write_text("")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with (
        work_folder(tmp_path, ".work-") as own,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process,
    ):
        theirs = Path(process.stdout.readline().strip())
        remove_abandoned(tmp_path, ".work-")
        assert own.is_dir() and (theirs / "half").is_file()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert theirs.is_dir()
        remove_abandoned(tmp_path, ".work-")
        assert own.is_dir() and not theirs.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other-1", ".work-file"]


def test_a_folder_that_fails_is_removed_and_nothing_else_is_held(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(RuntimeError), work_folder(tmp_path, ".work-") as folder:
        (folder / "half").write_text("x")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    remove_abandoned(tmp_path / "missing", ".work-")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_without_locks_nothing_is_removed(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with work_folder(tmp_path, ".work-") as folder:
        remove_abandoned(tmp_path, ".work-")
        assert folder.is_dir()


def test_a_folder_is_never_taken_from_its_maker(tmp_path):
    """Somebody removes what is abandoned all the time: also what is made, but not yet locked."""
    done = threading.Event()

    def remove():
        while not done.is_set():
            remove_abandoned(tmp_path, ".work-")

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        for _ in range(300):
            with work_folder(tmp_path, ".work-") as folder:
                (folder / "half").write_text("x")
                assert (folder / "half").is_file()
    finally:
        done.set()
        thread.join()
