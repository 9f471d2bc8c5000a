"""Config keys that were renamed: the error about an old key names the new one."""

RENAMED = {
    "data.augment.colour": "data.augment.color",
    "logger.max_picture_side": "logger.max_image_side",
    "logger.max_pictures": "logger.max_images",
    "model.backbone.recomputed_stages": "model.backbone.gradient_checkpointing",
    "model.crowd_iou": "model.crowd_ioa",
    "model.detect.candidates": "model.detect.pre_nms_top_n",
    "model.detect.score": "model.detect.score_threshold",
    "model.rpn.post_nms_eval": "model.rpn.post_nms_top_n_eval",
    "model.rpn.post_nms_train": "model.rpn.post_nms_top_n_train",
    "model.rpn.pre_nms_eval": "model.rpn.pre_nms_top_n_eval",
    "model.rpn.pre_nms_train": "model.rpn.pre_nms_top_n_train",
    "trainer.pictures": "trainer.logged_images",
}
"""Name up to version 0.1.0 → name now. The old one stays an error: two names for one key could disagree."""
