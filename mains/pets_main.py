"""Trains and evaluates Mask R-CNN on Oxford-IIIT Pet: `python mains/pets_main.py -c configs/pets.json`.

The steps are those of `train_main`, which is started in the same way for any other data.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mains.train_main import main
from utils.args import run_main

if __name__ == "__main__":
    run_main(lambda: main(__doc__ or ""))
