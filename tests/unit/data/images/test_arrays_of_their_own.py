"""Files whose lenses are arrays of their own: each is read by its own address, the file is walked through once."""

import io

import h5py
import numpy as np
import pytest
import tifffile
import torch
from astropy.io import fits

from lensmae.data.images.formats import fits_file
from lensmae.data.images.formats.hdf5 import objects as hdf5_objects
from lensmae.data.images.formats.hdf5 import reading
from lensmae.data.images.reader import read_image, read_lenses
from lensmae.errors import ImageReadError
from tests.unit.data.images.files_of_others import mat, npz, objects, torch_file


def pixels(place):
    """(16, 16), other ones for every place."""
    return np.random.default_rng(place).random((16, 16), np.float32)


def hdf5_of(names):
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for place, name in enumerate(names):
            file[name] = pixels(place)
    return content.getvalue()


@pytest.mark.parametrize("name", ["lens_{:04d}/image", "image_{:04d}"])
def test_an_hdf5_of_an_array_a_lens_is_read_whole_and_in_order(name):
    names = [name.format(place) for place in range(400)]
    lenses = list(read_lenses(hdf5_of(names), "x.h5"))
    assert [one.name for one in lenses] == [f"x.h5:/{name}" for name in names]
    np.testing.assert_array_equal([one.pixels for one in lenses], [pixels(place) for place in range(400)])
    # What a decoding process sends of a lens does not grow with their number.
    assert {one.items for one in lenses} == {(f"/{name}",) for name in names}


CONTAINERS = {
    "npz": lambda arrays: npz(**arrays),
    "npz of a list": lambda arrays: npz(**{f"arr_{place}": array for place, array in enumerate(arrays.values())}),
    "MATLAB": lambda arrays: mat(**arrays),
    "torch": lambda arrays: torch_file({name: torch.from_numpy(array) for name, array in arrays.items()}),
    "a list of torch": lambda arrays: torch_file([torch.from_numpy(array) for array in arrays.values()]),
    "a dictionary of NumPy": lambda arrays: objects([dict(list(arrays.items())[:20])], ()),
}


@pytest.mark.parametrize("container", list(CONTAINERS))
def test_every_container_of_an_array_a_lens_is_answered_whole(container):
    content = CONTAINERS[container]({f"lens_{place:03d}": pixels(place) for place in range(80)})
    lenses = list(read_lenses(content, "x"))
    np.testing.assert_array_equal([one.pixels for one in lenses], [pixels(place) for place in range(len(lenses))])
    assert len(lenses) == (20 if container == "a dictionary of NumPy" else 80)
    np.testing.assert_array_equal(read_image(content, "x").pixels, pixels(0))


@pytest.mark.parametrize(
    "names", [("band1", "band2", "band3"), ("image", "truth", "residual"), ("F814W", "F160W"), ("a", "b"), ("img_1", "mask_1")]
)
def test_arrays_that_are_no_lenses_of_one_set_are_not_answered_as_such(names):
    content = npz(**{name: pixels(place) for place, name in enumerate(names)})
    assert len(list(read_lenses(content, "x"))) == 1


def test_an_hdf5_may_hold_as_many_objects_as_have_room_in_it(monkeypatch):
    content = hdf5_of(f"lens_{place}/image" for place in range(40))
    monkeypatch.setattr(hdf5_objects, "MAX_OBJECTS", 20)
    assert len(list(read_lenses(content, "x.h5"))) == 40
    for name, value in (("_OBJECT_BYTES", len(content) // 30), ("_MOST_OBJECTS", 70)):
        with monkeypatch.context() as limit:
            limit.setattr(hdf5_objects, name, value)
            with pytest.raises(ImageReadError, match="groups and arrays; save its lenses as one array"):
                list(read_lenses(content, "x.h5"))


def test_the_objects_of_an_hdf5_are_listed_as_often_for_many_lenses_as_for_few(monkeypatch):
    listed, whole = [], reading.numeric_arrays
    monkeypatch.setattr(reading, "numeric_arrays", lambda file: listed.append(found := whole(file)) or found)
    for count in (10, 100):
        listed.clear()
        assert len(list(read_lenses(hdf5_of(f"lens_{place}/image" for place in range(count)), "x.h5"))) == count
        # Once, to choose and to read all.
        assert [len(found) for found in listed] == [count]


def test_each_array_of_an_hdf5_keeps_the_noise_and_the_scale_of_its_own_group():
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for place in range(20):
            file[f"lens_{place:02d}/image"] = pixels(place)
            file[f"lens_{place:02d}/noise"] = np.full((16, 16), 1 + place, np.float32)
            file[f"lens_{place:02d}"].attrs["pixel_scale"] = 0.05 + place / 100
    for place, lens in enumerate(read_lenses(content.getvalue(), "x.h5")):
        assert (lens.noise == 1 + place).all()
        assert lens.pixel_scale == pytest.approx(0.05 + place / 100)


def test_of_images_side_by_side_each_has_the_noise_of_its_own_number():
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for place in range(20):
            file[f"image_{place:02d}"] = pixels(place)
            file[f"noise_{place:02d}"] = np.full((16, 16), 1 + place, np.float32)
    lenses = list(read_lenses(content.getvalue(), "x.h5"))
    assert [float(one.noise[0, 0]) for one in lenses] == list(range(1, 21))


def test_the_hdus_of_a_fits_file_are_walked_through_once(monkeypatch):
    units = [fits.PrimaryHDU(), *(fits.ImageHDU(pixels(place), name=f"LENS{place}") for place in range(24))]
    content = io.BytesIO()
    fits.HDUList(units).writeto(content)
    seen, role = [], fits_file._role
    monkeypatch.setattr(fits_file, "_role", lambda unit, alone: seen.append(unit.name) or role(unit, alone))
    lenses = list(read_lenses(content.getvalue(), "x.fits"))
    np.testing.assert_array_equal([one.pixels for one in lenses], [pixels(place) for place in range(24)])
    assert len(seen) == 2 * 24


def test_a_tiff_of_many_pages_is_opened_once_for_all(monkeypatch):
    content, opened, whole = io.BytesIO(), [], tifffile.TiffFile
    tifffile.imwrite(content, np.stack([pixels(place) for place in range(24)]), photometric="minisblack")
    monkeypatch.setattr(tifffile, "TiffFile", lambda file: opened.append(file) or whole(file))
    lenses = list(read_lenses(content.getvalue(), "x.tif"))
    np.testing.assert_array_equal([one.pixels for one in lenses], [pixels(place) for place in range(24)])
    assert len(opened) == 2
