"""Files of many lenses: stacks in npy, npz, HDF5, FITS, TIFF, MATLAB and torch files."""
