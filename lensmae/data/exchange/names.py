"""Names that published data sets give to classes, splits, labels and bands."""

import re
from collections.abc import Mapping, Sequence

from lensmae.data.split_words import LONG_SPLITS, SPLIT_NAMES

CLASS_NAMES = {
    "no": "no_sub",
    "no_sub": "no_sub",
    "nosub": "no_sub",
    "no_substructure": "no_sub",
    "nosubstructure": "no_sub",
    "no_subhalo": "no_sub",
    "cdm": "cdm",
    "sphere": "cdm",
    "subhalo": "cdm",
    "subhalos": "cdm",
    "axion": "axion",
    "vort": "axion",
    "vortex": "axion",
    "vortices": "axion",
}
# Of lens finding: names of folders and of the values of a column `is_lens`.
LENS_NAMES = dict.fromkeys(("lens", "lenses", "is_lens"), "lens") | dict.fromkeys(
    ("nonlens", "nonlenses", "non_lens", "non_lenses", "notlens", "not_lens", "nolens", "no_lens", "nonlensed"), "nonlens"
)
# What is written without a sign before or behind a split: `testdata`, `Xtrain`, `yte`.
_BEFORE_SPLITS = ("x", "y", "images", "image", "imgs", "img", "data", "labels", "label")
_BEHIND_SPLITS = ("set", "sets", "data", "dataset", "images", "image", "imgs", "img", "samples", "files", "labels", "x", "y")
_BEHIND = frozenset((*_BEHIND_SPLITS, *CLASS_NAMES, *LENS_NAMES)) - {"set"}
# `Test III` of DeepLense is the name of a task.
_TASK = re.compile(r"(?:^|[^A-Za-z])Test[ _-]?(?:I{1,3}|IV|VI{0,3}|IX)(?![A-Za-z])")
# Of columns and arrays that say the split of every lens.
SPLIT_COLUMNS = frozenset(("split", "splits", "set", "subset", "partition", "usage", "phase"))
UNKNOWN = "unknown"
MAX_CLASS_NAME = 64
# Letters of any script, digits, and what stands between words; nothing that is markup anywhere.
_ODD = re.compile(r"[^\w .,+\-/()]")
LABELS = frozenset(
    ("label", "labels", "y", "class", "classes", "kind", "target", "targets", "ans", "answer", "answers", "truth", "ground_truth",
     "gt", "category", "categories", "is_lens", "islens", "lensed", "cls", "lbl", "lbls", "onehot", "one_hot", "one_hots")
)  # fmt: skip
# An array or a column of what a network said is no label.
_PREDICTED = frozenset(
    ("pred", "preds", "predicted", "prediction", "predictions", "prob", "probs", "probability", "score", "scores", "logit",
     "logits", "hat", "names", "params")
)  # fmt: skip
MASSES = frozenset(("mass", "masses", "axion_mass", "axion_masses", "axion_mass_ev"))
LOW = frozenset(("lr", "low", "lowres", "low_res", "low_resolution"))
HIGH = frozenset(("hr", "high", "highres", "high_res", "high_resolution"))
# Of super-resolution, but of other tasks as well: they are such where the second has a whole multiple of the pixels of the first.
INPUTS = frozenset(("input", "inputs", "in", "x", "lq", "lr", "source", "low", "blurred", "degraded"))
TARGETS = frozenset(
    ("target", "targets", "output", "outputs", "out", "y", "gt", "hq", "hr", "truth", "ground_truth", "high", "sharp")
)
# Folders that say nothing of their content.
_GENERIC = frozenset(
    ("image", "images", "img", "imgs", "data", "dataset", "files", "npy", "npz", "fits", "png", "samples", "stamps", "cutouts")
)
_ENDING = re.compile(r"(?i)\.\w{2,5}(\.(gz|bz2|xz|fz|zip))?$")
_FOLDS = re.compile(r"(?i)(?:k?fold|cv)[_ -]?\d+")
_OUTPUTS = frozenset(
    ("plot", "plots", "figure", "figures", "fig", "figs", "preview", "previews", "thumbnail", "thumbnails", "result", "results",
     "log", "logs", "run", "runs", "weights", "checkpoint", "checkpoints", "ckpt", "model", "models", "saved",
     "prediction", "predictions", "graph", "graphs", "docs", "notebooks")
)  # fmt: skip
_BESIDE_OUTPUTS = frozenset(("my", "new", "old", "final", "training", "test", "val", "saved"))
_BAND = re.compile(
    r"(?i)(?:[a-z]+[_.-])?(?:band[_-]?(?:\d+|[a-z])|channel[_-]?\d+|[ugrizy]|vis|nir[_-]?[yjhk]|[jhk]s?|f\d{3,4}[a-z]{1,2}\d?)$"
)


