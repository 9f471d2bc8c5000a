"""`epochs` 0: nothing is trained, and what the run is initialized from is measured and kept."""

import numpy as np

from tests.toy.toy_run import all_arrays, toy_trainer


def test_what_the_run_begins_from_is_validated_and_saved(tmp_path):
    trainer = toy_trainer(tmp_path, {"epochs": 0})
    before = all_arrays(trainer)
    trainer.train()
    assert trainer.model.global_step == 0 and trainer.model.cur_epoch == 0
    (accuracy,) = trainer.history
    assert 0 <= accuracy <= 1
    checkpoint = trainer.load_best()
    assert checkpoint.meta["metrics"]["accuracy"] == accuracy
    for name, value in all_arrays(trainer).items():
        np.testing.assert_array_equal(value, before[name])


def test_without_validation_it_is_saved_all_the_same(tmp_path):
    trainer = toy_trainer(tmp_path, {"epochs": 0, "validate_every": 0}, evaluator=None)
    trainer.train()
    assert not trainer.history
    assert trainer.load_best().meta["global_step"] == 0


def test_a_run_goes_on_from_there(tmp_path):
    toy_trainer(tmp_path, {"epochs": 0}).train()
    trainer = toy_trainer(tmp_path, {"epochs": 1}, resume="last")
    trainer.train()
    assert trainer.model.cur_epoch == 1 and trainer.model.global_step == trainer.data.steps_per_epoch
