import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from utils.errors import UserError
from utils.files import check_new, check_place, shell_hint, write_json, write_whole


def test_json_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.json"
    write_json(path, {"grün": 1})
    assert path.read_text(encoding="utf-8") == '{\n  "grün": 1\n}\n'
    with pytest.raises(TypeError):
        write_json(path, {"bad": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"grün": 1}
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


def test_a_crash_before_the_renaming_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "table.txt"
    write_whole(path, "old")

    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, b"new")
    assert path.read_text() == "old"


def test_threads_write_in_one_folder(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write_whole(tmp_path / f"{number}.txt", str(number) * 1000), range(64)))
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {f"{number}.txt": str(number) * 1000 for number in range(64)}


def test_a_place_is_checked_and_nothing_is_made(tmp_path):
    (tmp_path / "file").write_text("x")
    check_place(tmp_path / "new" / "folder" / "a.json")
    check_place(tmp_path / "file")
    for wrong in (tmp_path, tmp_path / "file" / "a.json", tmp_path / ("n" * 300) / "a.json"):
        with pytest.raises(UserError, match="cannot be written"):
            check_place(wrong)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_new_file_takes_the_place_of_another_only_if_it_may(tmp_path):
    (tmp_path / "there").write_text("")
    check_new(tmp_path / "new")
    check_new(tmp_path / "there", overwrite=True)
    with pytest.raises(UserError, match="there is such a file already: give another name, or --overwrite"):
        check_new(tmp_path / "there")
    with pytest.raises(UserError, match="it is a folder"):
        check_new(tmp_path, overwrite=True)


@pytest.mark.parametrize("name", ["out", "it's my $HOME `out`", "-x; rm *"])
def test_a_shell_in_or_below_a_folder_is_told_how_to_see_what_replaces_it(tmp_path, monkeypatch, name):
    folder = tmp_path / name
    (folder / "below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder)
    assert shell_hint(folder) == ""
    for place in (folder, folder / "below"):
        monkeypatch.chdir(place)
        assert shell_hint(tmp_path / "link") == f"; type `cd {tmp_path}/link` to see the new folder"
        command = shell_hint(folder).removeprefix("; type `").removesuffix("` to see the new folder")
        moved = subprocess.run(["sh", "-c", f"{command} && pwd"], capture_output=True, text=True, check=True)
        assert moved.stdout == f"{folder}\n"
    (folder / "below").rmdir()
    assert shell_hint(folder) == "", "the current folder is gone"