def class_name(name: str) -> str:
    """Our name of a class; one that is neither DeepLense's nor of lens finding stays as it is, but for signs that no name of a
    class has."""
    plain = _ODD.sub("_", name.strip())[:MAX_CLASS_NAME].rstrip()
    key = plain.lower()
    joined = re.sub(r"[ -]+", "_", key)
    return CLASS_NAMES.get(joined) or LENS_NAMES.get(joined) or plain or UNKNOWN


def is_label(name: str) -> bool:
    """Whether an array or a column is named like labels: `y_true`, `lens_class`, `Labels`; not `y_pred`, `class_names`."""
    parts = [word.lower() for word in words(name)]
    return not LABELS.isdisjoint((*parts, name.strip().lower().replace(" ", "_"))) and _PREDICTED.isdisjoint(parts)


def is_class(name: str) -> bool:
    """Whether a name is one of a class that is known."""
    return class_name(name) in (*CLASS_NAMES.values(), "lens", "nonlens")


def split_name(name: str) -> str:
    """Our name of a split, or "" for another word: `test`, `Test set`, `held-out`."""
    key = re.sub(r"[^a-z]", "", name.lower())
    if key in SPLIT_NAMES:
        return SPLIT_NAMES[key]
    behind = (LONG_SPLITS.get(key.removesuffix(one)) for one in _BEHIND_SPLITS if key.endswith(one))
    before = (SPLIT_NAMES.get(key.removeprefix(one)) for one in _BEFORE_SPLITS if key.startswith(one))
    return next((found for found in (*behind, *before) if found), "")


def words(name: str) -> list[str]:
    """Words of a name as they are written: cut at signs, before a capital in `TrainLenses` and `ModelIITest`, and between a split
    and another word in `trainlenses`, `ytest`."""
    cut = re.split(r"[_\-. ]+|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", name.strip())
    return [part for word in cut if word for part in apart(word)]


def apart(word: str) -> tuple[str, ...]:
    """A word, cut between a split and what is written without a sign before or behind it."""
    lower = word.lower().rstrip("0123456789")
    for split in () if lower in SPLIT_NAMES else SPLIT_NAMES:
        long = split in LONG_SPLITS
        if long and lower.startswith(split) and lower[len(split) :] in _BEHIND:
            return word[: len(split)], word[len(split) :]
        if lower.endswith(split) and lower[: -len(split)] in (_BEFORE_SPLITS if long else ("x", "y")):
            return word[: -len(split)], word[-len(split) :]
    return (word,)


def split_and_rest(name: str) -> tuple[str, str]:
    """The one split among the words of a folder's name, and what is left of the name; two splits are none."""
    if split := split_name(name):
        return split, ""
    parts = words(name)
    named = [index for index, part in enumerate(parts) if split_name(part)]
    if len(named) != 1:
        return "", name
    (index,) = named
    after = index + 1 + (parts[index + 1 : index + 2] in (["set"], ["Set"]))
    return split_name(parts[index]), "_".join(parts[:index] + parts[after:])


def held_out_split(name: str) -> str:
    """The split, validation or test, that a folder's name says of all that it holds; "" for another name.

    That is the whole name, or its end (`Model_II_test`); `Test III` and `test_of_masks` are names like any other.
    """
    parts = words(name)
    split = split_name(name) or (split_name(parts[-1]) if parts else "")
    return split if split != "train" else ""


