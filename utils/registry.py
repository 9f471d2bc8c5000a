"""Every model, data set, trainer and evaluator by its name. Nothing registers by being imported: these are tables.

An entry has two strings, so that a config is read and checked without importing Keras. To add your own, add a line
here, or write the dotted path `package.module:Class` in the config; such a class names its section by `config_class`.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from utils.errors import UserError


class RegistryError(UserError, LookupError):
    """A name that no table holds, or a dotted path that leads nowhere."""


@dataclass(frozen=True)
class Entry:
    """What a name selects.

    Attributes:
        target: `package.module:Class` of the thing itself.
        config: `package.module:Class` of its config section; importing it must not import Keras.
    """

    target: str
    config: str


Table = Mapping[str, Entry]

MODELS: Table = {
    "mask_rcnn": Entry("models.mask_rcnn.model:MaskRCNN", "models.mask_rcnn.config:MaskRCNNConfig"),
    "deeplab_v3": Entry("models.deeplab.model:DeepLabV3", "models.deeplab.config:DeepLabV3Config"),
    "deeplab_v3_plus": Entry("models.deeplab.model:DeepLabV3Plus", "models.deeplab.config:DeepLabV3PlusConfig"),
    "semantic_fpn": Entry("models.deeplab.model:SemanticFPN", "models.deeplab.config:SemanticFPNConfig"),
}
DATA: Table = {
    "pets": Entry("data_loader.pets.data:PetsData", "data_loader.pets.config:PetsConfig"),
    "voc": Entry("data_loader.voc.data:VocData", "data_loader.voc.config:VocDataConfig"),
    "coco": Entry("data_loader.coco.data:CocoData", "data_loader.coco.config:CocoDataConfig"),
    "yolo": Entry("data_loader.yolo.data:YoloData", "data_loader.yolo.config:YoloDataConfig"),
    "mask_folder": Entry(
        "data_loader.mask_folder.data:MaskFolderData", "data_loader.mask_folder.config:MaskFolderConfig"
    ),
    "cityscapes": Entry("data_loader.cityscapes.data:CityscapesData", "data_loader.cityscapes.config:CityscapesConfig"),
    "wgisd": Entry("data_loader.wgisd.data:WgisdData", "data_loader.wgisd.config:WgisdConfig"),
    "labelme": Entry("data_loader.labelme.data:LabelmeData", "data_loader.labelme.config:LabelmeDataConfig"),
    "via": Entry("data_loader.via.data:ViaData", "data_loader.via.config:ViaDataConfig"),
}
TRAINERS: Table = {"supervised": Entry("trainers.supervised_train:SupervisedTrain", "trainers.config:TrainerConfig")}
EVALUATORS: Table = {
    "coco": Entry("evaluation.coco:CocoEvaluator", "evaluation.config:CocoConfig"),
    "mean_iou": Entry("evaluation.mean_iou:MeanIoUEvaluator", "evaluation.config:MeanIoUConfig"),
}

SECTIONS: Mapping[str, Table] = {"model": MODELS, "data": DATA, "trainer": TRAINERS, "evaluator": EVALUATORS}
"""Key at the top of the config → the table in which the section's `name` is looked up."""

TASKS: Mapping[str, str] = {"instance": "tasks.instance:InstanceTask", "semantic": "tasks.semantic:SemanticTask"}
"""Kinds of segmentation: name → `package.module:Class`, a subclass of `base.task.Task`."""

OUTPUTS: Mapping[str, str] = {
    "overlay": "inference.outputs.overlays:Overlays",
    "index": "inference.outputs.index:IndexImages",
    "labels": "inference.outputs.label_images:LabelImages",
    "cutouts": "inference.outputs.cutouts:Cutouts",
    "coco": "inference.outputs.coco:CocoResults",
    "csv": "inference.outputs.table:Table",
    "yolo": "inference.outputs.yolo:Yolo",
    "labelme": "inference.outputs.labelme:LabelMe",
    "video": "inference.outputs.video:Video",
}
"""What a prediction can write: name → `package.module:Class`, a subclass of `inference.outputs.output.Output`."""

WRITERS: Mapping[str, str] = {
    "jsonl": "utils.logger.writers.jsonl:JsonlWriter",
    "tensorboard": "utils.logger.writers.tensorboard:TensorBoardWriter",
    "comet": "utils.logger.writers.comet:CometWriter",
}
"""Trackers: name → `package.module:Class`, a subclass of `utils.logger.writer.Writer`. Each is on unless the field of
that name in `LoggerConfig` is not `enabled`."""

LOGGER_CONFIG = "utils.logger.config:LoggerConfig"
"""The section of the logger; there is one logger only."""


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that looks most like `word`, or None where none is near."""
    found = difflib.get_close_matches(word, list(choices), n=1)
    return found[0] if found else None


def load_object(path: str) -> Any:
    """What stands at the dotted path `package.module:Name`.

    Raises:
        RegistryError: the path is malformed, or the module or the name does not exist. An import that fails inside an
            existing module keeps its own error.
    """
    module_name, _, name = path.partition(":")
    if not (all(part.isidentifier() for part in module_name.split(".")) and name.isidentifier()):
        raise RegistryError(f'"{path}" is no dotted path; write package.module:Class')
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise RegistryError(f'"{path}": there is no module {error.name}') from None
    if not hasattr(module, name):
        near = nearest(name, vars(module))
        hint = f"; did you mean {near}?" if near else ""
        raise RegistryError(f'"{path}": the module {module_name} has no {name}{hint}')
    return getattr(module, name)


def resolve(table: Table, name: str) -> Any:
    """The class that `name` selects: an entry of `table`, or a dotted path.

    Raises:
        RegistryError: there is none; the message lists the choices and names the nearest.
    """
    return load_object(name if ":" in name else _entry(table, name).target)


def resolve_config(table: Table, name: str) -> Any:
    """The config section's class for `name`, without importing Keras for a registered name.

    Raises:
        RegistryError: there is none, or the class at a dotted path has no `config_class`.
    """
    if ":" not in name:
        return load_object(_entry(table, name).config)
    target = load_object(name)
    config = getattr(target, "config_class", None)
    if not isinstance(config, type):
        raise RegistryError(f'"{name}" has no config section; set config_class = <its Section subclass> in the class')
    return config


def _entry(table: Table, name: str) -> Entry:
    if name in table:
        return table[name]
    near = nearest(name, table)
    hint = f'did you mean "{near}"? ' if near else ""
    raise RegistryError(
        f'received "{name}", which is not registered; {hint}choices: {", ".join(sorted(table))}; '
        "or a dotted path package.module:Class"
    )
