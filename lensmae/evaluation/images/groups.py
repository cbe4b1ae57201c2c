"""Images of one object in several bands: told from their files' names, and brought together."""

import re

import pandas as pd

from lensmae.data.withheld import CANNOT_TELL

# Filters of HST, JWST, Euclid, Rubin, DES, HSC, KiDS, VISTA; single letters only where they stand alone at the end of a name.
_BAND = re.compile(
    r"(?i)(?:^|[_\-. ])(f\d{3,4}[wmn]p?|f\d{3}lp|vis|nisp[-_]?[yjh]|(?:hsc|vis|nir|lsst|des|mega)[-_][ugrizyjhk]|[ugrizyjhk]s?|"
    r"band[-_ ]?\w+)(?=$|[_\-. ])"
)


def object_and_band(name: str) -> tuple[str, str]:
    """Object and band as a file's name says them; the band is "" where it names none.

    The last part of the name that looks like a band counts: J1023_F814W.fits, lens12-g.npy, abell.f160w.drz.fits.
    """
    stem = name.split("/")[-1]
    stem = re.sub(r"(?i)\.(npy|npz|fits?|fts|png|jpe?g|tiff?|h5|hdf5|mat|pt|gz|fz|bz2|xz|zip)$", "", stem)
    stem = re.sub(r"(?i)\.(fits?|fts)$", "", stem)
    found = list(_BAND.finditer(stem))
    if not found or not stem[: found[-1].start()].strip("_-. "):
        return stem, ""
    last = found[-1]
    rest = (stem[: last.start()] + stem[last.end() :]).strip("_-. ")
    return rest, last.group(1)


def by_object(table: pd.DataFrame) -> pd.DataFrame:
    """One row an object: how many images, in which bands, the classes answered in how many of them, and whether all agree.

    Args:
        table: columns file and class, as `lensmae.evaluation.images.answers.table` gives them; the class is empty where withheld.
    """
    named = [object_and_band(str(name)) for name in table["file"]]
    told = table["class"].where(table["class"].notna(), None) if "class" in table else pd.Series([None] * len(table))
    frame = pd.DataFrame({"object": [one for one, _ in named], "band": [band for _, band in named], "class": told.to_numpy()})
    rows = []
    for name, group in frame.groupby("object", sort=False):
        counts = group["class"].value_counts()
        rows.append(
            {
                "object": name,
                "images": len(group),
                "bands": ", ".join(dict.fromkeys(band for band in group["band"] if band)),
                "classes": ", ".join(f"{count} × {kind}" for kind, count in counts.items()) or CANNOT_TELL,
                "withheld": int(group["class"].isna().sum()),
                "agree": len(counts) == 1 and counts.iloc[0] == len(group),
            }
        )
    return pd.DataFrame(rows, columns=["object", "images", "bands", "classes", "withheld", "agree"])
