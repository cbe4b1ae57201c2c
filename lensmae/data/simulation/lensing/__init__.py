"""Mass and light of lens and source in lenstronomy, traced to an image; haloes, critical curves and caustics."""
