"""Inspects a data set before any long run, and writes a config that fits it: `python mains/prepare_main.py DATA`.

DATA is a folder of labelled images, or one annotation file; `-c CONFIG` inspects the data of a config. Exit code: 0
where these data can be trained on, 3 where training would fail or its results would lie, 2 where the command is wrong.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from data_loader.writers import convert
from preparation.inspection.inspect import inspect
from preparation.options import check_options, options
from preparation.report.terminal import print_conversion, print_inspection, print_next
from preparation.report.write import report_folder, write_report
from preparation.source import load, source_of, source_of_config
from preparation.suggest import write_suggestion
from preparation.suggestion import next_commands, suggest_config, with_suggestion
from utils.args import parse_args, run_main
from utils.console import setup_console

UNUSABLE = 3
"""Exit code where training would fail or its results would lie."""


def main() -> int:
    """Parse, read the data, inspect, suggest, report, write; or read the data and convert them."""
    setup_console()
    args = parse_args(__doc__ or "", options, config=False)
    check_options(args)
    if args.config:
        source = source_of_config(args.config, args.overrides)
    else:
        source = source_of(args.data, args.format, args.classes, args.val_fraction, args.overrides)
    data = load(source)
    if args.convert:
        lost = convert(data, args.convert, args.out)
        print_conversion(args.out, lost, ["data.task=semantic"] if data.semantic else [])
        return 0

    folder = report_folder(args.report, source.config.exp.root, data.display_name, args.overwrite)
    inspection = inspect(data, source.max_bad_fraction, args.allow_leakage)
    print_inspection(inspection)

    suggestion = suggest_config(source, inspection, args.write.stem if args.write else data.display_name)
    commands = next_commands(args, inspection)
    places = write_report(folder, inspection, with_suggestion(data, suggestion), suggestion, commands)
    if args.write and suggestion:
        write_suggestion(suggestion.config, args.write, args.overwrite)
        places = {"config": args.write, **places}
    print_next(places, commands)
    return UNUSABLE if inspection.errors else 0


if __name__ == "__main__":
    run_main(main)