def folder_parts(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Of folders side by side the split and the rest of each name.

    A split within a longer name counts only where another folder has the same rest and another split, or the rest alone: so
    `Test III` alone is a name, and of `Model_II` and `Model_II_test` the first is for training. What is named for testing without
    such a folder beside it is held out all the same (`_lone`).
    """
    cut = {name: split_and_rest(name) if not is_output(name) else ("", name) for name in names}
    splits: dict[str, set[str]] = {}
    for split, rest in cut.values():
        splits.setdefault(_joined(rest), set()).add(split)
    found = {}
    # Of `ModelII` and `ModelIITest` the rest is spelt as the first is.
    spelt = {_joined(rest): rest for split, rest in sorted(cut.values(), reverse=True)}
    for name, (split, rest) in cut.items():
        rest = spelt[_joined(rest)]
        shared = splits[_joined(rest)]
        if not rest or (split and len(shared) > 1):
            found[name] = split, rest
        elif not split and len(shared) > 1:
            # What stands beside a set for testing or validation is for training, unless that stands there too.
            found[name] = "" if "train" in shared else "train", rest
        else:
            found[name] = "", name
    if "train" not in (whole := {split for split, rest in found.values() if split and not rest}) and whole:
        # `data` beside `test` or `data_test`.
        found |= {name: ("train", "") for name in names if is_generic(name) and not found[name][0]}
    lone = {name for name, (split, _) in cut.items() if split and not found[name][0] and not _TASK.search(name)}
    held_out = {name for name in lone if cut[name][0] != "train"} if len(names) > 1 else set()
    if held_out or (lone and {split for split, _ in found.values()} & {"validation", "test"}):
        found |= _lone(cut, found, lone)
    return found


def _lone(cut: Mapping[str, tuple[str, str]], found: Mapping[str, tuple[str, str]], lone: set[str]) -> dict[str, tuple[str, str]]:
    """Split and rest of folders whose names have a split that no other folder shares: `1_train` and `2_test`, `test_all` beside
    `train`, `test_new` beside classes. What stands beside them without a split is for training, unless that stands there too."""
    trains = {name for name in lone if cut[name][0] == "train"}
    told = {}
    for name in lone:
        split, rest = cut[name]
        # The rest is a class where it is a known one, or one of several for training.
        of_class = is_class(rest) or (name in trains and len(trains) > 1 and not rest.replace("_", "").isdigit())
        told[name] = split, rest if of_class else ""
    trained = trains or "train" in {split for split, _ in found.values()}
    others = {} if trained else {name: ("train", rest) for name, (split, rest) in found.items() if not split}
    return others | told


def _joined(name: str) -> str:
    """A name without signs, so that `ModelII` and the rest of `ModelIITest` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def file_parts(name: str) -> tuple[str, str]:
    """The one split among the words of a file's name, and the class that it begins with, each "" where it says none:
    `test_nonlens_12.npy`, `cdm_sim_3.npy`, `lens_4_val.fits`, `euclid_test_g_7.npy`."""
    parts = [word.lower() for word in words(_ENDING.sub("", name)) if not word.isdigit()]
    named = {found for part in parts if (found := split_name(part))}
    split = named.pop() if len(named) == 1 and not _TASK.search(name) else ""
    rest = [part for part in parts if not split or split_name(part) != split]
    kinds = CLASS_NAMES | LENS_NAMES
    return split, next((kinds[key] for n in (2, 1) if (key := "_".join(rest[:n])) in kinds and len(rest) >= n), "")


def parts_of_names(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split and class of files in one folder by their names: "" and unknown where those do not say them.

    Splits count where all names say one, or some say that they are held out: what lies beside these is for training. Classes
    count where all names begin with one; lenses are such beside nonlenses only.
    """
    found = [file_parts(name) for name in names]
    splits, kinds = [split for split, _ in found], [kind or UNKNOWN for _, kind in found]
    held_out = sum(split in ("validation", "test") for split in splits)
    if not all(splits):
        splits = [split or "train" for split in splits] if held_out else [""] * len(names)
    if UNKNOWN in kinds or set(kinds) == {"lens"}:
        kinds = [UNKNOWN] * len(names)
    return splits, kinds


def is_output(name: str) -> bool:
    """Whether a folder's name is that of what programs write about a data set: plots, results, weights."""
    parts = {part.lower() for part in words(name)}
    return bool(parts - _BESIDE_OUTPUTS) and parts <= _OUTPUTS | _BESIDE_OUTPUTS


def is_generic(name: str) -> bool:
    """Whether a folder's name says nothing of its content, as those of the folds of a cross-validation."""
    return name.lower() in _GENERIC or _FOLDS.fullmatch(name) is not None


def is_band(name: str) -> bool:
    """Whether a name is that of a band or filter."""
    return _BAND.fullmatch(name.strip()) is not None


def resolution(name: str) -> str:
    """ "low", "high" or "" for the name of a folder or file."""
    words = set(re.split(r"[^a-z]+", name.lower())) | {re.sub(r"[^a-z]+", "_", name.lower())}
    return "low" if words & LOW and not words & HIGH else "high" if words & HIGH and not words & LOW else ""
