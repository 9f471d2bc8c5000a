"""mIoU and its kin: by hand, against scikit-learn, over any split into batches, at the files' size."""

import math

import numpy as np
import pytest
from sklearn import metrics as scikit_learn

from base.analysis import AnalysisOptions
from base.batch import IGNORE
from base.labels import LabelTruth
from base.task import load_task
from evaluation.config import CocoConfig, MeanIoUConfig, ViewsConfig
from evaluation.mean_iou import MeanIoUEvaluator
from evaluation.pixel_metrics import SUMMARY
from inference.label_map import LabelMap
from inference.tiling import Tiling
from inference.tta import Tta
from tests.evaluation.label_cases import INPUT, NAMES, SIZES, batches, random_labels, truth_of
from utils.errors import UserError
from utils.registry import EVALUATORS, resolve, resolve_config


def evaluator(truth, names=NAMES, ids=(), **config):
    return MeanIoUEvaluator(MeanIoUConfig(**config), truth_of(truth, names, ids))


def measured(truth, found, size=3, order=None, **config):
    one = evaluator(truth, **config)
    for batch, predictions in batches(found, size, order=order):
        one.update(batch, predictions)
    return one.result()


def image(*rows):
    return np.array(rows, np.uint8)


def test_every_metric_by_hand():
    truth = image([0, 0, 0, 1], [0, 1, 1, 255], [2, 2, 255, 1])
    found = image([0, 0, 1, 1], [0, 1, 0, 2], [2, 0, 4, 1])
    #       true  found  hits
    # 0       4      5     3     IoU 3/6
    # 1 cat   4      4     3     IoU 3/5
    # 2 dog   2      1     1     IoU 1/2
    metrics = measured([truth], [found], boundary=False)
    assert metrics == pytest.approx(
        {
            "mIoU": (3 / 6 + 3 / 5 + 1 / 2) / 3,
            "pixel_accuracy": 7 / 10,
            "mean_accuracy": (3 / 4 + 3 / 4 + 1 / 2) / 3,
            "frequency_weighted_IoU": 0.4 * 3 / 6 + 0.4 * 3 / 5 + 0.2 * 1 / 2,
            "mean_Dice": (6 / 9 + 6 / 8 + 2 / 3) / 3,
            **{"IoU/background": 3 / 6, "IoU/cat": 3 / 5, "IoU/dog": 1 / 2},
            **{"accuracy/background": 3 / 4, "accuracy/cat": 3 / 4, "accuracy/dog": 1 / 2},
            **{"Dice/background": 6 / 9, "Dice/cat": 6 / 8, "Dice/dog": 2 / 3},
            **{f"{metric}/{name}": math.nan for metric in ("IoU", "accuracy", "Dice") for name in ("bird", "fish")},
        },
        nan_ok=True,
        rel=1e-15,
    )


