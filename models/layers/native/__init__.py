"""Faster ways on one backend to what a layer does on all; a test holds each equal to the general one."""
