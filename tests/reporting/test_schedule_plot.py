import numpy as np

from reporting.schedule_plot import PlannedRates, schedule_plot

RISING = PlannedRates("a: poly", np.array([0.1, 0.5, 1.0, 0.75, 0.5, 0.25]), 2.0, 2)
FLAT = PlannedRates("b: constant", np.full(4, 0.3), 2.0, 0)


def test_the_curves_have_a_point_for_each_update():
    (axis,) = schedule_plot([RISING, FLAT]).axes
    for line, curve in zip(axis.lines, (RISING, FLAT), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(len(curve.rates)))
        np.testing.assert_array_equal(line.get_ydata(), curve.rates)
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["a: poly", "b: constant"]
    assert axis.get_ylim()[0] == 0 and axis.get_xlabel() == "update" and axis.get_ylabel() == "learning rate"


def test_epochs_are_at_the_top_where_all_runs_agree_on_them():
    figure = schedule_plot([RISING, FLAT])
    figure.canvas.draw()
    (top,) = figure.axes[0].child_axes
    assert top.get_xlabel() == "epoch"
    np.testing.assert_allclose(np.array(top.get_xlim()) * 2, figure.axes[0].get_xlim())
    other = PlannedRates("c: poly", RISING.rates, 3.0, 2)
    assert schedule_plot([RISING, other]).axes[0].child_axes == []


def test_the_only_update_of_a_run_is_a_point_that_can_be_seen():
    (axis,) = schedule_plot([PlannedRates("a: poly", np.array([0.1]), 1.0, 0)]).axes
    assert axis.lines[0].get_marker() == "o"


def test_in_words_it_is_the_first_rate_that_after_the_warm_up_the_middle_and_the_last():
    assert str(RISING) == (
        "a: poly, 6 updates in 3 epochs\n  first 0.1, after the warm-up of 2 updates 1, middle 0.75, last 0.25"
    )
    assert str(FLAT) == "b: constant, 4 updates in 2 epochs\n  first 0.3, middle 0.3, last 0.3"
