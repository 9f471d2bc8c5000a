"""Oxford-IIIT Pet (Parkhi et al., "Cats and Dogs", CVPR 2012) and the synthetic pets in its place."""
