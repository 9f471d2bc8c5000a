import pytest

from inference.job.folder import ResultsError, open_results

SETTINGS = {"score": 0.5, "classes": ("cat",)}


def begun(folder):
    """A folder with the journal of one image."""
    with open_results(folder, SETTINGS):
        (folder / "predictions.jsonl").write_text("{}")


def test_the_same_settings_resume(tmp_path):
    folder = tmp_path / "new/out"
    with open_results(folder, SETTINGS) as resumed:
        assert not resumed
        (folder / "predictions.jsonl").write_text("{}")
        (folder / "results.json").write_text("[]")
        (folder / "overlays").mkdir()
        (folder / "overlays/.writing-1-2.tmp").write_text("half")
    with open_results(folder, SETTINGS) as resumed:
        assert resumed and not list((folder / "overlays").iterdir())
    with (
        pytest.raises(ResultsError, match="a camera cannot be resumed"),
        open_results(folder, SETTINGS, resumable=False),
    ):
        pass


def test_settings_that_predicted_nothing_are_replaced(tmp_path):
    with open_results(tmp_path, {"score": 3}):
        pass
    with open_results(tmp_path, SETTINGS) as resumed:
        assert not resumed
    with open_results(tmp_path, SETTINGS, resumable=False) as resumed:  # a camera that gave no image
        assert not resumed
    begun(tmp_path)
    with open_results(tmp_path, SETTINGS) as resumed:
        assert resumed


def test_other_settings_are_named(tmp_path):
    begun(tmp_path)
    with (
        pytest.raises(ResultsError, match=r"other settings:\n  score: 0.5 then, 0.4 now\n  gray: null then, tr"),
        open_results(tmp_path, {**SETTINGS, "score": 0.4, "gray": True}),
    ):
        pass


def test_files_of_something_else_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ResultsError, match=r"files of something else \(thesis.tex\)"), open_results(tmp_path, SETTINGS):
        pass
    assert [path.name for path in tmp_path.iterdir() if path.name[0] != "."] == ["thesis.tex"]


def test_a_restart_moves_what_is_there_aside(tmp_path):
    folder = tmp_path / "out"
    for number in range(3):
        with open_results(folder, {"score": number}, restart=True) as resumed:
            assert not resumed
            (folder / "labels.txt").write_text(f"corrected {number}")
    assert (folder / "labels.txt").read_text() == "corrected 2"
    assert [(tmp_path / f"out-old-{n}/labels.txt").read_text() for n in (1, 2)] == ["corrected 0", "corrected 1"]


def test_a_restart_moves_nothing_but_predictions(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("mine")
    with (
        pytest.raises(ResultsError, match=r"files of something else \(thesis.tex\)"),
        open_results(tmp_path / "home", SETTINGS, restart=True),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_two_processes_do_not_write_to_one_folder(tmp_path):
    for restart in (False, True):
        with (
            open_results(tmp_path / "out", SETTINGS),
            pytest.raises(ResultsError, match="Another process writes"),
            open_results(tmp_path / "out", SETTINGS, restart),
        ):
            pass


def test_what_cannot_be_a_folder_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    for folder in ("file", "file/out"):
        with pytest.raises(ResultsError, match="cannot be made or written"), open_results(tmp_path / folder, SETTINGS):
            pass
    begun(tmp_path / "out")
    (tmp_path / "out/predict.json").write_text("{")
    with pytest.raises(ResultsError, match="is damaged"), open_results(tmp_path / "out", SETTINGS):
        pass
