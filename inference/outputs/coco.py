"""COCO's result format, and the images and categories that it refers to."""

import json
from pathlib import Path

from inference.detections import Detections
from inference.outputs.output import Finished, Output, Target
from inference.result import Result
from utils.files import whole_file

_SCORING = ("score them", "python mains/evaluate_main.py --predictions {path} --annotations FILE")


class CocoResults(Output):
    """`results.json`, one find in a line, and `images.json`: `COCO("images.json").loadRes("results.json")`."""

    takes = (Result,)

    def __init__(self, target: Target):
        super().__init__(target)
        if target.result is Detections:  # the ground truth of labels is in no annotation file
            self.following = _SCORING

    def close(self, finished: Finished) -> Path:
        """Writes both; image by image, so that memory does not grow with their number."""
        categories = [
            {"id": number, "name": name}
            for number, name in zip(self.target.category_ids, self.target.names, strict=True)
        ]
        images = (
            {"id": item.image_id, "file_name": item.name, "height": found.size[0], "width": found.size[1]}
            for item, found in finished()
        )
        with whole_file(self.target.folder / "images.json") as file:
            file.write(f'{{"categories": {_line(categories)},\n"images": '.encode())
            _write_list(file, images)
            file.write(b"}\n")
        results = self.target.folder / "results.json"
        with whole_file(results) as file:
            _write_list(file, (one for item, found in finished() for one in found.to_coco(item.image_id)))
        return results


def _write_list(file, values) -> None:
    separator = "[\n"
    for value in values:
        file.write(f"{separator}{_line(value)}".encode())
        separator = ",\n"
    file.write(b"\n]\n" if separator != "[\n" else b"[]\n")


def _line(value) -> str:
    return json.dumps(value, ensure_ascii=False)
