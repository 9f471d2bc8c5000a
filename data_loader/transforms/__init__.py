"""Changes to a raw sample: all geometric ones become one affine warp, all color changes one matrix."""
