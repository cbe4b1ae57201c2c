"""Further ways of saying labels and splits: tables in JSON and texts, names of arrays and folders; a case is a line of
`CASES`."""

import json
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
from astropy.table import Table

from tests.unit.data.exchange.layouts_of_others import HELD_OUT, Case
from tests.unit.data.exchange.makers_of_layouts import LABELS, PARTS, STACK, arrays, both, files, npy_files, pairs, save
from tests.unit.data.images.files_of_others import mat, tiff

ROWS = [{"file": f"{k}.npy", "label": k % 2, "split": str(PARTS[k])} for k in range(12)]
CLASSES = {("class_0", ""): 6, ("class_1", ""): 6}
PARTED = {("unknown", "train"): 8, ("unknown", "test"): 4}
LENS = {("lens", ""): 6, ("nonlens", ""): 6}
IN_FOLDER = files(("images", 12))


def lines(rows, head=""):
    return "\n".join([*([head] if head else []), *rows])


def written(name, text):
    """Twelve lenses in a folder and a text beside them."""
    return both(IN_FOLDER, lambda root: (root / name).write_text(text))


def in_bands(text):
    """Twelve lenses named by a number, in two bands, and a table of the numbers."""

    def make(root: Path) -> None:
        for k in range(12):
            for band in "gr":
                save(root / f"{100 + k}_{band}.fits", STACK[k])
        (root / "labels.csv").write_text(text)

    return make


def fits_one_hot(root: Path) -> None:
    Table({"image": STACK, "labels_onehot": np.eye(2, dtype="f4")[LABELS]}).write(root / "set.fits")


def matlab(**named):
    return lambda root: (root / "set.mat").write_bytes(mat(**named))


def narrow_pages(root: Path) -> None:
    """tifffile writes an array (16, 16, 5) as 16 pages of 16x5."""
    for k in range(3):
        (root / f"{k}.tif").write_bytes(tiff(np.repeat(STACK[k][..., None], 5, axis=2)))


def named_so(*patterns):
    """So many files of each pattern, numbered from 0."""
    return lambda root: [save(root / pattern.format(k), STACK[k]) for pattern, n in patterns for k in range(n)]


def challenge_in_parts(root: Path) -> None:
    for part, places in (("SpaceTrain", range(6)), ("SpaceTest", range(6, 10))):
        for k in places:
            for band in ("Band1", "Band2"):
                save(root / part / "Public" / band / f"image_{band}-{100 + k}.fits", STACK[k])
        (root / part / "classifications.csv").write_text(lines((f"{100 + k},{k % 2}" for k in places), "ID,is_lens"))


def tables_of_splits(ending):
    """A folder of lenses, and a table a split that names its own."""

    def make(root: Path) -> None:
        IN_FOLDER(root)
        for split in ("train", "test"):
            frame = pd.DataFrame([{"file": one["file"], "label": one["label"]} for one in ROWS if one["split"] == split])
            path = root / f"{split}.{ending}"
            if ending == "json":
                frame.to_json(path, orient="records")
            elif ending == "parquet":
                frame.to_parquet(path)
            else:
                frame.to_csv(path, index=False, sep=" " if ending == "txt" else ",")

    return make


def json_beside(lens, text):
    def make(root: Path) -> None:
        for k, one in enumerate(ROWS):
            save(root / lens.format(k), STACK[k])
            (root / text.format(k)).write_text(json.dumps({"label": one["label"], "split": one["split"], "theta_E": 1.0 + k}))

    return make


FEW = {("cdm", "train"): 5, ("axion", "train"): 5, ("cdm", "test"): 3, ("axion", "test"): 3}


def few_by_class(root: Path) -> None:
    for split, part in (("train", STACK[:5]), ("test", STACK[5:8])):
        for kind in ("cdm", "axion"):
            save(root / split / f"{kind}.npy", part)


def hdf5_with(**attributes):
    """A stack in HDF5 whose attributes say splits."""

    def make(root: Path) -> None:
        with h5py.File(root / "set.h5", "w") as file:
            file["X"], file["y"] = STACK, LABELS
            for name, value in attributes.items():
                file["X"].attrs[name] = value

    return make


