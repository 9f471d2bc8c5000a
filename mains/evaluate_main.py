"""Evaluates a run, or any COCO result file, and writes a report: `python mains/evaluate_main.py experiments/mine`.

With `-c CONFIG` the run is that of the config. `--predictions FILE` needs no network: its ground truth is the split of
the config, or `--annotations FILE`. Exit code 0 only where all is written.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from base.analysis import AnalysisOptions, Other
from base.task import load_task
from data_loader.coco.ground_truth import read_ground_truth
from evaluation.config import CocoConfig
from evaluation.results import read_result_file
from reporting.evaluation.document import describe, run_info
from reporting.evaluation.folder import check_folder, evaluation_folder
from reporting.evaluation.options import check_options, options
from reporting.evaluation.report import all_tables, worst_images, write_evaluation
from reporting.evaluation.subject import read_config, results_to_compare, subject_of
from reporting.table import print_table
from utils.args import parse_args, run_main
from utils.console import load_keras, setup_console
from utils.registry import DATA, EVALUATORS, resolve
from utils.seeds import set_precision


def main() -> None:
    """Parse, data, subject, evaluator, predictions, analysis, report."""
    setup_console()
    args = parse_args(__doc__ or "", options, config=False)
    check_options(args)
    config = read_config(args)
    if config and not args.predictions:
        load_keras()
        set_precision(config.trainer.precision)

    data = resolve(DATA, config.data.name)(config.data, config.exp.seed) if config else None
    if data:
        data.prepare()
    subject = subject_of(args, config, data)
    check_folder(subject.folder, subject.identity)
    section = config.evaluator if config else CocoConfig()
    truth = data.ground_truth(args.split) if data else read_ground_truth(args.annotations)
    evaluator = resolve(EVALUATORS, section.name)(section, truth)
    other = None
    if args.compare:
        file = results_to_compare(args.compare, args.split, subject.identity["data_fingerprint"])
        other = Other(args.compare.name, read_result_file(file))

    complexity = {}
    if args.predictions:
        evaluator.load_results(read_result_file(args.predictions), str(args.predictions))
    else:
        complexity = predict(config, data, args.split, subject.checkpoint, evaluator)
    seed = config.exp.seed if config else 0
    analysis = evaluator.analyze(AnalysisOptions(args.score, args.bootstrap, seed, other))

    task = data.task if data else load_task("instance")
    info = run_info(subject, args, config, data)
    images = data.read_images(args.split, worst_images(analysis, args.images)) if data else ()
    with evaluation_folder(subject.folder, subject.identity) as folder:
        document = describe(subject, config, data, complexity)
        write_evaluation(folder, task, analysis, evaluator.results(), info, document, images)
    print_table(all_tables(task, analysis), info)


def predict(config, data, split, checkpoint, evaluator) -> dict[str, int]:
    """Fills the evaluator with the network's predictions; what the network costs."""
    from inference.evaluate import predict_split  # noqa: PLC0415 - these load Keras, which a result file does not need
    from inference.restore import restore_model  # noqa: PLC0415
    from reporting.evaluation.complexity import complexity_of  # noqa: PLC0415

    model = restore_model(checkpoint.path)
    predict_split(model, data, split, evaluator, getattr(config.trainer, "jit_compile", False))
    return complexity_of(model, checkpoint.path)


if __name__ == "__main__":
    run_main(main)
