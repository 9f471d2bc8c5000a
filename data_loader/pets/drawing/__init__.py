"""Draws pets: outlines and soft shading with OpenCV, everything from one random generator."""
