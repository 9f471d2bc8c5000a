"""The abstract classes that a user subclasses, and the contract that a batch keeps."""
