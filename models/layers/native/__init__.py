"""Faster ways on one backend to what a layer does on all; a test compares each with the general one."""
