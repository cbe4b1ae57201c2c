"""Answers as a VOTable, and images and tables to DS9, Aladin and TOPCAT on this machine by SAMP."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lensmae.errors import ConfigError

# Unit and unified content descriptor of the columns that other programs understand.
_COLUMNS = {
    "ra_deg": ("deg", "pos.eq.ra;meta.main"),
    "dec_deg": ("deg", "pos.eq.dec;meta.main"),
    "pixel_scale_arcsec": ("arcsec", "instr.pixel"),
    "file": ("", "meta.id;meta.main"),
    "class": ("", "meta.code.class"),
    "peak_signal_to_noise": ("", "stat.snr"),
}
_MESSAGES = {".fits": "image.load.fits", ".vot": "table.load.votable"}


def votable_bytes(table: pd.DataFrame) -> bytes:
    """A table of answers as a VOTable, with positions that Aladin and TOPCAT find by themselves.

    Args:
        table: one row per file, with `ra_deg` and `dec_deg` (ICRS) where they are known.
    """
    from astropy.io.votable import from_table, writeto
    from astropy.table import Table

    known = table.dropna(axis="columns", how="all")
    made = Table({str(name): _column(values) for name, values in known.items()})
    with warnings.catch_warnings():
        # Names such as P(cdm) are no XML identifiers; they stay the names.
        warnings.simplefilter("ignore")
        resource = from_table(made)
    for field in resource.get_first_table().fields:
        unit, descriptor = _COLUMNS.get(field.name, ("", ""))
        field.ucd = descriptor or None
        if unit:
            field.unit = unit
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Names such as P(cdm) are no XML identifiers; they stay the names.
        warnings.simplefilter("ignore")
        writeto(resource, buffer)
    return buffer.getvalue()


def _column(values: pd.Series) -> Any:
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        return values.to_numpy()
    # VOTables have no empty texts apart from "".
    return values.map(lambda value: "" if value is None or value != value else str(value)).to_numpy(dtype=str)


def send(files: Sequence[Path]) -> list[str]:
    """Show FITS images and VOTables in every program that listens to SAMP on this machine; the names of those programs.

    Only paths are sent, to the hub of this user, so nothing leaves the machine.
    Raises `ConfigError` where no hub runs (TOPCAT, Aladin and DS9 start one), or nothing listens.
    """
    client = _client()
    try:
        names: set[str] = set()
        for file in files:
            kind = _MESSAGES[file.suffix]
            listening = client.get_subscribed_clients(kind)
            names |= {client.get_metadata(one).get("samp.name", one) for one in listening}
            where = {"url": file.absolute().as_uri(), "name": file.name}
            client.notify_all({"samp.mtype": kind, "samp.params": where})
    finally:
        client.disconnect()
    if not names:
        raise ConfigError("The SAMP hub has no program that shows images or tables; open DS9, Aladin or TOPCAT.")
    return sorted(names)


def _client() -> Any:
    with warnings.catch_warnings():
        # astropy hands its module on to pyvo.
        warnings.simplefilter("ignore")
        from astropy.samp import SAMPHubError, SAMPIntegratedClient

        client = SAMPIntegratedClient(name="LensMAE", callable=False)
        try:
            client.connect()
        except (SAMPHubError, OSError) as problem:
            raise ConfigError(f"No SAMP hub runs on this machine ({problem}); open TOPCAT, Aladin or DS9 first.") from None
    return client
