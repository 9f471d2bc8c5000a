"""DeepLabV3, DeepLabV3+ and the semantic feature pyramid: a label for every pixel."""
