import keras
import numpy as np
import pytest

from inference.compiled import compile_predict
from inference.paste import paste_mask
from models.mask_rcnn.config import DetectConfig, MaskHeadConfig
from models.mask_rcnn.model import MaskRCNN
from tests.models.mask_rcnn.dummy_batches import SIZE, TWO, batch_of, image, tiny_config, tiny_spec
from trainers.steps import compile_train_step

STEPS = 120


def trained(batch):
    keras.utils.set_random_seed(0)
    mask_head = MaskHeadConfig(channels=(32, 32), upsample_channels=32)
    model = MaskRCNN(
        tiny_config(mask_head=mask_head, detect=DetectConfig(max_detections=8, pre_nms_top_n=60)), tiny_spec()
    )
    for layer in model.network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            # The averages must have followed after a hundred steps, not a thousand.
            layer.momentum = 0.8
    optimizer = keras.optimizers.Adam(2e-3, global_clipnorm=5.0)
    optimizer.build(model.network.trainable_variables)
    step = compile_train_step(model, optimizer, jit_compile=False)
    totals = [step(batch)["total"] for _ in range(STEPS)]
    return model, [float(total) for total in totals]


@pytest.mark.slow
def test_one_image_is_learned_by_heart():
    sample = image(TWO)
    model, totals = trained(batch_of(sample))
    assert np.mean(totals[-10:]) < 0.3 * np.mean(totals[:3]), totals
    found = {
        name: keras.ops.convert_to_numpy(value)[0] for name, value in compile_predict(model)(batch_of(sample)).items()
    }
    for index, kind in enumerate((1, 2)):
        best = np.flatnonzero(found["classes"] == kind)[0]
        assert found["scores"][best] > 0.7
        mask = paste_mask(found["masks"][best], found["boxes"][best], SIZE, SIZE) == 1
        target = sample["gt_masks"][index] == 1
        overlap = (mask & target).sum() / (mask | target).sum()
        assert overlap > 0.8
