"""A process of `synthetic.write_synthetic_pets`.

It is started as `python -m data_loader.pets.synthetic_worker FOLDER CONFIG START STOP`.
"""

import sys
from pathlib import Path

from data_loader.pets.config import SyntheticConfig
from data_loader.pets.synthetic import draw_range


def main() -> None:
    """Draws one run of images."""
    folder, config, start, stop = sys.argv[1:]
    draw_range(Path(folder), SyntheticConfig.model_validate_json(config), int(start), int(stop))


if __name__ == "__main__":
    main()
