"""Whatever holds the lenses of a set, the import has the same pixels and classes, and does what the dry run said."""

import h5py
import numpy as np
import psutil
import pytest
import scipy.io
import tifffile
import torch
from astropy.io import fits
from astropy.table import Table

from lensmae.data import ImportOptions, import_dataset, plan_import
from lensmae.data.exchange import import_chunks

SHAPE = (9, 16, 16)
LENSES = np.random.default_rng(3).random(SHAPE).astype(np.float32) + 1
LABELS = np.arange(9) % 3
CLASSES = ("no_sub", "cdm", "axion")


def fits_stack(folder):
    fits.PrimaryHDU(LENSES).writeto(folder / "lenses.fits")


def fits_with_labels(folder):
    labels = fits.BinTableHDU.from_columns([fits.Column("label", "J", array=LABELS)], name="LABELS")
    fits.HDUList([fits.PrimaryHDU(LENSES), labels]).writeto(folder / "lenses.fits")


def fits_table(folder):
    Table({"image": LENSES, "label": LABELS}).write(folder / "lenses.fits")


def fits_series(folder):
    units = [fits.ImageHDU(one, name=f"LENS_{place}") for place, one in enumerate(LENSES)]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(folder / "lenses.fits")


def tiff_pages(folder):
    tifffile.imwrite(folder / "lenses.tif", LENSES)


def matlab(folder):
    scipy.io.savemat(folder / "lenses.mat", {"images": np.moveaxis(LENSES, 0, -1), "labels": LABELS}, do_compression=True)


def matlab_hdf5(folder):
    with h5py.File(folder / "lenses.mat", "w", userblock_size=512) as file:
        # MATLAB's (16, 16, 9) lies in HDF5 the other way round.
        file["images"], file["labels"] = np.moveaxis(LENSES, 0, -1).T, LABELS[:, None]
    with (folder / "lenses.mat").open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(512))


def torch_tensors(folder):
    torch.save({"images": torch.from_numpy(LENSES), "labels": torch.from_numpy(LABELS)}, folder / "lenses.pt")


def hdf5_groups(folder):
    with h5py.File(folder / "lenses.h5", "w") as file:
        for place, one in enumerate(LENSES):
            file[f"lens_{place:04}/image"] = one[..., None]
            file[f"lens_{place:04}"].attrs["label"] = LABELS[place]


def values_in_files(folder):
    for place, one in enumerate(LENSES):
        np.savez(folder / f"{place}.npz", image=one, label=LABELS[place], einstein_radius=1.0 + place)


def folders_of_one_lens(folder):
    for place, one in enumerate(LENSES):
        (folder / f"lens_{place}").mkdir()
        for name, array in (("data", one), ("noise_map", np.full(SHAPE[1:], 0.1)), ("psf", np.eye(5))):
            fits.PrimaryHDU(array).writeto(folder / f"lens_{place}/{name}.fits")


def folders_of_bands(folder):
    for place, one in enumerate(LENSES):
        (folder / f"lens_{place}").mkdir()
        for band, factor in (("F814W", 0.5), ("F160W", 1.5)):
            fits.PrimaryHDU(one * np.float32(factor)).writeto(folder / f"lens_{place}/{band}.fits")


LABELLED = (fits_with_labels, fits_table, matlab, matlab_hdf5, torch_tensors, hdf5_groups, values_in_files)
UNLABELLED = (fits_stack, fits_series, tiff_pages, folders_of_one_lens, folders_of_bands)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LENSMAE_HOME", str(tmp_path / "home"))
    (tmp_path / "source").mkdir()
    return tmp_path / "source"


@pytest.mark.parametrize("write", LABELLED + UNLABELLED, ids=lambda one: one.__name__)
def test_the_same_lenses_come_out_of_every_container_as_the_dry_run_said(folder, write):
    write(folder)
    options = ImportOptions(classes=CLASSES if write in LABELLED else None)
    plan = plan_import(folder, options)
    report = import_dataset(folder, "set", options, jobs=1)
    dataset = report.dataset
    assert report.skipped == {}
    assert plan.shapes == {"images": dataset.images.shape} == {"images": SHAPE}
    assert list(plan.lenses["class"]) == list(dataset.lenses["class"])
    assert list(plan.lenses["split"]) == list(dataset.lenses["split"])
    assert list(plan.lenses["source_file"]) == list(dataset.lenses["source_file"])
    names = [CLASSES[label] for label in LABELS] if write in LABELLED else ["unknown"] * len(LENSES)
    found = sorted(zip(map(tuple, dataset.images.reshape(len(dataset.images), -1)), dataset.lenses["class"], strict=True))
    expected = sorted(zip(map(tuple, LENSES.reshape(len(LENSES), -1)), names, strict=True))
    assert [kind for _, kind in found] == [kind for _, kind in expected]
    np.testing.assert_allclose([one for one, _ in found], [one for one, _ in expected], rtol=1e-6)