# name -> folder, and what an import plans
CASES = {
    "indices in attributes of HDF5": Case(
        hdf5_with(test_indices=np.arange(8, 12)),
        {("class_0", ""): 4, ("class_1", ""): 4, ("class_0", "test"): 2, ("class_1", "test"): 2},
    ),
    "a word a lens in attributes of HDF5": Case(hdf5_with(split=[b"train"] * 8 + [b"test"] * 4), HELD_OUT),
    "indices of splits in JSON in an npz": Case(
        arrays(X=STACK, y=LABELS, splits=json.dumps({"train": [*range(8)], "test": [*range(8, 12)]})), HELD_OUT
    ),
    "a flag of two splits": Case(
        arrays(X=STACK, y=LABELS, trainval_flag=(np.arange(12) < 8).astype("u1")),
        {("class_0", "test"): 6, ("class_1", "test"): 6},
        "which nobody can know",
    ),
    "records in JSON": Case(written("meta.json", json.dumps(ROWS)), HELD_OUT, "meta.json"),
    "records in JSON, in one entry": Case(written("meta.json", json.dumps({"version": 1, "samples": ROWS})), HELD_OUT),
    "records in lines of JSON": Case(written("meta.jsonl", lines(map(json.dumps, ROWS))), HELD_OUT),
    "records by their names in JSON": Case(
        written("meta.json", json.dumps({one["file"]: {"label": one["label"], "split": one["split"]} for one in ROWS})), HELD_OUT
    ),
    "columns in JSON": Case(
        written("meta.json", json.dumps({key: [one[key] for one in ROWS] for key in ("file", "label", "split")})), HELD_OUT
    ),
    "splits by name in JSON": Case(written("splits.json", json.dumps({one["file"]: one["split"] for one in ROWS})), PARTED),
    "labels by name in YAML": Case(
        written("labels.yaml", lines(f"{one['file']}: {one['label']}" for one in ROWS)), CLASSES
    ),
    "columns of a text": Case(
        written("meta.txt", lines((f"{one['file']} {one['split']}" for one in ROWS), "file part")), PARTED
    ),
    "columns of a text without their names": Case(
        written("meta.txt", lines(f"{one['file']} {one['split']}" for one in ROWS)), PARTED
    ),
    "a CSV without names of columns": Case(written("m.csv", lines(f"{one['file']},{one['split']}" for one in ROWS)), PARTED),
    "names of columns in a comment": Case(
        written("labels.dat", lines((f"{k} {k % 2}" for k in range(12)), "# ID is_lens")), LENS
    ),
    "a column lens of 0 and 1": Case(written("m.tsv", lines((f"{k}\t{k % 2}" for k in range(12)), "objid\tlens")), LENS),
    "a table of numbers beside a file a band": Case(
        in_bands(lines((f"{100 + k};{k % 2}" for k in range(12)), "id;class")), CLASSES, "2 bands"
    ),
    "folders data.R, data.G": Case(
        files(*[(f"data.{band}", 4) for band in "RGI"], ending="fits"), {("unknown", ""): 4}, "3 bands"
    ),
    "data beside data_test": Case(
        files(("data/cdm", 3), ("data/axion", 3), ("data_test/cdm", 2), ("data_test/axion", 2)),
        {("cdm", "train"): 3, ("axion", "train"): 3, ("cdm", "test"): 2, ("axion", "test"): 2},
    ),
    "images beside test": Case(files(("images", 3), ("test", 2)), {("unknown", "train"): 3, ("unknown", "test"): 2}),
    "X_train beside X_holdout": Case(
        arrays(X_train=STACK[:8], Y_train=LABELS[:8], X_holdout=STACK[8:], Y_holdout=LABELS[8:]), HELD_OUT
    ),
    "Xtrain beside Xunseen, as files": Case(
        npy_files(Xtrain=STACK[:8], ytrain=LABELS[:8], Xunseen=STACK[8:], yunseen=LABELS[8:]), HELD_OUT
    ),
    "a few held-out lenses of MATLAB": Case(
        matlab(img_train=np.moveaxis(STACK[:8], 0, -1), img_test=np.moveaxis(STACK[8:], 0, -1)), PARTED
    ),
    "an array that is passed over": Case(arrays(images=STACK, kappa=STACK + 1, y=LABELS), CLASSES, "set/kappa (12, 16, 16)"),
    "one-hot labels by their own name": Case(arrays(images=STACK, one_hot=np.eye(2)[LABELS]), CLASSES),
    "one-hot labels in a FITS table": Case(fits_one_hot, CLASSES),
    "labels named after a class": Case(
        arrays(images=STACK, subhalo_type=LABELS), {("unknown", ""): 12}, "subhalo_type of 12 entries was not used"
    ),
    "labels of MATLAB under another name": Case(
        matlab(images=np.moveaxis(STACK[:8], 0, -1), morphology=LABELS[:8].astype(float)), {("unknown", ""): 8}, "morphology"
    ),
    "lr.npy beside hr.npy": Case(npy_files(lr=STACK[:, ::2, ::2], hr=STACK), {("unknown", ""): 12}, pairs=True),
    "x_train beside y_train, of images": Case(
        npy_files(x_train=STACK[:9, ::2, ::2], y_train=STACK[:9], x_test=STACK[9:, ::2, ::2], y_test=STACK[9:]),
        {("unknown", "train"): 9, ("unknown", "test"): 3}, pairs=True,
    ),
    "HSC beside HST": Case(
        pairs("train/{}", "test/{}", low="HSC", high="HST"), {("unknown", "train"): 2, ("unknown", "test"): 2}, "2 times",
        pairs=True,
    ),
    "128 beside 64": Case(pairs("{}", low="64", high="128"), {("unknown", ""): 2}, "64/ and 128/", pairs=True),
    "two folders of the same names and sizes": Case(files(("a", 3), ("b", 3)), {("a", ""): 3, ("b", ""): 3}),
    "a row of numbers beside one image": Case(npy_files(cube=STACK[0], z=np.zeros(1)), {("unknown", ""): 1}, "z.npy"),
    "cls": Case(arrays(images=STACK, cls=LABELS), CLASSES),
    "numbers named after two splits": Case(
        arrays(images=STACK, y=LABELS, train_test=np.arange(12) // 8), {("class_0", "test"): 6, ("class_1", "test"): 6},
        "nobody can",
    ),
    "TIFF of five bands in narrow pages": Case(narrow_pages, {("unknown", ""): 3}),
    "splits with points in names": Case(
        named_so(("{}.train.npy", 8), ("{}.test.npy", 4)), PARTED
    ),
    "splits joined to words and numbers": Case(named_so(("trainlens{}.npy", 8), ("testlens{}.npy", 4)), PARTED),
    "a challenge in two parts, each with its table": Case(challenge_in_parts, {
        ("nonlens", "train"): 3, ("lens", "train"): 3, ("nonlens", "test"): 2, ("lens", "test"): 2}, "2 bands",
    ),
    "tables of the two splits, JSON": Case(tables_of_splits("json"), HELD_OUT),
    "tables of the two splits, Parquet": Case(tables_of_splits("parquet"), HELD_OUT),
    "tables of the two splits, columns of a text": Case(tables_of_splits("txt"), HELD_OUT),
    "a JSON beside each lens": Case(json_beside("{}.npy", "{}.json"), HELD_OUT),
    "a JSON in the folder of each lens": Case(json_beside("lens_{}/image.npy", "lens_{}/info.json"), HELD_OUT),
    "one JSON in a folder of a few lenses": Case(
        both(files((".", 3)), lambda root: (root / "info.json").write_text('{"split": "train", "label": 1}')),
        {("unknown", ""): 3},
    ),
    "names of held-out files in npy": Case(
        both(IN_FOLDER, npy_files(test_files=np.array([f"{k}.npy" for k in range(8, 12)]))),
        {("unknown", ""): 8, ("unknown", "test"): 4},
    ),
    "numbers of files in an npz": Case(
        both(IN_FOLDER, lambda root: np.savez(root / "splits.npz", train=np.arange(8), test=np.arange(8, 12))), PARTED
    ),
    "a file a class of a few lenses, by split": Case(few_by_class, FEW),
    "an array a class of a few lenses, by split": Case(
        arrays(train_cdm=STACK[:5], train_axion=STACK[:5], test_cdm=STACK[5:8], test_axion=STACK[5:8]), FEW
    ),
    "a stack beside one for tests": Case(
        npy_files(modelII=STACK[:8], modelII_test=STACK[8:]), {("unknown", ""): 8, ("unknown", "test"): 4}
    ),
}  # fmt: skip
