"""Predicts images, videos or a camera by a trained model:
`python mains/predict_main.py experiments/pets --in-path photos --out-path predicted`.

Started again with the same options it resumes. Exit codes: 0; 2 for a wrong option, with nothing predicted; 4 where
some images could not be predicted and the rest was; 130 after Ctrl-C.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from base.checkpoint import find_checkpoint
from inference.checkpoint import described
from inference.inputs.find import find_inputs
from inference.job.folder import open_results
from inference.job.job import Job
from inference.job.options import add_options, read_options
from utils.args import parse_args, run_main
from utils.console import load_keras, setup_console


def main() -> int:
    """Options, inputs, checkpoint, the folder of the results, what is left, the final files."""
    setup_console()
    options = read_options(parse_args(__doc__ or "", add_options, config=False))
    inputs = find_inputs(options.in_path, options.out, options.images, options.every, options.max_frames)
    checkpoint = find_checkpoint(options.run, options.which)
    spec, _ = described(checkpoint)
    job = Job(options, inputs, spec)
    settings, resumable = options.settings(checkpoint, inputs, job.kind), inputs.kind != "camera"
    with open_results(options.out, settings, options.restart, resumable):
        job.open()
        if job.left != 0:
            load_keras()
            from inference.predictor import Predictor  # noqa: PLC0415 - Keras is loaded by now

            job.predict(Predictor.load(checkpoint.path, **options.of_predictor(inputs.count)).stream)
        return job.finish()


if __name__ == "__main__":
    run_main(main)
