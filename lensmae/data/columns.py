"""Every column of `lenses.parquet`, and every quantity made of several: name, label, unit, meaning, type. Axis titles,
tables and the page `docs/data.md` take their words from here.

Parameters have lenstronomy's names. Positions are in arcsec from the middle of the image, x along rows and y along columns.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Type = Literal["text", "whole number", "number", "list of numbers"]


@dataclass(frozen=True)
class Column:
    """One column, or one quantity made of several.

    Attributes:
        name: in the file; of what is made of columns, its name in the code.
        label: for people, without the unit.
        unit: "" where there is none.
        meaning: in a sentence or two.
        type: of its values; a list has one number a subhalo, clump or neighbour.
        role: what names or files a lens, what it is sorted by, or what describes it.
        log: whether it spans powers of ten and is shown as log10.
    """

    name: str
    label: str
    unit: str = ""
    meaning: str = ""
    type: Type = "number"
    role: Literal["identity", "label", "parameter"] = "parameter"
    log: bool = False

    @property
    def title(self) -> str:
        """Label and unit, for an axis: "source position x (arcsec)", "log10(axion mass / eV)"."""
        return self.title_in(self.log)

    def title_in(self, log: bool) -> str:
        """The title of an axis of the quantity, or of its log10."""
        if log:
            return f"log10({self.label} / {self.unit})" if self.unit else f"log10({self.label})"
        return f"{self.label} ({self.unit})" if self.unit else self.label


def _ellipticity(name: str, whose: str) -> Column:
    part = "e1 = (1-q)/(1+q) cos(2 phi)" if name.endswith("1") else "e2 = (1-q)/(1+q) sin(2 phi)"
    return Column(name, f"{whose} ellipticity {name[-2:]}", "", f"{part}, with the axis ratio q and the position angle phi.")


def _position(name: str, whose: str) -> Column:
    return Column(name, f"{whose} position {name[-1]}", "arcsec", f"Where the {whose} lies.")


def _positions(name: str, whose: str) -> Column:
    return Column(name, f"{whose} position {name[-1]}", "arcsec", f"Where each {whose} lies.", "list of numbers")


_COLUMNS = (
    Column("id", "id", "", "Name of the lens, once in a set: class and row, or the file's name.", "text", "identity"),
    Column(
        "class",
        "class",
        "",
        "no_sub, cdm or axion; galaxy where nothing is lensed; any names where files bring others.",
        "text",
        "label",
    ),
    Column("split", "split", "", "train, validation or test; fixed when the set is made.", "text", "label"),
    Column("source_file", "source file", "", "File that an imported lens came from.", "text", "identity"),
    Column("seed", "seed", "", "Of the lens: the same preset, class and seed give the same lens.", "whole number", "identity"),
    Column("notes", "notes", "", "What an import did to the pixels.", "text", "identity"),
    Column(
        "theta_E",
        "Einstein radius parameter theta_E",
        "arcsec",
        "Of the isothermal ellipsoid. Models II and III rescale it to another source redshift; their rings have 0.634 of it.",
    ),
    Column("lens_x", "lens position x", "arcsec", "Of the lens's centre, from the image's; 0 where there is no such column."),
    Column("lens_y", "lens position y", "arcsec", "Of the lens's centre, from the image's; 0 where there is no such column."),
    _ellipticity("e1", "lens"),
    _ellipticity("e2", "lens"),
    Column("gamma1", "shear gamma1", "", "External shear along the axes."),
    Column("gamma2", "shear gamma2", "", "External shear along the diagonals."),
    _position("source_x", "source"),
    _position("source_y", "source"),
    Column("R_sersic", "source R_sersic", "arcsec", "Half-light radius of the source."),
    Column("n_sersic", "source n_sersic", "", "Sérsic index of the source."),
    _ellipticity("source_e1", "source"),
    _ellipticity("source_e2", "source"),
    Column("source_magnitude", "source magnitude", "mag", "AB magnitude of the source, before lensing."),
    _positions("clump_x", "clump"),
    _positions("clump_y", "clump"),
    Column("clump_share", "clump share", "", "Of the source's light, in each star-forming clump.", "list of numbers"),
    Column("clump_R_sersic", "clump R_sersic", "arcsec", "Half-light radius of each clump.", "list of numbers"),
    Column("lens_magnitude", "lens magnitude", "mag", "AB magnitude of the lens galaxy."),
    Column("lens_R_sersic", "lens R_sersic", "arcsec", "Half-light radius of the lens galaxy."),
    Column("lens_n_sersic", "lens n_sersic", "", "Sérsic index of the lens galaxy."),
    _ellipticity("lens_e1", "lens light"),
    _ellipticity("lens_e2", "lens light"),
    _positions("neighbour_x", "neighbour"),
    _positions("neighbour_y", "neighbour"),
    Column("neighbour_magnitude", "neighbour magnitude", "mag", "AB magnitude of each nearby galaxy.", "list of numbers"),
    Column("neighbour_R_sersic", "neighbour R_sersic", "arcsec", "Half-light radius of each neighbour.", "list of numbers"),
    Column(
        "subhalo_mass",
        "subhalo mass",
        "Msun",
        "Of each subhalo (cdm), or of each point of the vortex line (axion), which are equal. Empty in no_sub.",
        "list of numbers",
        log=True,
    ),
    _positions("subhalo_x", "subhalo"),
    _positions("subhalo_y", "subhalo"),
    Column(
        "subhalo_concentration",
        "subhalo concentration",
        "",
        "c200 of each subhalo with a truncated NFW profile; empty for point masses.",
        "list of numbers",
    ),
    Column("axion_mass_ev", "axion mass", "eV", "Of the ultralight axion whose vortex this is; none in other classes.", log=True),
    Column("axion_angle", "vortex angle", "rad", "Of the vortex line, from the x axis; none in other classes."),
    Column(
        "stratum",
        "stratum",
        "",
        "Preset that the lens is of, in a mixture of several.",
        "text",
        "label",
    ),
    Column("camera", "camera", "", "Name of the instrument that was simulated.", "text"),
    Column("pixel_scale", "pixel scale", "arcsec", "Width of a pixel, where it differs between the lenses of a set."),
    Column("exposure_time", "exposure time", "s", "Of the simulated camera.", log=True),
    Column("nuisance", "nuisance", "", "What was done to a noise-free image (`lensmae.data.nuisances`), or none.", "text"),
    Column("nuisance_strength", "nuisance strength", "", "In the unit of that nuisance; none where nothing was done."),
    Column("snr", "signal-to-noise ratio", "", "Of the image, where a file says it."),
)
COLUMNS = {column.name: column for column in _COLUMNS}

_QUANTITIES = (
    Column("subhalos", "number of subhalos", "", "Entries of subhalo_mass; of a vortex, the points of its line.", "whole number"),
    Column(
        "largest_subhalo_mass",
        "largest subhalo mass",
        "Msun",
        "Of the heaviest subhalo of a lens; none without subhalos, and none for a vortex, whose points are no subhalos.",
        log=True,
    ),
    Column(
        "total_subhalo_mass",
        "total substructure mass",
        "Msun",
        "Of all subhalos of a lens, or of its vortex; none without substructure.",
        log=True,
    ),
    Column(
        "largest_subhalo_to_centre",
        "distance of the largest subhalo from the centre",
        "arcsec",
        "Of the heaviest subhalo.",
    ),
    Column(
        "largest_subhalo_to_ring",
        "distance of the largest subhalo to the Einstein ring",
        "arcsec",
        "Of the heaviest subhalo, to the circle of the Einstein radius that the image shows.",
    ),
    Column("source_offset", "source offset", "arcsec", "Distance of the source from the centre of the image."),
)
QUANTITIES = {quantity.name: quantity for quantity in _QUANTITIES}


def column(name: str) -> Column:
    """What is known of a column of `lenses.parquet`; one that a file brought has its name for a label and no unit."""
    return COLUMNS.get(name) or Column(name, name, "", "Brought by an imported file.")


def data_page() -> str:
    """The page `docs/data.md`."""
    return f"""# Columns of a data set

Written by `lensmae gallery` from `lensmae/data/columns.py`. A data set has one row a lens in `lenses.parquet`. Parameters have
lenstronomy's names; positions are in arcsec from the middle of the image, x along rows (to the right) and y along columns. A
column is there where its preset or its files have it; none is NaN in numbers and an empty list in lists. Other columns of
imported files are kept under their own names.

{_table(_COLUMNS)}

## Made of several columns

These are what lenses can be coloured and binned by, besides the columns themselves.

{_table(_QUANTITIES)}
"""


def _table(columns: Iterable[Column]) -> str:
    rows = [f"| `{one.name}` | {one.label} | {one.unit or '–'} | {one.type} | {one.meaning} |" for one in columns]
    return "\n".join(["| name | label | unit | type | meaning |", "|---|---|---|---|---|", *rows])
