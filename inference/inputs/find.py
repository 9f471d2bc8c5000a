"""From what a user typed to the images that are meant."""

import glob
from collections.abc import Sequence
from pathlib import Path

from inference.inputs.coco_images import coco_images
from inference.inputs.files import VIDEO_ENDINGS, InputError, folder_images, glob_images, listed_images, read_list
from inference.inputs.item import Inputs
from inference.inputs.video import VideoInputs, camera_number
from inference.remote import is_url


def find_inputs(
    typed: Sequence[str],
    out: Path | None = None,
    images: Path | None = None,
    every: int = 1,
    max_frames: int | None = None,
) -> Inputs:
    """Finds the images; nothing is decoded yet.

    Args:
        typed: a file, a folder, a glob, a `.txt` list, a COCO JSON, an address, a video, `camera:0`; or several image
            files, as a shell makes them from a glob.
        out: the folder of the results, which is not searched.
        images: the folder of a COCO JSON's images.
        every: of a video or camera: one image of so many.
        max_frames: of a video or camera: no more than so many.

    Raises:
        InputError: there is nothing of that kind there, or an option does not fit it.
    """
    found = _several(typed) if len(typed) > 1 else _one(typed[0], out, images, every, max_frames)
    if found.kind == "images" and (every != 1 or max_frames is not None):
        raise InputError(f"--every and --max-frames are for videos and cameras; {found.title} is neither")
    if images is not None and Path(typed[0]).suffix.lower() != ".json":
        raise InputError(f"--images names the folder of a COCO JSON's images; {found.title} is no JSON")
    return found


def _several(typed: Sequence[str]) -> Inputs:
    wrong = [name for name in typed if not is_url(name) and not Path(name).is_file()]
    if wrong:
        raise InputError(f"{wrong[0]} is no file; where several are named, each must be an image file or an address")
    return listed_images(f"{len(typed)} files", typed, Path())


def _one(typed: str, out: Path | None, images: Path | None, every: int, max_frames: int | None) -> Inputs:
    camera = camera_number(typed)
    if camera is not None:
        return VideoInputs(camera, every, max_frames)
    if is_url(typed):
        return listed_images(typed, [typed], Path())
    path = Path(typed).expanduser()
    if path.is_dir():
        return folder_images(path, out)
    return _file(typed, path, images, every, max_frames) if path.is_file() else _glob(typed, path, out)


def _file(typed: str, path: Path, images: Path | None, every: int, max_frames: int | None) -> Inputs:
    ending = path.suffix.lower()
    if ending == ".json":
        return coco_images(path, images)
    if ending == ".txt":
        return listed_images(str(path.absolute()), read_list(path), path.parent)
    if ending not in VIDEO_ENDINGS:
        return listed_images(str(path.absolute()), [str(path)], Path())
    return VideoInputs(path, every, max_frames)


def _glob(typed: str, path: Path, out: Path | None) -> Inputs:
    if not glob.has_magic(typed):
        raise InputError(f"{typed}: there is no such file or folder, seen from {Path.cwd()}")
    return glob_images(str(path), out)