def test_a_class_that_is_predicted_and_not_there_has_iou_0_and_no_accuracy():
    metrics = measured([image([0, 0, 0, 1])], [image([0, 0, 2, 1])])
    assert metrics["IoU/dog"] == metrics["Dice/dog"] == 0 and math.isnan(metrics["accuracy/dog"])
    assert metrics["mIoU"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert metrics["mean_accuracy"] == pytest.approx((2 / 3 + 1) / 2)


def test_without_the_background_the_means_are_over_the_classes():
    metrics = measured([image([0, 0, 0, 1])], [image([0, 0, 2, 1])], background=False)
    assert metrics["mIoU"] == pytest.approx((1 + 0) / 2)
    assert metrics["mean_accuracy"] == metrics["frequency_weighted_IoU"] == 1
    assert metrics["pixel_accuracy"] == 3 / 4
    assert "IoU/background" not in metrics


def test_the_background_counts_where_the_data_have_it():
    """One pixel that is taken for background must not be a class of IoU 0 in a mean over the 19 of Cityscapes."""
    truth = LabelTruth(NAMES, (1,), lambda _: image([1, 1, 1, 2]), background=False)
    by_data, counted = (MeanIoUEvaluator(MeanIoUConfig(background=chosen), truth) for chosen in (None, True))
    for one in (by_data, counted):
        one.add(1, LabelMap(image([0, 1, 1, 2]), NAMES))
    assert by_data.result()["mIoU"] == pytest.approx((2 / 3 + 1) / 2)
    assert by_data.result()["pixel_accuracy"] == 3 / 4
    assert by_data.names == tuple(by_data.result()) and "IoU/background" not in by_data.names
    assert by_data.analyze(AnalysisOptions(draws=0)).metrics["mIoU"] == by_data.result()["mIoU"]
    assert counted.result()["mIoU"] == pytest.approx((0 + 2 / 3 + 1) / 3)


def test_nothing_is_known_where_all_is_ignored():
    metrics = measured([image([255, 255])], [image([0, 1])])
    assert all(math.isnan(value) for value in metrics.values())


@pytest.mark.parametrize("config", [{}, {"boundary": False}, {"per_class": False}, {"background": False}])
def test_the_names_are_those_of_the_result(config):
    truth, found = random_labels()
    assert tuple(measured(truth, found, **config)) == evaluator(truth, **config).names
    assert load_task("semantic").monitor in evaluator(truth, **config).names


def flat(truth, found):
    true, guess = (np.concatenate([labels.reshape(-1) for labels in one]) for one in (truth, found))
    return true[true != IGNORE], guess[true != IGNORE]


def of_scikit_learn(true, guess, names, background=True):
    present, seen = ([label for label in np.unique(one) if label or background] for one in ([*true, *guess], true))
    found = {
        "mIoU": scikit_learn.jaccard_score(true, guess, labels=present, average="macro"),
        "pixel_accuracy": scikit_learn.accuracy_score(true, guess),
        "mean_accuracy": scikit_learn.recall_score(true, guess, labels=seen, average="macro"),
        "frequency_weighted_IoU": scikit_learn.jaccard_score(true, guess, labels=seen, average="weighted"),
        "mean_Dice": scikit_learn.f1_score(true, guess, labels=present, average="macro"),
    }
    of_classes = {
        "IoU": (present, scikit_learn.jaccard_score(true, guess, labels=present, average=None)),
        "Dice": (present, scikit_learn.f1_score(true, guess, labels=present, average=None)),
        "accuracy": (seen, scikit_learn.recall_score(true, guess, labels=seen, average=None)),
    }
    for metric, (labels, values) in of_classes.items():
        found |= {f"{metric}/{names[label]}": value for label, value in zip(labels, values, strict=True)}
    return {name: float(value) for name, value in found.items()}


@pytest.mark.parametrize("seed", range(8))
def test_equals_scikit_learn_to_the_last_digit(seed):
    truth, found = random_labels(seed)
    expected = of_scikit_learn(*flat(truth, found), ("background", *NAMES))
    assert set(SUMMARY) < expected.keys() and expected["IoU/fish"] == 0
    own = measured(truth, found)
    assert {name: own[name] for name in expected} == expected
    left = {name for name in own.keys() - expected.keys() if "oundary" not in name}
    assert left == {"IoU/bird", "Dice/bird", "accuracy/bird", "accuracy/fish"}
    assert all(math.isnan(own[name]) for name in left)


def many_labels(rng, channels):
    """Seven images, a tenth ignored; of all labels some are never true, some never predicted."""
    absent, never = (rng.integers(0, channels, channels // 4) for _ in range(2))
    truth, found = [], []
    for size in SIZES:
        labels = rng.integers(0, channels, size)
        guess = np.where(rng.random(size) < 0.6, labels, rng.integers(0, channels, size))
        labels[np.isin(labels, absent) | (rng.random(size) < 0.1)] = IGNORE
        guess[np.isin(guess, never)] = 0
        truth.append(labels.astype(np.uint8))
        found.append(guess.astype(np.uint8))
    return truth, found


@pytest.mark.parametrize("background", [True, False])
@pytest.mark.parametrize("channels", [4, 8, 21, 40, 255])
def test_equals_scikit_learn_with_many_absent_classes_over_any_batches(channels, background):
    rng = np.random.default_rng(channels)
    names = ("background", *(f"class {number}" for number in range(1, channels)))
    truth, found = many_labels(rng, channels)
    expected = of_scikit_learn(*flat(truth, found), names, background)
    one = evaluator(truth, names[1:], background=background, boundary=False)
    waiting = rng.permutation(len(found)).tolist()
    while waiting:
        count = int(rng.integers(1, 4))
        part, waiting = waiting[:count], waiting[count:]
        for batch, predictions in batches(found, int(rng.integers(1, 5)), order=part):
            one.update(batch, predictions)
    own = one.result()
    assert {name: own[name] for name in expected} == expected
    assert all(math.isnan(own[name]) for name in own.keys() - expected.keys())
    assert len(own) > len(expected)
    np.testing.assert_array_equal(
        one.counts.confusion, scikit_learn.confusion_matrix(*flat(truth, found), labels=range(channels))
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7, 10])
def test_batches_their_order_and_what_fills_them_up_change_no_digit(size):
    truth, found = random_labels()
    expected = measured(truth, found)
    order = np.random.default_rng(size).permutation(len(found)).tolist()
    np.testing.assert_equal(measured(truth, found, size, order), expected)


def test_the_results_of_several_processes_give_the_metrics_of_all():
    truth, found = random_labels()
    expected, results = measured(truth, found), []
    for part in ([0, 3, 4], [1, 2, 5, 6]):
        worker = evaluator(truth, ids=(7, 3, 9, 11))
        for batch, predictions in batches(found, 2, order=part):
            worker.update(batch, predictions)
        results += worker.results()
    assert {one["category_id"] for one in results} == {7, 3, 11}
    whole = evaluator(truth, ids=(7, 3, 9, 11))
    whole.load_results(results)
    np.testing.assert_equal(whole.result(), expected)
    np.testing.assert_equal(sorted(map(str, whole.results())), sorted(map(str, results)))


def test_pixels_are_counted_at_the_size_of_the_file():
    """The prediction is enlarged, not the ground truth made smaller: each of its pixels is a block of the file's."""
    small = image([0, 1], [2, 0])
    truth = np.zeros((8, 12), np.uint8)
    truth[:4, 6:] = 1
    truth[4:, :6] = 2
    truth[0, 11] = 0  # a pixel that a smaller ground truth would not have
    one = evaluator([truth])
    for batch, predictions in batches([small], 1, sizes=[(8, 12)]):
        one.update(batch, predictions)
    metrics = one.result()
    assert metrics["IoU/cat"] == 23 / 24 and metrics["IoU/dog"] == 1 and metrics["IoU/background"] == 48 / 49


def test_probabilities_are_resized_before_the_best_is_chosen():
    """Between a sure and an unsure pixel the border is nearer to the unsure one."""
    probabilities = np.zeros((1, *INPUT, 5), np.float32)
    probabilities[..., 0] = 1
    probabilities[0, 0, 0] = (0.9, 0.1, 0, 0, 0)
    probabilities[0, 0, 1] = (0.4, 0.6, 0, 0, 0)
    # Linear between the centers 8 and 24: equal at 0.8 of the way, at 20.8.
    truth = np.repeat(image([0, 1]), [21, 11], axis=1)
    one = evaluator([truth])
    ((batch, predictions),) = batches([image([0, 1])], 1, sizes=[(1, 32)])
    one.update(batch, predictions | {"probabilities": probabilities})
    assert one.result()["mIoU"] == 1
    labels = evaluator([truth], resize="labels")
    assert one.soft and not labels.soft
    labels.update(batch, predictions | {"probabilities": probabilities})
    assert labels.result()["mIoU"] == pytest.approx((16 / 21 + 11 / 16) / 2)


def boundary_by_hand(truth, found, width):
    """Pixels of a mask from which a step of `width` or less, diagonals included, leads out of it."""

    def edge(mask):
        padded = np.pad(mask, width)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * width + 1,) * 2)
        return mask & ~windows.all(axis=(2, 3))

    counted = truth != IGNORE
    shared, either = np.zeros(5), np.zeros(5)
    for label in range(5):
        one, other = edge(truth == label), edge((found == label) & counted)
        shared[label], either[label] = (one & other).sum(), (one | other).sum()
    return shared, either


