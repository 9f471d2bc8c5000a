"""The synthetic data set in every format: a writer each, without the project's code."""

import base64
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import yaml

from tests.data_loader.synthetic import CATEGORY_IDS, CLASSES, SIZE, Shown, contours, drawn_polygon, exact_polygon

CITY_IDS = {"cup": 24, "fork": 26, "spoon": 33}
CITY_LABELS = {"cup": 7, "fork": 26, "spoon": 33}
CITY_NAMES = {"cup": "person", "fork": "car", "spoon": "bicycle"}


def save(path: Path, pixels: np.ndarray, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PIL.Image.fromarray(pixels)
    if mode == "P":
        image.putpalette([value * 37 % 256 for value in range(768)])
    image.save(path)


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def runs(mask: np.ndarray) -> dict:
    """COCO's uncompressed RLE."""
    flat = np.concatenate([[0], mask.T.reshape(-1).astype(int)])
    edges = np.flatnonzero(np.diff(flat))
    return {"size": list(mask.shape), "counts": np.diff([0, *edges, mask.size]).tolist()}


def index_image(shown: Shown, value: Callable[[int, str, bool], int], kind: type = np.uint8) -> np.ndarray:
    """The value of each object by its number from 1, its class and whether it is a crowd."""
    indices = np.zeros(SIZE, kind)
    for number, thing in enumerate(shown.things, 1):
        indices[thing.mask] = value(number, thing.label, thing.crowd)
    return indices


def coco(root: Path, images: Sequence[Shown]) -> None:
    categories = [{"id": number, "name": name} for name, number in CATEGORY_IDS.items()]
    for split in ("train", "val", "test"):
        listed, annotations = [], []
        for shown in (shown for shown in images if shown.split == split):
            number = 900 - 7 * images.index(shown)
            save(root / f"{split}2017" / f"{shown.name}.png", shown.pixels)
            size = {"height": SIZE[0], "width": SIZE[1]}
            listed.append({"id": number, "file_name": f"{shown.name}.png", **size})
            for thing in shown.things:
                exact = [exact_polygon(thing.mask).reshape(-1).tolist()]
                annotations.append({
                    "id": 3 * len(annotations) + 2, "image_id": number, "category_id": CATEGORY_IDS[thing.label],
                    "iscrowd": int(thing.crowd), "segmentation": runs(thing.mask) if thing.crowd else exact,
                })  # fmt: skip
        content = {"images": listed, "annotations": annotations, "categories": categories}
        write_text(root / f"annotations/instances_{split}2017.json", json.dumps(content))


def voc(root: Path, images: Sequence[Shown]) -> None:
    for shown in images:
        save(root / f"JPEGImages/{shown.name}.jpg", shown.pixels)
        save(root / f"SegmentationObject/{shown.name}.png", index_image(shown, lambda number, *_: number), "P")
        classes = index_image(shown, lambda _, label, __: CLASSES.index(label) + 1)
        save(root / f"SegmentationClass/{shown.name}.png", classes, "P")
    for split in ("train", "val", "test"):
        names = [shown.name for shown in images if shown.split == split]
        write_text(root / f"ImageSets/Segmentation/{split}.txt", "\n".join(names) + "\n")


def _yolo(root: Path, images: Sequence[Shown], polygon: Callable[[np.ndarray], np.ndarray]) -> None:
    for shown in images:
        save(root / f"images/{shown.split}/{shown.name}.png", shown.pixels)
        lines = []
        for thing in shown.things:
            corners = polygon(thing.mask) / (SIZE[1], SIZE[0])
            lines.append(" ".join([str(CLASSES.index(thing.label)), *(f"{value:.6f}" for value in corners.flat)]))
        if lines:
            write_text(root / f"labels/{shown.split}/{shown.name}.txt", "\n".join(lines) + "\n")
    content = {"path": ".", "names": dict(enumerate(CLASSES)), "train": "images/train"}
    write_text(root / "data.yaml", yaml.safe_dump(content | {"val": "images/val", "test": "images/test"}))


def yolo(root: Path, images: Sequence[Shown]) -> None:
    _yolo(root, images, exact_polygon)


def yolo_drawn(root: Path, images: Sequence[Shown]) -> None:
    _yolo(root, images, drawn_polygon)


def _labelme_shapes(shown: Shown) -> list[dict]:
    """Parts of an object as polygons of one group; one with a hole or of one pixel as a mask."""
    shapes = []
    for group, thing in enumerate(shown.things):
        rings = contours(thing.mask)
        usual = {"label": thing.label, "group_id": group, "flags": {}}
        if thing.mask.sum() > 1 and all(_is_part(ring, thing.mask) for ring in rings):
            shapes += [{**usual, "shape_type": "polygon", "points": ring.tolist()} for ring in rings]
            continue
        rows, columns = np.nonzero(thing.mask)
        top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
        file = io.BytesIO()
        PIL.Image.fromarray(thing.mask[top : bottom + 1, left : right + 1]).save(file, "PNG")
        points = [[float(left), float(top)], [float(right), float(bottom)]]
        png = base64.b64encode(file.getvalue()).decode()
        shapes.append({**usual, "shape_type": "mask", "points": points, "mask": png})
    return shapes


def _is_part(ring: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the outline goes round pixels of the object, not round a hole: by the pixel at its highest corner."""
    x, y = ring[ring[:, 1].argmin()]
    return bool(mask[int(np.ceil(y)), int(x)])


def labelme(root: Path, images: Sequence[Shown]) -> None:
    for shown in images:
        save(root / shown.split / f"{shown.name}.png", shown.pixels)
        content = {
            "version": "5.5.0", "flags": {}, "shapes": _labelme_shapes(shown), "imagePath": f"{shown.name}.png",
            "imageData": None, "imageHeight": SIZE[0], "imageWidth": SIZE[1],
        }  # fmt: skip
        write_text(root / shown.split / f"{shown.name}.json", json.dumps(content))


def via(root: Path, images: Sequence[Shown]) -> None:
    for split in ("train", "val", "test"):
        entries = {}
        for shown in (shown for shown in images if shown.split == split):
            save(root / split / f"{shown.name}.png", shown.pixels)
            regions = []
            for thing in shown.things:
                across, down = exact_polygon(thing.mask).T.tolist()
                shape = {"name": "polygon", "all_points_x": across, "all_points_y": down}
                regions.append({"shape_attributes": shape, "region_attributes": {"kind": thing.label}})
            name = f"{shown.name}.png"
            size = (root / split / name).stat().st_size
            entries[f"{name}{size}"] = {"filename": name, "size": size, "regions": regions, "file_attributes": {}}
        project = {"_via_settings": {}, "_via_img_metadata": entries, "_via_attributes": {"region": {"kind": {}}}}
        write_text(root / split / f"via_{split}.json", json.dumps(project if split == "train" else entries))


def cityscapes(root: Path, images: Sequence[Shown]) -> None:
    for shown in images:
        place, name = f"{shown.split}/ulm", f"ulm_000000_{images.index(shown):06d}"
        save(root / f"leftImg8bit/{place}/{name}_leftImg8bit.png", shown.pixels)
        ids = index_image(
            shown,
            lambda number, label, crowd: CITY_IDS[label] * (1 if crowd else 1000) + number * (not crowd),
            np.uint16,
        )
        ids[:3][ids[:3] == 0] = 7  # road, and a caravan with its number
        ids[3:5][ids[3:5] == 0] = 29001
        save(root / f"gtFine/{place}/{name}_gtFine_instanceIds.png", ids)


def city_labels(root: Path, images: Sequence[Shown]) -> dict[str, np.ndarray]:
    """The labelIds beside `cityscapes`: three classes, all 34 ids around them; name of an image → its ids."""
    found = {}
    for number, shown in enumerate(images):
        name = f"ulm_000000_{number:06d}"
        ids = index_image(shown, lambda _, label, __: CITY_LABELS[label])
        ids[ids == 0] = np.resize(np.arange(34), SIZE)[ids == 0]
        save(root / f"gtFine/{shown.split}/ulm/{name}_gtFine_labelIds.png", ids)
        found[f"{name}_leftImg8bit"] = ids
    return found


def wgisd(root: Path, images: Sequence[Shown]) -> None:
    names = {"train": [], "test": []}
    for shown in images:
        save(root / f"data/{shown.name}.jpg", shown.pixels)
        masks = np.stack([thing.mask for thing in shown.things], axis=2) if shown.things else np.zeros((*SIZE, 0), bool)
        np.savez_compressed(root / f"data/{shown.name}.npz", masks)
        names["test" if shown.split == "test" else "train"].append(shown.name)
    for split, listed in names.items():
        write_text(root / f"{split}_masked.txt", "\n".join(listed) + "\n")


def mask_instances(root: Path, images: Sequence[Shown]) -> None:
    """16 bits: class × 1000 + number."""
    for shown in images:
        save(root / shown.split / "images" / f"{shown.name}.png", shown.pixels)
        value = lambda number, label, _: 1000 * (CLASSES.index(label) + 1) + number  # noqa: E731
        save(root / shown.split / "masks" / f"{shown.name}.png", index_image(shown, value, np.uint16))


def mask_objects(root: Path, images: Sequence[Shown]) -> None:
    """A file for each object, the class as a folder."""
    for shown in images:
        save(root / "images" / shown.split / f"{shown.name}.png", shown.pixels)
        for number, thing in enumerate(shown.things):
            path = root / "masks" / shown.split / thing.label / f"{shown.name}_{number}.png"
            save(path, thing.mask.astype(np.uint8) * 255)


def mask_semantic(root: Path, images: Sequence[Shown]) -> None:
    for shown in images:
        save(root / "images" / shown.split / f"{shown.name}.png", shown.pixels)
        classes = index_image(shown, lambda _, label, __: CLASSES.index(label) + 1)
        save(root / "masks" / shown.split / f"{shown.name}.png", classes, "P")
