import pytest

from inference.inputs.names import unique_stems


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a/x.jpg", "b/x.jpg", "y.tar.png"], ["a/x", "b/x", "y.tar"]),
        (["x.jpg", "x.png", "z.jpg"], ["x_jpg", "x_png", "z"]),
        (["X.jpg", "x.jpg"], ["X_jpg", "x_jpg-2"]),
        (["x.jpg", "x.png", "x_jpg.png"], ["x_jpg", "x_png", "x_jpg-2"]),
        (["../../etc/a.jpg", "/b.jpg", "c\\d.jpg", ".."], ["etc/a", "b", "c/d", "image"]),
        (['a:b*c?.jpg', "tab\there.png"], ["a_b_c_", "tab_here"]),
    ],
)  # fmt: skip
def test_stems_are_unique_and_stay_in_their_folder(names, stems):
    assert unique_stems(names) == stems


def test_long_names_are_shortened_and_stay_apart():
    first, second = unique_stems(["ä" * 200 + "1.jpg", "ä" * 200 + "2.jpg"])
    assert first != second
    assert max(len(first.encode()), len(second.encode())) < 130