def test_boundary_iou_by_its_definition():
    truth, found = random_labels(3)
    widths = [max(1, round(0.02 * math.hypot(*labels.shape))) for labels in truth]
    parts = [boundary_by_hand(*each) for each in zip(truth, found, widths, strict=True)]
    shared, either = np.sum(parts, axis=0)
    metrics = measured(truth, found)
    for label, name in enumerate(("background", *NAMES)):
        expected = shared[label] / either[label] if either[label] else math.nan
        assert metrics[f"boundary_IoU/{name}"] == pytest.approx(expected, nan_ok=True, rel=1e-15)
    known = either > 0
    assert metrics["boundary_mIoU"] == pytest.approx((shared[known] / either[known]).mean())
    assert max(widths) > 1


def test_a_right_prediction_is_perfect_and_boundaries_show_what_regions_hide():
    truth = np.zeros((100, 100), np.uint8)
    truth[20:80, 20:80] = 1
    assert {value for value in measured([truth], [truth]).values() if not math.isnan(value)} == {1.0}
    wider = np.zeros_like(truth)
    wider[18:82, 18:82] = 1
    metrics = measured([truth], [wider])
    assert metrics["IoU/cat"] == pytest.approx(3600 / 4096)
    # Both boundaries are 3 pixels wide; they share one ring.
    shared, either = 60**2 - 58**2, (64**2 - 58**2) + (60**2 - 54**2) - (60**2 - 58**2)
    assert metrics["boundary_IoU/cat"] == pytest.approx(shared / either)


