"""Every layout that others keep lens images in is found, with its classes, splits and parameters."""

import h5py
import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from lensmae.data.exchange.layouts import describe, find_layout
from lensmae.errors import DatasetError
from tests.unit.data.originals import write_classes, write_pairs

STACK = np.random.default_rng(0).random((6, 16, 16))


def found(layout):
    return layout.lenses[["class", "split", "source_file"]].apply(tuple, axis=1).tolist()


def test_class_folders_and_their_splits(tmp_path):
    for part, name in (("train", "no"), ("val", "vort"), ("test", "sphere"), ("train", "ghosts")):
        (tmp_path / part / name).mkdir(parents=True)
        np.save(tmp_path / part / name / "1.npy", np.ones((8, 8)))
    layout = find_layout(tmp_path)
    assert found(layout) == [
        ("no_sub", "train", "train/no/1.npy"),
        ("cdm", "test", "test/sphere/1.npy"),
        ("axion", "validation", "val/vort/1.npy"),
        ("ghosts", "train", "train/ghosts/1.npy"),
    ]
    assert layout.classes == ("no_sub", "cdm", "axion", "ghosts")
    assert "2 train, 1 test, 1 validation" in describe(layout)


def test_an_archive_unpacked_one_folder_deeper_is_found(tmp_path):
    write_classes(tmp_path / "download/dataset")
    layout = find_layout(tmp_path)
    assert layout.title == "class folders"
    assert layout.lenses["source_file"][0] == "download/dataset/no_sub/no_sub_sim_0000.npy"


def test_images_right_under_the_split_folders_take_their_class_from_their_names(tmp_path):
    for part in ("train", "val"):
        (tmp_path / part).mkdir()
        np.save(tmp_path / part / "cdm_sim_1.npy", np.ones((8, 8)))
    assert found(find_layout(tmp_path)) == [
        ("cdm", "train", "train/cdm_sim_1.npy"),
        ("cdm", "validation", "val/cdm_sim_1.npy"),
    ]


def test_a_folder_of_fits_and_pictures_has_no_known_class(tmp_path):
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(STACK[0].astype(">f4"))]).writeto(tmp_path / "a.fits")
    Image.fromarray(np.uint8(255 * STACK[1])).save(tmp_path / "b.png")
    (tmp_path / "notes.txt").write_text("no image")
    assert found(find_layout(tmp_path)) == [("unknown", "", "a.fits"), ("unknown", "", "b.png")]


def test_pairs_under_train_and_val(tmp_path):
    write_pairs(tmp_path / "train", 2)
    write_pairs(tmp_path / "val", 1)
    layout = find_layout(tmp_path)
    assert layout.is_pair
    assert layout.lenses["split"].tolist() == ["train", "train", "validation"]
    assert layout.lenses["low_file"][0] == "train/LR/sample0.npy"


def test_one_stacked_file_with_labels_beside_it(tmp_path):
    np.save(tmp_path / "images.npy", STACK)
    np.save(tmp_path / "labels.npy", np.array([0, 1, 2, 0, 1, 2]))
    layout = find_layout(tmp_path, ("no_sub", "cdm", "axion"))
    assert layout.lenses["class"].tolist() == ["no_sub", "cdm", "axion"] * 2
    assert layout.lenses["source_file"][4] == "images.npy[4]"
    assert find_layout(tmp_path).lenses["class"][2] == "class_2"
    with pytest.raises(DatasetError, match="labels up to 2, and 1 class names"):
        find_layout(tmp_path, ("only",))
    assert find_layout(tmp_path / "images.npy").lenses["class"].unique().tolist() == ["unknown"]


def test_a_stack_a_class_in_a_folder_each_or_by_name(tmp_path):
    for name in ("no_sub", "cdm"):
        (tmp_path / "folders" / name).mkdir(parents=True)
        # Six planes may be bands.
        np.save(tmp_path / "folders" / name / "all.npy", np.concatenate([STACK, STACK]))
    (tmp_path / "named").mkdir()
    for name in ("no_sub", "cdm"):
        np.save(tmp_path / "named" / f"train_{name}.npy", np.concatenate([STACK, STACK])[:, None])
    for folder in ("folders", "named"):
        layout = find_layout(tmp_path / folder)
        assert layout.title == "stack"
        assert layout.lenses["class"].value_counts().to_dict() == {"no_sub": 12, "cdm": 12}
    assert layout.has_splits


def test_npz_with_splits_labels_as_words_and_parameters(tmp_path):
    words = np.array(["cdm", "no", "vort", "cdm", "no", "vort"])
    arrays = {"x_train": STACK, "y_train": words, "x_test": STACK[:2], "y_test": words[:2], "theta_E": np.arange(6.0)}
    np.savez_compressed(tmp_path / "lenses.npz", **arrays)
    lenses = find_layout(tmp_path / "lenses.npz").lenses
    assert lenses["class"].tolist() == ["cdm", "no_sub", "axion", "cdm", "no_sub", "axion", "cdm", "no_sub"]
    assert lenses["split"].tolist() == ["train"] * 6 + ["test"] * 2
    assert lenses["source_file"][7] == "lenses.npz:x_test[1]"


