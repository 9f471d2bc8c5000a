"""The sections of the config that every data set with objects or labels shares."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from base.config import DataConfig
from utils.config.section import Section

Probability = Annotated[float, Field(ge=0, le=1)]


class AugmentConfig(Section):
    """Random changes to the training images; each is off where its probability is 0."""

    flip: Probability = 0.5
    """Probability of a horizontal flip."""
    vertical_flip: Probability = 0.0
    """Probability of a vertical flip: for images without an up and down, such as those from above."""
    scale: Probability = 0.7
    """Probability of a scale jitter; an image that grows beyond `image_size` is cropped at a random place."""
    scale_range: tuple[float, float] = (0.75, 1.35)
    """Smallest and largest factor of the scale jitter; 1 fits the image into `image_size` exactly. With `scale` 1,
    [0.1, 2.0] is the large-scale jitter of Ghiasi et al. 2021, [0.5, 2.0] the crop of DeepLab (Chen et al. 2017); a
    small image is padded, its labels with 255."""
    rotation: Probability = 0.25
    """Probability of a rotation about the image's center."""
    max_degrees: float = Field(default=10.0, ge=0, le=180)
    """Largest angle of the rotation, to either side."""
    min_kept_area: float = Field(default=0.2, ge=0, le=1)
    """An object of which less than this part is left after cropping, pasting over it and cutting out is dropped; of a
    crowd any part stays."""
    color: Probability = 0.8
    """Probability of the color jitter."""
    brightness: float = Field(default=0.25, ge=0, le=1)
    """Largest relative change of the brightness."""
    contrast: float = Field(default=0.25, ge=0, le=1)
    """Largest relative change of the contrast."""
    saturation: float = Field(default=0.3, ge=0, le=1)
    """Largest relative change of the saturation."""
    hue_degrees: float = Field(default=12.0, ge=0, le=180)
    """Largest turn of the hue, to either side."""
    blur: Probability = 0.1
    """Probability of a Gaussian blur."""
    blur_sigma: tuple[float, float] = (0.3, 1.2)
    """Smallest and largest standard deviation of the blur, in pixels of the network's input."""
    copy_paste: Probability = 0.0
    """Probability that objects of another training image, itself jittered, are pasted in (Ghiasi et al. 2021): at least
    one, never a crowd. What they cover is taken from the masks below."""
    copy_paste_sigma: float = Field(default=0.0, ge=0, le=16)
    """Standard deviation of the Gaussian that smooths the edges of what is pasted, in pixels; 0: sharp edges."""
    mosaic: Probability = 0.0
    """Probability that four training images share the input, around a random center (Bochkovskiy et al. 2020); the
    scale jitter is about the scale that covers an image's quarter. All four give objects: raise `max_objects`."""
    mix_epochs: int | None = Field(default=None, ge=1)
    """Copy-paste and mosaic are used in so many epochs from the first; null: in all. Without them in the last ones, a
    run ends on images like those of an evaluation (Ge et al. 2021, YOLOX)."""
    cutout: Probability = 0.0
    """Probability that rectangles of the image are erased (DeVries and Taylor 2017). Masks, boxes and labels stay
    whole; an object of which less than `min_kept_area` is still seen is dropped."""
    cutout_rectangles: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 4)
    """Fewest and most rectangles that are erased."""
    cutout_size: tuple[float, float] = (0.05, 0.25)
    """Smallest and largest side of a rectangle, as a part of the image's height and width."""

    @property
    def mixes(self) -> bool:
        """Whether an image may be mixed with others."""
        return self.copy_paste > 0 or self.mosaic > 0

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> Self:
        for name in ("scale_range", "blur_sigma", "cutout_rectangles", "cutout_size"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} is ({low}, {high}): write the smaller number first, both above 0.")
        if self.cutout_size[1] > 1:
            raise ValueError(f"cutout_size is {self.cutout_size}: parts of the image are at most 1.")
        return self


class RepeatFactorConfig(Section):
    """Images with rare classes are seen more often (repeat factor sampling, Gupta et al. 2019, LVIS)."""

    name: Literal["repeat_factor"] = "repeat_factor"
    """The way of sampling."""
    threshold: float = Field(default=0.001, gt=0, le=1)
    """A class in a smaller part f of the training images is repeated sqrt(threshold / f) times in an epoch."""


class InstanceDataConfig(DataConfig):
    """What a data set with objects or labels needs, whatever its files look like."""

    name: str
    """Which data set: a name from the registry or a dotted path `package.module:Class`."""
    task: Literal["instance", "semantic"] = "instance"
    """What is learned: a box, a class and a mask for each object, or a label for each pixel. Labels are those of the
    files where the format has such files; else the objects are painted, later ones over earlier ones, crowds as 255."""
    max_objects: int = Field(default=8, ge=1)
    """Capacity: at most so many objects of an image are in the batch, the largest ones, crowds last."""
    augment: AugmentConfig | None = AugmentConfig()
    """Random changes to the training images; null: none."""
    sampler: RepeatFactorConfig | None = None
    """How often each training image is seen in an epoch; null: once."""
    cache: Path | None = Path("data/cache")
    """Folder that keeps between runs what takes a look at every image: the index of pets, the pixels of each class.
    Null: every run looks again."""

    @model_validator(mode="after")
    def _nothing_is_pasted_into_labels(self) -> Self:
        if self.task == "semantic" and self.augment is not None and self.augment.copy_paste:
            raise ValueError("augment.copy_paste pastes objects, which task = semantic has not: set it to 0.")
        return self
