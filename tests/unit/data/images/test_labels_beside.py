"""Labels in files beside an npy file say which axis is that of lenses, for every reader as for an import."""

import numpy as np
import pytest

from lensmae.data import plan_import
from lensmae.data.images import guarded_reader, labels_beside, reader
from lensmae.errors import ImageReadError
from lensmae.evaluation.images.sources import without_companions

LENSES = np.random.default_rng(2).random((24, 24, 24)).astype(np.float32)


def save(folder, **arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


# Of four planes the file's own name, of five or six nothing, of 24 not even the shape says that they are lenses.
@pytest.mark.parametrize("n", [4, 5, 6, 24])
@pytest.mark.parametrize("labels", ["y", "labels", "targets"])
@pytest.mark.parametrize("read", [reader, guarded_reader], ids=["here", "guarded"])
def test_an_array_is_of_as_many_lenses_as_there_are_labels_beside_it(tmp_path, n, labels, read):
    save(tmp_path, set=LENSES[:n], **{labels: np.arange(n) % 2})
    lenses = list(read.read_lenses(tmp_path / "set.npy"))
    np.testing.assert_array_equal([one.pixels for one in lenses], LENSES[:n])
    assert read.read_image(tmp_path / "set.npy", lens=n - 1).lenses == n
    assert len(plan_import(tmp_path).lenses) == n


def test_labels_of_another_length_and_the_labels_of_many_files_say_nothing(tmp_path):
    save(tmp_path, set=LENSES[:5], y=np.arange(9))
    with pytest.raises(ImageReadError, match="--axes NHW or CHW"):
        reader.read_image(tmp_path / "set.npy")
    save(tmp_path, y=np.arange(5), **{f"lens_{k}": LENSES[0] for k in range(70)})
    with pytest.raises(ImageReadError, match="--axes NHW or CHW"):
        reader.read_image(tmp_path / "set.npy")


def test_uploaded_labels_say_the_same_as_files_on_disk(tmp_path):
    save(tmp_path, set=LENSES[:5], y=np.arange(5))
    content, labels = ((tmp_path / f"{name}.npy").read_bytes() for name in ("set", "y"))
    assert reader.read_image(content, "set.npy", beside={"labels": ("y.npy", labels)}).lenses == 5


def test_labels_among_files_are_answered_for_by_no_network(tmp_path):
    save(tmp_path, X_train=LENSES[:9], y_train=np.arange(9), X_test=LENSES[:5], y_test=np.arange(5), mass=np.arange(24.0))
    files = sorted(tmp_path.glob("*.npy"))
    said = []
    assert [one.name for one in without_companions(files, said.append)] == ["X_test.npy", "X_train.npy", "mass.npy"]
    assert any("y_test.npy belongs to" in one and "X_test.npy" in one for one in said)
    assert labels_beside.labels_among(files[:1]) == {}