def test_hdf5_groups_are_classes_one_hot_labels_are_read_and_masses_are_kept(tmp_path):
    with h5py.File(tmp_path / "set.h5", "w") as file:
        file["no/images"] = STACK
        file["axion/images"] = STACK[:5]
        file["axion/mass"] = np.logspace(-24, -22, 5)
    lenses = find_layout(tmp_path / "set.h5").lenses
    assert lenses["class"].value_counts().to_dict() == {"no_sub": 6, "axion": 5}
    np.testing.assert_allclose(lenses.loc[lenses["class"] == "axion", "axion_mass_ev"], np.logspace(-24, -22, 5))
    with h5py.File(tmp_path / "hot.h5", "w") as file:
        file["images"], file["labels"] = STACK, np.eye(3)[[2, 1, 0, 0, 1, 2]]
    assert find_layout(tmp_path / "hot.h5").lenses["class"][0] == "class_2"


def test_hdf5_with_one_image_a_lens_and_labels_as_variable_texts(tmp_path):
    with h5py.File(tmp_path / "set.h5", "w") as file:
        for place in range(3):
            file[f"cdm/lens{place}"] = STACK[place]
    assert len(find_layout(tmp_path / "set.h5").lenses) == 3
    with h5py.File(tmp_path / "text.h5", "w") as file:
        file["images"] = STACK
        file.create_dataset("labels", data=["cdm"] * 6, dtype=h5py.string_dtype())
    assert find_layout(tmp_path / "text.h5").classes == ("cdm",)


def test_stacked_pairs(tmp_path):
    np.savez(tmp_path / "pairs.npz", LR=STACK[:, ::2, ::2], HR=STACK)
    layout = find_layout(tmp_path / "pairs.npz")
    assert layout.is_pair
    assert len(layout.lenses) == 6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: None, "class folders"),
        (lambda folder: (folder / "lens.fits").write_bytes(b"x") and (folder / "dataset.json").write_text("{}"), "already"),
        (lambda folder: write_pairs(folder) or (folder / "HR/sample1.npy").unlink(), r"sample1\.npy"),
    ],
)
def test_what_is_no_data_set_says_what_is_needed(tmp_path, make, message):
    make(tmp_path)
    with pytest.raises(DatasetError, match=message):
        find_layout(tmp_path)


def test_missing_sources_and_damaged_single_files_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="no folder or file"):
        find_layout(tmp_path / "nothing")
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"a\.png was not read: it is empty"):
        find_layout(tmp_path / "a.png")
    np.save(tmp_path / "numbers.npy", np.arange(9))
    with pytest.raises(DatasetError, match="holds no stack"):
        find_layout(tmp_path / "numbers.npy")


def save_all(folder, n, suffix="npy"):
    folder.mkdir(parents=True)
    for place in range(n):
        if suffix == "png":
            Image.fromarray(np.uint8(255 * STACK[0])).save(folder / f"{place}.png")
        else:
            np.save(folder / f"{place}.npy", STACK[place % 6])


def splits_of(layout):
    return layout.lenses.groupby(["class", "split"]).size().to_dict()


def test_splits_within_names_of_folders_are_kept_and_no_test_lens_is_for_training(tmp_path):
    for part, n in (("train", 5), ("test", 2)):
        for kind in ("lenses", "nonlenses"):
            save_all(tmp_path / f"{part}_{kind}", n)
    assert splits_of(find_layout(tmp_path)) == {
        ("lens", "train"): 5, ("lens", "test"): 2, ("nonlens", "train"): 5, ("nonlens", "test"): 2
    }  # fmt: skip


@pytest.mark.parametrize("names", [("Model_II", "Model_II_test"), ("train-II", "test-II"), ("II_train", "II_testing")])
def test_a_set_beside_its_test_set_is_for_training(tmp_path, names):
    for name, n in zip(names, (4, 3), strict=True):
        for kind in ("axion", "cdm", "no_sub"):
            save_all(tmp_path / "datasets" / name / kind, n)
    found = splits_of(find_layout(tmp_path))
    assert found == {(kind, part): n for kind in ("axion", "cdm", "no_sub") for part, n in (("train", 4), ("test", 3))}


def test_two_data_sets_in_one_folder_are_named(tmp_path):
    for name in ("Model_I", "Model_II"):
        save_all(tmp_path / name / "cdm", 2)
        save_all(tmp_path / name / "no_sub", 2)
    with pytest.raises(DatasetError, match="Model_I, Model_II"):
        find_layout(tmp_path)


