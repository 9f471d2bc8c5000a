"""Trains and evaluates any config: `python mains/train_main.py -c configs/pets.json`."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from base.initial_weights import read_initial_weights
from base.memory import check_step_fits
from reporting.final_report import final_report
from utils.args import parse_args, run_main
from utils.config import process_config
from utils.console import load_keras, setup_console
from utils.logger import Logger
from utils.registry import DATA, EVALUATORS, MODELS, TRAINERS, resolve
from utils.run_folder import check_root, has_checkpoint, open_run, source_files
from utils.seeds import seed_everything, set_precision


def main(description: str = __doc__ or "") -> None:
    """Parse, seed, data, evaluators, model, logger, trainer, train, final evaluation.

    Args:
        description: what `--help` says.
    """
    setup_console()
    args = parse_args(description, resumes=True)
    config = process_config(args.config, args.overrides)
    check_root(config.exp.root)
    load_keras()
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)

    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    check_step_fits(data)
    data.prepare()
    run = open_run(config, data.display_name, data.fingerprint, args.resume, data.synthetic)

    evaluator = resolve(EVALUATORS, config.evaluator.name)
    val = evaluator(config.evaluator, data.ground_truth("val")) if config.trainer.validate_every else None
    test = evaluator(config.evaluator, data.ground_truth("test"))  # now: an error in it must not cost a training

    resumed = args.resume and has_checkpoint(run)
    initial = read_initial_weights(run / "checkpoints") if resumed else None
    model_class = resolve(MODELS, config.model.name)
    model = model_class(model_class.complete_config(config.model, data), data.spec, initial)
    model.evaluator_config = config.evaluator
    model.init_saver(run / "checkpoints", config.trainer.checkpoint)
    checkpoint = model.load("last") if resumed else None
    print(model.summary())
    with Logger(
        run,
        config.logger,
        experiment_name=run.name,
        keys=config.tracker_keys(),
        hyper_parameters=config.to_dict(),
        tags=(*config.exp.tags, data.display_name),
        resume_step=model.global_step if checkpoint else None,
    ) as logger:
        trainer = resolve(TRAINERS, config.trainer.name)(model, data, config.trainer, logger=logger, evaluator=val)
        logger.graph(model.describe())
        logger.code(source_files(ROOT, *map(type, (model, data, trainer)), evaluator), ROOT)
        if checkpoint:
            trainer.restore(checkpoint)
        trainer.train()
        trainer.load_best()
        metrics = trainer.evaluate("test", test)
        logger.summarize(model.global_step, metrics, "test")
    final_report(run, config, trainer, metrics, logger)


if __name__ == "__main__":
    run_main(main)
