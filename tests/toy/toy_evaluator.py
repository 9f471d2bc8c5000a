"""An evaluator: the part of the images whose class was predicted."""

from base.base_eval import BaseEvaluator
from utils.config import Section


class ToyEvaluatorConfig(Section):
    name: str = "tests.toy.toy_evaluator:ToyEvaluator"


class ToyEvaluator(BaseEvaluator):
    config_class = ToyEvaluatorConfig

    def reset(self):
        self.right = {}

    def update(self, batch, predictions):
        for image, valid, found in zip(batch["image_id"].tolist(), batch["valid"], predictions["classes"], strict=True):
            if valid:
                self.right[image] = int(found) == self.ground_truth["classes"][image]

    def result(self):
        return {"accuracy": sum(self.right.values()) / len(self.right), "images": float(len(self.right))}