def test_plots_beside_a_stack_or_class_folders_are_ignored_and_listed(tmp_path):
    (tmp_path / "stack").mkdir()
    np.save(tmp_path / "stack/X.npy", STACK)
    np.save(tmp_path / "stack/y.npy", np.arange(6) % 3)
    for place in range(9):
        (tmp_path / "stack/figures").mkdir(exist_ok=True)
        Image.new("L", (40, 30)).save(tmp_path / f"stack/figures/{place}.png")
    layout = find_layout(tmp_path / "stack")
    assert len(layout.lenses) == 6
    assert layout.lenses["class"][4] == "class_1"
    assert layout.ignored == ("figures/ (9 files)",)
    for kind in ("no", "sphere", "vort"):
        save_all(tmp_path / "pictures" / kind, 2, "png")
    (tmp_path / "pictures/plots").mkdir()
    Image.new("L", (40, 30)).save(tmp_path / "pictures/plots/loss.png")
    layout = find_layout(tmp_path / "pictures")
    assert layout.classes == ("no_sub", "cdm", "axion")
    assert layout.ignored == ("plots/ (1 files)",)


@pytest.mark.parametrize("n", [3, 20, 80])
def test_one_lens_of_four_bands_a_file_is_one_however_many_files_there_are(tmp_path, n):
    for place in range(n):
        np.savez(tmp_path / f"{place}.npz", image=np.repeat(STACK[0][..., None], 4, 2), is_lens=place % 2)
    layout = find_layout(tmp_path)
    assert len(layout.lenses) == n
    assert layout.title == "folder of images"


@pytest.mark.parametrize("key", ["y", "Y", "labels", "targets", "target", "ans", "class", "ground_truth"])
def test_labels_under_any_usual_name_are_classes(tmp_path, key):
    np.savez(tmp_path / "images_and_labels_of_axion_mass.npz", **{"images": STACK, key: np.arange(6) % 2})
    assert find_layout(tmp_path / "images_and_labels_of_axion_mass.npz").classes == ("class_0", "class_1")


def test_whole_numbers_that_are_no_labels_by_name_are_said(tmp_path):
    np.savez(tmp_path / "a.npz", images=STACK, foo=np.arange(6) % 2)
    (note,) = find_layout(tmp_path / "a.npz").notes
    assert "a/foo of 6 entries was not used" in note


def test_bands_in_folders_of_their_own_with_a_table_of_labels(tmp_path):
    for band in "123":
        (tmp_path / f"Band{band}").mkdir()
        for place in range(4):
            fits.PrimaryHDU(STACK[place] * int(band)).writeto(tmp_path / f"Band{band}" / f"imageSDSS_R-{100000 + place}.fits")
    rows = "".join(f"{100000 + place},{place % 2},{place / 10}\n" for place in range(4))
    (tmp_path / "classifications.csv").write_text(f"# of the challenge\nID,is_lens,Einstein_area\n{rows}")
    layout = find_layout(tmp_path)
    assert layout.bands == ("Band1", "Band2", "Band3")
    assert layout.lenses["class"].value_counts().to_dict() == {"lens": 2, "nonlens": 2}
    assert sorted(layout.lenses["Einstein_area"]) == [0.0, 0.1, 0.2, 0.3]


def test_companions_of_images_are_no_lenses(tmp_path):
    for place in range(2):
        for tail in ("data", "noise_map", "psf"):
            fits.PrimaryHDU(STACK[place]).writeto(tmp_path / f"a{place}_{tail}.fits")
    layout = find_layout(tmp_path)
    assert layout.lenses["source_file"].tolist() == ["a0_data.fits", "a1_data.fits"]
    assert layout.beside["a0_data.fits"] == {"noise": "a0_noise_map.fits", "psf": "a0_psf.fits"}


def test_groups_with_a_label_each_and_lenses_along_the_last_axis(tmp_path):
    with h5py.File(tmp_path / "groups.h5", "w") as file:
        for place in range(6):
            group = file.create_group(f"lens_{place:04}")
            group["image"] = STACK[place][..., None]
            group.attrs["label"] = place % 3
    assert find_layout(tmp_path / "groups.h5").lenses["class"].tolist() == ["class_0", "class_1", "class_2"] * 2
    np.savez(tmp_path / "last.npz", images=np.moveaxis(np.tile(STACK, (5, 1, 1)), 0, -1), y=np.arange(30) % 3)
    assert len(find_layout(tmp_path / "last.npz").lenses) == 30


def test_pairs_whose_names_say_their_resolution(tmp_path):
    for part, side in (("LR", 8), ("HR", 16)):
        (tmp_path / part).mkdir()
        for place in range(3):
            np.save(tmp_path / part / f"{part}_{place}.npy", np.ones((side, side)))
    assert find_layout(tmp_path).lenses["low_file"].tolist() == ["LR/LR_0.npy", "LR/LR_1.npy", "LR/LR_2.npy"]
