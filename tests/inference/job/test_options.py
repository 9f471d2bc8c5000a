"""The folder of the results as a user writes it. Other options: tests/mains/test_predict_main.py."""

import argparse

import pytest

from inference.job.options import add_options, read_options


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("new", "disk/here/new"),
        ("new/deep/", "disk/here/new/deep"),
        (".", "disk/here"),
        ("..", "disk"),
        ("../../link", "link"),
        ("../../link/.", "link"),
        ("../../link/new", "disk/here/new"),
        ("../../link/..", "disk"),
        ("../../gone", "nowhere"),
    ],
)
def test_the_folder_of_the_results_is_absolute_and_a_link_stays_one(tmp_path, monkeypatch, written, read):
    (tmp_path / "disk/here").mkdir(parents=True)
    (tmp_path / "link").symlink_to("disk/here")
    (tmp_path / "gone").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path / "disk/here")
    parser = argparse.ArgumentParser()
    add_options(parser)
    args = parser.parse_args(["run", "--in-path", "a.jpg", "--out-path", written])
    assert read_options(args).out == tmp_path / read