def test_the_lenses_of_a_stack_are_read_by_decoders_that_go_on(folder):
    """A new one for each lens took a second of processor time each, where it had to load torch."""
    np.save(folder / "warm.npy", LENSES)
    plan_import(folder)
    decoders = set(psutil.Process().children())
    torch_tensors(folder)
    plan_import(folder, ImportOptions(classes=CLASSES))
    assert decoders
    assert decoders <= set(psutil.Process().children())


def test_what_lies_beside_a_lens_is_no_lens_and_its_parameters_are_kept(folder):
    folders_of_one_lens(folder)
    plan = plan_import(folder)
    assert plan.layout.beside["lens_0/data.fits"] == {"noise": "lens_0/noise_map.fits", "psf": "lens_0/psf.fits"}
    assert any("18 files are the noise, flags or PSF" in warning for warning in plan.warnings)
    values_in_files(folder)
    for place in range(9):
        for path in (folder / f"lens_{place}").iterdir():
            path.unlink()
    values = plan_import(folder, ImportOptions(classes=CLASSES)).lenses
    assert sorted(values["einstein_radius"]) == [1.0 + place for place in range(9)]


def test_the_dry_run_says_what_is_done_to_most_images(folder):
    np.save(folder / "stack.npy", np.repeat(LENSES[:, None], 5, axis=1))
    assert "Of most images: It has 5 bands; the middle one, band 2, was taken." in plan_import(folder).warnings
    assert plan_import(folder, ImportOptions(band=4)).warnings == ["Of most images: Band 4 of its 5 was taken."]


def groups(folder, **beside):
    """An HDF5 of a group a lens, each with what `beside` gives for its place."""
    with h5py.File(folder / "set.h5", "w") as file:
        for place, one in enumerate(LENSES):
            file[f"lens_{place:04}/image"] = one
            for name, of in beside.items():
                file[f"lens_{place:04}/{name}"] = of(place)


def test_a_file_of_a_group_a_lens_is_opened_once_for_all_and_each_keeps_its_own_values(folder, monkeypatch):
    groups(
        folder,
        label=lambda place: CLASSES[place % 3],
        split=lambda place: "test" if place > 5 else "train",
        theta_E=lambda place: 1.0 + place,
        noise_map=lambda place: np.full(SHAPE[1:], 0.1),
    )
    series, calls = import_chunks.whole_arrays, []
    monkeypatch.setattr(import_chunks, "whole_arrays", lambda arrays: calls.append(len(arrays)) or series(arrays))
    dataset = import_dataset(folder / "set.h5", "set", jobs=1).dataset
    np.testing.assert_array_equal(dataset.images, LENSES)
    assert calls == [9]
    assert dataset.lenses["class"].tolist() == [CLASSES[label] for label in LABELS]
    assert dataset.lenses["split"].tolist() == ["train"] * 6 + ["test"] * 3
    assert dataset.lenses["theta_E"].tolist() == [1.0 + place for place in range(9)]


def test_labels_of_one_group_are_never_those_of_another(folder):
    with h5py.File(folder / "set.h5", "w") as file:
        for place, field in enumerate(("north", "south", "east")):
            file[f"{field}/images"], file[f"{field}/labels"] = LENSES[:6], np.full(6, place)
    assert plan_import(folder / "set.h5", ImportOptions(classes=CLASSES)).lenses["class"].tolist() == [
        *["axion"] * 6, *["no_sub"] * 6, *["cdm"] * 6
    ]  # fmt: skip


def test_of_images_side_by_side_each_has_the_label_of_its_own_number(folder):
    numbered = {f"image_{place}": one for place, one in enumerate(LENSES)}
    np.savez(folder / "set.npz", **numbered, **{f"y_{place}": label for place, label in enumerate(LABELS)})
    lenses = plan_import(folder / "set.npz", ImportOptions(classes=CLASSES)).lenses
    assert lenses["class"].tolist() == [CLASSES[label] for label in LABELS]


def test_a_split_that_attributes_say_is_kept(folder):
    groups(folder)
    with h5py.File(folder / "set.h5", "a") as file:
        for place in range(9):
            file[f"lens_{place:04}"].attrs["split"] = "test" if place > 5 else "train"
    assert plan_import(folder / "set.h5").lenses["split"].tolist() == ["train"] * 6 + ["test"] * 3


def test_one_damaged_lens_of_many_in_a_file_is_left_out_alone(folder):
    with h5py.File(folder / "set.h5", "w") as file:
        for place, one in enumerate(LENSES):
            file.create_dataset(f"lens_{place}", data=one, chunks=SHAPE[1:], fletcher32=True)
    content = (folder / "set.h5").read_bytes()
    at = content.index(LENSES[4].tobytes())
    (folder / "set.h5").write_bytes(content[:at] + b"damaged" + content[at + 7 :])
    report = import_dataset(folder / "set.h5", "set", jobs=1)
    np.testing.assert_array_equal(report.dataset.images, np.delete(LENSES, 4, axis=0))
    assert list(report.skipped) == ["set.h5:lens_4"]
