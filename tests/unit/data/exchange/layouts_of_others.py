"""Folders and files as others keep data sets, and what an import must make of them: a case is one line of `CASES`.

Where a set holds out lenses itself, whatever way it says so, none of them may be for training.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.unit.data.exchange.makers_of_layouts import (
    LABELS,
    PARTS,
    STACK,
    arrays,
    beside_each_other,
    both,
    challenge,
    files,
    four_in,
    hdf5_of_keras,
    hdf5_of_links,
    hdf5_of_records,
    hdf5_with_scale,
    hdus,
    in_folds,
    in_json,
    in_parquet,
    lens_folders,
    links,
    named,
    named_four,
    npy_files,
    pairs,
    records,
    save,
    table,
    texts,
)
from tests.unit.data.images.files_of_others import mat, objects

HELD_OUT = {("class_0", "train"): 4, ("class_1", "train"): 4, ("class_0", "test"): 2, ("class_1", "test"): 2}
LENSES = {("lens", "train"): 3, ("nonlens", "train"): 3, ("lens", "test"): 2, ("nonlens", "test"): 2}


@dataclass(frozen=True)
class Case:
    """How a folder is made, the lenses of each class and split that an import plans, or words of the refusal, and of the notes.

    Attributes:
        source: what is imported, from the folder that `make` fills.
        pairs: whether LR/HR pairs are found.
    """

    make: Callable[[Path], None]
    lenses: dict[tuple[str, str], int] | None = None
    words: str = ""
    source: str = ""
    pairs: bool = False


X_AND_Y = {"X_train": STACK[:8], "y_train": LABELS[:8], "X_test": STACK[8:], "y_test": LABELS[8:]}
FOUR = (("train_{}", 3), ("test_{}", 2))


def four(lens: str, other: str) -> Callable[[Path], None]:
    return files(*[(part.format(name), n) for part, n in FOUR for name in (lens, other)])


CASES = {
    "train_lenses, train_nonlenses, test_lenses, test_nonlenses": Case(four("lenses", "nonlenses"), LENSES),
    "lenses_train": Case(files(("lenses_train", 3), ("nonlenses_train", 3), ("lenses_test", 2), ("nonlenses_test", 2)), LENSES),
    "trainLenses": Case(files(("trainLenses", 3), ("trainNonLenses", 3), ("testLenses", 2), ("testNonLenses", 2)), LENSES),
    "training_set_lens": Case(
        files(("training_set_lens", 3), ("training_set_nonlens", 3), ("test_set_lens", 2), ("test_set_nonlens", 2)), LENSES
    ),
    "train, heldout": Case(files(("train/lens", 3), ("train/nonlens", 3), ("held-out/lens", 2), ("held-out/nonlens", 2)), LENSES),
    "classes above splits": Case(files(("lens/train", 3), ("nonlens/train", 3), ("lens/test", 2), ("nonlens/test", 2)), LENSES),
    "Model_II beside Model_II_test": Case(
        files(("Model_II/cdm", 3), ("Model_II/no_sub", 3), ("Model_II_test/cdm", 2), ("Model_II_test/no_sub", 2)),
        {("cdm", "train"): 3, ("no_sub", "train"): 3, ("cdm", "test"): 2, ("no_sub", "test"): 2},
    ),
    "Model_II_test alone": Case(
        files(("Model_II_test/cdm", 2), ("Model_II_test/no_sub", 2)), {("cdm", "test"): 2, ("no_sub", "test"): 2},
        "named for test", "Model_II_test",
    ),
    "a stack in a folder called test": Case(
        lambda root: save(root / "test/images.npy", STACK), {("unknown", "test"): 12}, "named for test", "test/images.npy"
    ),
    "ModelII beside ModelIITest": Case(
        files(("ModelII/cdm", 3), ("ModelII/no_sub", 3), ("ModelIITest/cdm", 2), ("ModelIITest/no_sub", 2)),
        {("cdm", "train"): 3, ("no_sub", "train"): 3, ("cdm", "test"): 2, ("no_sub", "test"): 2},
    ),
    "splits and classes in the names of files": Case(named_four("{}_{}_{{}}"), LENSES),
    "the same, the other way round": Case(named_four("{1}-{{}}-{0}"), LENSES),
    "classes in the names of files under splits": Case(named_four("{}/{}_{{}}"), LENSES),
    "held-out files beside others without a word": Case(
        named(("{}", 6), ("test_{}", 2)), {("unknown", "train"): 6, ("unknown", "test"): 2}
    ),
    "files of lenses alone are of no class": Case(named(("lens_{}", 3)), {("unknown", ""): 3}),
    "a stack a split and class": Case(
        npy_files(train_lenses=STACK[:7], train_nonlenses=STACK[:8], test_lenses=STACK[:5], test_nonlenses=STACK[:6]),
        {("lens", "train"): 7, ("nonlens", "train"): 8, ("lens", "test"): 5, ("nonlens", "test"): 6},
    ),
    "a file named after a task": Case(npy_files(axion_mass_regression=STACK), {("unknown", ""): 12}),
    "two models": Case(files(("Model_I/cdm", 2), ("Model_I/axion", 2), ("Model_II/cdm", 2)), None, "several data sets"),
    "X_train beside X_test": Case(npy_files(**X_AND_Y), HELD_OUT),
    "x_train and x_test in one file": Case(arrays(**{key.lower(): value for key, value in X_AND_Y.items()}), HELD_OUT),
    "train_test_split.npz": Case(
        lambda root: np.savez(root / "train_test_split.npz", **X_AND_Y), HELD_OUT, source="train_test_split.npz"
    ),
    "a column of splits in words": Case(arrays(images=STACK, labels=LABELS, split=PARTS), HELD_OUT),
    "a flag is_test": Case(arrays(images=STACK, labels=LABELS, is_test=PARTS == "test"), HELD_OUT),
    "a flag train_mask": Case(arrays(images=STACK, labels=LABELS, train_mask=(PARTS == "train").astype(int)), HELD_OUT),
    "indices of splits": Case(
        arrays(images=STACK, labels=LABELS, train_idx=np.arange(10), test_idx=np.arange(8, 12)), HELD_OUT
    ),
    "splits as numbers": Case(
        arrays(images=STACK, labels=LABELS, split=(PARTS == "test").astype(int)),
        {("class_0", "test"): 6, ("class_1", "test"): 6}, "nobody can know",
    ),
    "a table with a column of splits": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "split='train' if k<8 else 'test'"))), HELD_OUT,
        "labels.csv",
    ),
    "a table that says some splits": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "set='train' if k<8 else ''"))),
        {("class_0", "train"): 4, ("class_1", "train"): 4, ("class_0", ""): 2, ("class_1", ""): 2},
    ),
    "a table with a flag": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "is_train=int(k<8)"))), HELD_OUT
    ),
    "a table a split": Case(
        both(files(("train", 4), ("test", 2)),
             texts(train__csv=table(4, "label='AB'[k%2]"), test__csv=table(2, "label='BA'[k%2]"))),
        {("A", "train"): 2, ("B", "train"): 2, ("A", "test"): 1, ("B", "test"): 1},
    ),
    "files told apart by their folders in a table": Case(
        both(files(("a", 3), ("b", 3)), texts(set__csv=table(3, "split='test'", path="a/{}.npy"))),
        {("a", "test"): 3, ("b", ""): 3},
    ),
    "a list of held-out files": Case(
        both(files(("a", 4), ("b", 4)), texts(test__txt="a/1.npy\nb/2.npy\n")),
        {("a", ""): 3, ("b", ""): 3, ("a", "test"): 1, ("b", "test"): 1}, "test.txt",
    ),
    "lists of files in tables without a head": Case(
        both(files(("images", 6)), texts(train__csv="0.npy,A\n1.npy,B\n2.npy,A", val__csv="3.npy,A", test__csv="4.npy\n0.npy")),
        {("unknown", "train"): 2, ("unknown", "validation"): 1, ("unknown", "test"): 2, ("unknown", ""): 1},
    ),
    "a table in the order of a stack": Case(
        both(npy_files(images=STACK), texts(meta__csv="\n".join(["label,split", *(f"{k % 2},{PARTS[k]}" for k in range(12))]))),
        HELD_OUT, "meta.csv",
    ),
    "a list of held-out pairs": Case(
        both(pairs("{}"), texts(test__txt="sample1.npy")), {("unknown", ""): 1, ("unknown", "test"): 1}, pairs=True
    ),
    "a log of training is no list": Case(
        both(files(("images", 6)), texts(train_log__csv="epoch,loss\n" + "\n".join(f"{k},0.{k}" for k in range(6)))),
        {("unknown", ""): 6},
    ),
    "files beside train and val": Case(
        files((".", 2), ("train", 3), ("val", 2)), {("unknown", "train"): 3, ("unknown", "validation"): 2, ("unknown", ""): 2}
    ),
    "splits in the middle of names": Case(
        pairs("DIV_train_{}_x2", "DIV_valid_{}_x2"), {("unknown", "train"): 2, ("unknown", "validation"): 2}, pairs=True
    ),
    "challenge, Band1 ...": Case(challenge("Band1", "Band2"), {("nonlens", ""): 2, ("lens", ""): 2}, "2 bands"),
    "challenge, Bandg ...": Case(challenge("Bandg", "Bandr", "Bandi"), {("nonlens", ""): 2, ("lens", ""): 2}, "3 bands"),
    "a folder a lens and a table of them": Case(lens_folders, {("A", ""): 2, ("B", ""): 2}, "lenses.csv names the lenses"),
    "Test III in its folder": Case(
        both(files(("Test III/lens_data", 4)), lambda root: save(root / "Test III/y.npy", np.linspace(1, 2, 4)),
             lambda root: (root / "Test III/train description.csv").write_text(table(4, "mass=1.0+k"))),
        {("unknown", ""): 4}, "y.npy",
    ),
    "classes in words": Case(
        files(("No Substructure", 2), ("subhalo", 2), ("vortex", 2)), {("no_sub", ""): 2, ("cdm", ""): 2, ("axion", ""): 2}
    ),
    "y_train beside images alone": Case(arrays(images=STACK, y_train=LABELS), {("class_0", ""): 6, ("class_1", ""): 6}),
    "y before y_pred": Case(npy_files(X=STACK, y=LABELS, y_pred=1 - LABELS, y_prob=STACK[:, 0, :2]),
                            {("class_0", ""): 6, ("class_1", ""): 6}),
    "labels of which some are not known": Case(
        arrays(images=STACK, y=np.where(np.arange(12) < 3, np.nan, LABELS)),
        {("unknown", ""): 3, ("class_0", ""): 4, ("class_1", ""): 5},
    ),
    "labels of another length": Case(
        arrays(images=STACK, y=LABELS[:9]), {("unknown", ""): 12}, "y has 9 entries for the 12 images"
    ),
    "a column lens_class": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "lens_class=k%2"))), {("class_0", ""): 6, ("class_1", ""): 6}
    ),
    "labels under another name": Case(arrays(images=STACK, morphology=LABELS), {("unknown", ""): 12}, "morphology"),
    "labels from -1": Case(arrays(images=STACK, labels=LABELS - 1), None, "set/labels: Labels are numbers from -1"),
    "pixel scale and splits of a stack": Case(hdf5_with_scale, HELD_OUT),
    "links out of a file": Case(hdf5_of_links, None, "a link to part.h5", "set.h5"),
    "one picture": Case(files((".", 1), ending="tif"), {("unknown", ""): 1}, source="0.tif"),
    "plots beside class folders": Case(
        both(files(("no", 2), ("sphere", 2)), files(("plots", 2), ending="png")), {("no_sub", ""): 2, ("cdm", ""): 2}, "plots/"
    ),
    "a stack beside plots": Case(
        both(npy_files(X=STACK, y=LABELS), files(("figures", 2), ending="png")), {("class_0", ""): 6, ("class_1", ""): 6},
        "figures/",
    ),
    "plots of the size of the images beside class folders": Case(
        files(("no", 2), ("sphere", 2), ("plots", 2), ("my results", 1), ending="png"),
        {("no_sub", ""): 2, ("cdm", ""): 2}, "plots/",
    ),
    "arrays of results beside class folders": Case(
        both(files(("no", 2), ("sphere", 2)), lambda root: save(root / "results/confusion.npy", np.eye(16))),
        {("no_sub", ""): 2, ("cdm", ""): 2}, "results/",
    ),
    "a stack beside figures in TIFF": Case(
        both(npy_files(X=STACK, y=LABELS), files(("shown", 3), ending="tif")), {("class_0", ""): 6, ("class_1", ""): 6}, "shown/"
    ),
    "a stack beside its PSF and noise": Case(
        npy_files(images=STACK, labels=LABELS, psf=STACK[0], noise=STACK[1]), {("class_0", ""): 6, ("class_1", ""): 6}
    ),
    "images and noiseless ones": Case(
        arrays(images=STACK, images_noiseless=STACK, y=LABELS), {("class_0", ""): 6, ("class_1", ""): 6}
    ),
    "the image, its model and residual": Case(hdus("MODEL", "RESIDUAL", "ORIGINAL"), {("unknown", ""): 1}, "", "a.fits"),
    "noise and flags alone": Case(hdus("ERR", "DQ"), None, "no image", "a.fits"),
    "weights of Keras": Case(hdf5_of_keras, None, "Keras", "set.h5"),
    "five planes a file": Case(
        lambda root: [save(root / f"{k}.npy", STACK[:5]) for k in range(3)], None, "NHW or CHW.*2 more are of that kind"
    ),
    "LR and HR of six lenses": Case(
        arrays(lr=STACK[:6, ::2, ::2], hr=STACK[:6]), {("unknown", ""): 6}, source="set.npz", pairs=True
    ),
    "LR and HR": Case(pairs("{}"), {("unknown", ""): 2}, pairs=True),
    "LR/class and HR/class": Case(pairs("{}/cdm", "{}/axion"), {("cdm", ""): 2, ("axion", ""): 2}, pairs=True),
    "class/LR and class/HR": Case(pairs("cdm/{}", "axion/{}"), {("cdm", ""): 2, ("axion", ""): 2}, pairs=True),
    "pairs side by side": Case(beside_each_other, {("unknown", ""): 3}, pairs=True),
    "two sets of pairs": Case(pairs("hst/{}", "euclid/{}"), None, "several sets of pairs: euclid, hst"),
    "input and target": Case(pairs("{}", low="input", high="target"), {("unknown", ""): 2}, "input/ and target/", pairs=True),
    "x and y, by split": Case(
        pairs("train/{}", "test/{}", low="x", high="y"), {("unknown", "train"): 2, ("unknown", "test"): 2}, "2 times", pairs=True
    ),
    "LQ and GT": Case(pairs("{}", low="LQ", high="GT"), {("unknown", ""): 2}, pairs=True),
    "input and target of one size": Case(files(("input", 2), ("target", 2)), None, "16x16 and 16x16 pixels are none"),
    "input and target of other names": Case(files(("input", 2), ("target", 3)), None, "1 of their files are in only one"),
    "inputs and targets in a file": Case(
        arrays(inputs=STACK[:, ::2, ::2], targets=STACK), {("unknown", ""): 12}, source="set.npz", pairs=True
    ),
    "x and y as arrays": Case(
        npy_files(x=STACK[:, ::2, ::2], y=STACK), {("unknown", ""): 12}, pairs=True
    ),
    "train_LR beside test_LR": Case(
        pairs("train_{}", "test_{}"), {("unknown", "train"): 2, ("unknown", "test"): 2}, pairs=True
    ),
    "traindata, testdata": Case(four_in("traindata", "testdata"), LENSES),
    "tr, te": Case(four_in("tr", "te"), LENSES),
    "trn, tst": Case(four_in("trn", "tst"), LENSES),
    "1_train, 2_test": Case(four_in("1_train", "2_test"), LENSES),
    "train_2021, test_2022": Case(four_in("train_2021", "test_2022"), LENSES),
    "train, test_all": Case(four_in("train", "test_all"), LENSES),
    "trainA, testA": Case(four_in("trainA", "testA"), LENSES),
    "lens_tr, lens_te": Case(files(("lens_tr", 3), ("nonlens_tr", 3), ("lens_te", 2), ("nonlens_te", 2)), LENSES),
    "trainlenses": Case(
        files(("trainlenses", 3), ("trainnonlenses", 3), ("testlenses", 2), ("testnonlenses", 2)), LENSES
    ),
    "dev and eval": Case(
        files(("train", 3), ("dev", 2), ("eval", 2)),
        {("unknown", "train"): 3, ("unknown", "validation"): 2, ("unknown", "test"): 2},
    ),
    "classes beside test_new": Case(
        files(("cdm", 3), ("axion", 3), ("test_new", 2)), {("cdm", "train"): 3, ("axion", "train"): 3, ("unknown", "test"): 2}
    ),
    "a split in the middle of names of files": Case(
        named(("lens_train_g_{}", 3), ("lens_test_g_{}", 2)), {("unknown", "train"): 3, ("unknown", "test"): 2}
    ),
    "one held-out file": Case(named(("{}", 5), ("test", 1)), {("unknown", "train"): 5, ("unknown", "test"): 1}),
    "Xtrain and Xtest": Case(arrays(Xtrain=STACK[:8], ytrain=LABELS[:8], Xtest=STACK[8:], ytest=LABELS[8:]), HELD_OUT),
    "X_tr beside X_te": Case(npy_files(X_tr=STACK[:8], y_tr=LABELS[:8], X_te=STACK[8:], y_te=LABELS[8:]), HELD_OUT),
    "trainimages beside testimages": Case(
        npy_files(trainimages=STACK[:8], trainlabels=LABELS[:8], testimages=STACK[8:], testlabels=LABELS[8:]), HELD_OUT
    ),
    "lists of files in JSON": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2"), splits__json=in_json("{}.npy"))), HELD_OUT,
        "splits.json",
    ),
    "indices in JSON": Case(both(npy_files(X=STACK, y=LABELS), texts(splits__json=in_json(None))), HELD_OUT, "Lists of indices"),
    "indices in a text": Case(
        both(npy_files(X=STACK, y=LABELS), texts(test_idx__txt="8\n9\n10\n11\n")),
        {("class_0", ""): 4, ("class_1", ""): 4, ("class_0", "test"): 2, ("class_1", "test"): 2},
    ),
    "numbers of held-out files": Case(
        both(files(("images", 6)), texts(test_ids__txt="4\n5")), {("unknown", ""): 4, ("unknown", "test"): 2}
    ),
    "a list of what is held out of train": Case(
        both(files(("train", 6)), texts(val__txt="4.npy\n5.npy")), {("unknown", "train"): 4, ("unknown", "validation"): 2}
    ),
    "a list beside a table of splits": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "split='train'"),
                                          heldout__txt="8.npy\n9.npy\n10.npy\n11.npy")), HELD_OUT,
    ),
    "a table in Parquet": Case(both(files(("images", 12)), in_parquet), HELD_OUT, "labels.parquet"),
    "a flag in words": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "is_test=['no', 'yes'][k>=8]"))), HELD_OUT
    ),
    "splits of which some are other words": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "split='train' if k<8 else 'pool'"))),
        {("class_0", "train"): 4, ("class_1", "train"): 4, ("class_0", ""): 2, ("class_1", ""): 2},
    ),
    "splits as numbers in a table": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "split=int(k>=8)"))),
        {("class_0", "test"): 6, ("class_1", "test"): 6}, "nobody can know",
    ),
    "a table of a few lenses with their splits": Case(
        both(files(("images", 12)), texts(some__csv=table(12, "split='test'", first=9))),
        {("unknown", ""): 9, ("unknown", "test"): 3}, "some.csv",
    ),
    "links to held-out files": Case(links, {("cdm", ""): 2, ("unknown", "test"): 1, ("cdm", "test"): 1}, "links to others"),
    "lists in YAML": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2"), splits__yaml=in_json("{}.npy"))), HELD_OUT,
        "splits.yaml",
    ),
    "lists in block YAML": Case(
        both(files(("images", 4)), texts(splits__yml="train:\n  - 0.npy\n  - 1.npy\ntest: [2.npy, 3.npy]\n")),
        {("unknown", "train"): 2, ("unknown", "test"): 2},
    ),
    "folds of a cross-validation": Case(
        both(files(("images", 12)), texts(folds__json=in_folds("{}.npy"))),
        {("unknown", "train"): 9, ("unknown", "validation"): 3}, "3 folds of a cross-validation; the first is taken",
    ),
    "folds beside a held-out part": Case(
        both(files(("images", 12)), texts(folds__json=in_folds("{}.npy", 9, test=["9.npy", "10.npy", "11.npy"]))),
        {("unknown", "train"): 6, ("unknown", "validation"): 3, ("unknown", "test"): 3}, "3 folds",
    ),
    "folds in texts": Case(
        both(files(("images", 4)), texts(train_fold0__txt="0.npy\n1.npy", val_fold0__txt="2.npy\n3.npy",
                                         train_fold1__txt="2.npy\n3.npy", val_fold1__txt="0.npy\n1.npy")),
        {("unknown", "train"): 2, ("unknown", "validation"): 2}, "2 folds",
    ),
    "folds of indices": Case(
        both(npy_files(X=STACK), texts(folds__json=in_folds(None))), {("unknown", "train"): 9, ("unknown", "validation"): 3}
    ),
    "held-out indices of two fields": Case(
        both(npy_files(X=STACK), texts(splits__json=json.dumps({
            field: {"train": [k, k + 1], "test": [k + 8, k + 9]} for field, k in (("a", 0), ("b", 2))
        }))), {("unknown", "train"): 4, ("unknown", ""): 4, ("unknown", "test"): 4},
    ),
    "numbers of a configuration": Case(
        both(files(("images", 12)), texts(config__yaml="crop:\n  test: [4, 4]\n", labels__csv=table(12, "label=k%2"))),
        {("class_0", ""): 6, ("class_1", ""): 6},
    ),
    "YAML with references": Case(
        both(files(("images", 4)), texts(splits__yml="a: &a [0.npy]\nb: &b [*a, *a]\ntest: [*b, *b]\n")), {("unknown", ""): 4}
    ),
    "folders of folds": Case(files(("fold_0", 3), ("fold_1", 3)), {("unknown", ""): 6}),
    "a data set in each fold": Case(
        files(("fold_0/train/cdm", 2), ("fold_0/val/cdm", 2), ("fold_1/train/cdm", 2), ("fold_1/val/cdm", 2)), None,
        "several data sets: fold_0, fold_1",
    ),
    "a flag in one word": Case(arrays(images=STACK, labels=LABELS, istest=PARTS == "test"), HELD_OUT),
    "splits under any name": Case(
        both(files(("images", 12)), texts(labels__csv=table(12, "label=k%2", "role=['train', 'test'][k>=8]"))), HELD_OUT
    ),
    "indices called test": Case(
        npy_files(X=STACK, y=LABELS, test=np.arange(8, 12)),
        {("class_0", ""): 4, ("class_1", ""): 4, ("class_0", "test"): 2, ("class_1", "test"): 2},
    ),
    "records of image and label": Case(
        lambda root: np.save(root / "set.npy", records()), {("class_0", ""): 6, ("class_1", ""): 6}, source="set.npy"
    ),
    "records in an npz": Case(
        lambda root: np.savez(root / "set.npz", table=records()), {("class_0", ""): 6, ("class_1", ""): 6}, source="set.npz"
    ),
    "records in HDF5": Case(hdf5_of_records, {("class_0", ""): 6, ("class_1", ""): 6}, source="set.h5"),
    "records without an image": Case(
        lambda root: np.save(root / "set.npy", np.zeros(12, [("ra", "f8"), ("dec", "f8")])), None, "no stack", "set.npy"
    ),
    "rows of objects": Case(
        lambda root: (root / "set.npy").write_bytes(
            objects([part for k in range(12) for part in (STACK[k], k % 2)], (12, 2))
        ), {("class_0", ""): 6, ("class_1", ""): 6}, source="set.npy",
    ),
    "a dictionary of arrays": Case(
        lambda root: (root / "set.npy").write_bytes(objects([{"X": STACK, "y": LABELS}], ())),
        {("class_0", ""): 6, ("class_1", ""): 6}, source="set.npy",
    ),
    "a cube of equal sides with its labels": Case(
        npy_files(X=STACK[:, :12, :12], y=LABELS), {("class_0", ""): 6, ("class_1", ""): 6}
    ),
    "a cube of equal sides without labels": Case(npy_files(X=STACK[:, :12, :12], mean=LABELS), None, "--axes NHW or HWC"),
    "a cube of equal sides of MATLAB": Case(
        lambda root: (root / "set.mat").write_bytes(mat(X=STACK[:, :12, :12], y=LABELS)), None, "--axes NHW or HWC", "set.mat"
    ),
}  # fmt: skip