def test_reset_forgets_everything():
    truth, found = random_labels()
    one = evaluator(truth)
    for _ in range(2):
        one.reset()
        for batch, predictions in batches(found, 4):
            one.update(batch, predictions)
    np.testing.assert_equal(one.result(), measured(truth, found))


def test_what_does_not_fit_is_refused():
    truth, found = random_labels()
    one = evaluator(truth)
    ((batch, predictions),) = batches(found[:1], 1)
    with pytest.raises(ValueError, match="needs `labels`"):
        one.update(batch, {"masks": predictions["labels"]})
    with pytest.raises(ValueError, match="image_id 99 is not in the ground truth"):
        one.update(batch | {"image_id": np.array([99])}, predictions)
    with pytest.raises(ValueError, match=r"original_size is \(24, 32\) in the batch and \(48, 64\) in the ground"):
        one.update(batch | {"original_size": np.array([[24, 32]])}, predictions)
    with pytest.raises(ValueError, match="labels from 0 to 5 were predicted for 4 classes"):
        one.update(batch, {"labels": np.where(predictions["labels"] == 4, 5, predictions["labels"])})
    one.update(batch, predictions)
    with pytest.raises(ValueError, match="image_id 1: it came twice"):
        one.update(batch, predictions)
    with pytest.raises(ValueError, match="the labels of image_id 1 have the value 9"):
        evaluator([np.full((48, 64), 9, np.uint8)]).update(batch, predictions)
    with pytest.raises(ValueError, match="received dict"):
        MeanIoUEvaluator(MeanIoUConfig(), {"images": []})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"image_id": 50}, "image_id 50 is not in the ground truth"),
        ({"category_id": 0}, "category_id 0 is not among"),
        ({"segmentation": None}, "neither polygons nor an RLE"),
        ({"segmentation": {"size": [2, 2], "counts": [4]}}, r"size \[2, 2\], the image of \[48, 64\]"),
    ],
)
def test_results_that_do_not_fit_are_named(change, said):
    truth, found = random_labels()
    one = evaluator(truth)
    for batch, predictions in batches(found, 7):
        one.update(batch, predictions)
    results = one.results()
    with pytest.raises(UserError, match=f"(?s)labels.json cannot be evaluated.*result 0: .*{said}"):
        one.load_results([results[0] | change, *results[1:]], "labels.json")


def test_it_is_registered():
    assert resolve(EVALUATORS, "mean_iou") is MeanIoUEvaluator
    assert resolve_config(EVALUATORS, "mean_iou") is MeanIoUConfig is not CocoConfig


def test_views_are_what_a_predictor_takes():
    assert evaluator([]).views == {}
    several = evaluator([], views=ViewsConfig(flip=True, scales=(0.5,), tiles=True, tile_size=300, whole=False))
    assert several.views == {"tile": Tiling(300, whole=False), "tta": Tta(scales=(0.5,))}
    assert evaluator([], views=ViewsConfig(tiles=True)).views == {"tile": Tiling(), "tta": None}
    scales = ViewsConfig.model_validate_json('{"tiles": true, "tile_size": [512, 341]}')
    assert evaluator([], views=scales).views == {"tile": Tiling((512, 341)), "tta": None}
    assert evaluator([], views=ViewsConfig(flip_y=True)).views == {"tile": None, "tta": Tta(flip_x=False, flip_y=True)}
