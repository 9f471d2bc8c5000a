"""Changes to a raw sample: all geometric ones become one affine warp, all colour changes one matrix."""
