"""HDF5 files, netCDF 4 and MATLAB 7.3 among them."""

from lensmae.data.images.formats.hdf5.arrays import Hdf5Array, arrays_of, axes_of, numeric_arrays
from lensmae.data.images.formats.hdf5.objects import check_chunks, is_hdf5, no_weights, visit_objects
from lensmae.data.images.formats.hdf5.reading import hdf5_lenses

__all__ = [
    "Hdf5Array",
    "arrays_of",
    "axes_of",
    "check_chunks",
    "hdf5_lenses",
    "is_hdf5",
    "no_weights",
    "numeric_arrays",
    "visit_objects",
]
