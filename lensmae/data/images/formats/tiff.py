"""TIFF files, every colour model and compression: tifffile with imagecodecs, and Pillow for colours that those leave raw."""

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lensmae.data.images.formats.npy import MAX_BYTES, count
from lensmae.data.images.formats.pictures import from_pillow, grey, oriented
from lensmae.data.images.formats.stored import MAX_PIECES, Stored, check_bytes, choose_item, inflated
from lensmae.errors import ImageReadError

_DEFLATE = (8, 32946)
_JPEG = (6, 7, 34892, 33003, 33004, 33005, 34712, 50001, 52546)
_MOST_PAGES, _MOST_CHANNELS = 1000, 16
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _TRANSPARENCY, _SEPARATED, _YCBCR = range(7)
_ALPHA = (1, 2)
_NEARLY_SQUARE = 1.5


def from_tiff(data: bytes, item: str | None) -> Stored:
    """The page `item` of a TIFF file, or its first one that is no thumbnail."""
    with _opened(data) as file:
        if item is None and _are_channels(file, data):
            stored = [_stored(page, data, at) for at, page in enumerate(file.pages)]
            check_bytes((len(stored), *stored[0].array.shape), stored[0].array.itemsize)
            return replace(stored[0], array=np.stack([one.array for one in stored]), axes="CHW")
        if item is None and _are_rows(file):
            stored = [_stored(page, data, at) for at, page in enumerate(file.pages)]
            return replace(stored[0], array=np.stack([one.array for one in stored]), axes="HWC")
        pages = tuple(f"page {number}" for number in range(min(len(file.pages), _MOST_PAGES)))
        chosen = choose_item(pages, item, "page")
        number = pages.index(chosen)
        page = file.pages[number]
        if item is None and page.is_reduced and len(pages) > 1:
            full = [at for at in range(len(pages)) if not file.pages[at].is_reduced]
            number = full[0] if full else number
            chosen, page = pages[number], file.pages[number]
        alike = pages if len(pages) > 1 and all(_alike(file.pages[at], page) for at in range(len(pages))) else ()
        return replace(_stored(page, data, number), items=pages, item=chosen, alike=alike)


def _are_channels(file: Any, data: bytes) -> bool:
    """Whether OME or ImageJ say that the pages are the channels of one image."""
    if not (file.is_ome or file.is_imagej) or not 1 < len(file.pages) <= _MOST_CHANNELS:
        return False
    # Asking for a series turns the pages of its file into frames of one another.
    with _opened(data) as again:
        series = again.series[0]
        return series.axes == "CYX" and series.shape[0] == len(file.pages)


def _are_rows(file: Any) -> bool:
    """Whether the pages are the rows of one image with its bands last, as tifffile writes an array (64, 64, 5): pages of 64x5."""
    shape, n = file.pages[0].shape, len(file.pages)
    if len(shape) != 2 or not 1 < shape[1] <= _MOST_CHANNELS < 2 * min(n, shape[0]) or file.is_ome or file.is_imagej:
        return False
    near = max(n, shape[0]) <= _NEARLY_SQUARE * min(n, shape[0]) and _NEARLY_SQUARE * shape[1] < min(n, shape[0])
    return near and n <= _MOST_PAGES and all(_alike(page, file.pages[0]) for page in file.pages)


def each_tiff(data: bytes, names: Sequence[str]) -> Iterator[Stored]:
    """The pages `names` of a TIFF file, one after the other; the file is opened once, whatever their number."""
    with _opened(data) as file:
        for name in names:
            number = int(name.removeprefix("page "))
            yield replace(_stored(file.pages[number], data, number), items=(name,), item=name)


def _stored(page: Any, data: bytes, number: int) -> Stored:
    _check_page(page, data)
    stored = _from_page(page, data, number)
    lossy = page.compression in _JPEG and not _is_lossless(page)
    return replace(stored, lossy=lossy or stored.lossy)


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            yield file
    except (ImageReadError, MemoryError):
        raise
    except Exception as problem:  # noqa: BLE001
        # tifffile's parsers raise many kinds of errors on damaged data.
        raise ImageReadError(f"its TIFF data are damaged ({type(problem).__name__}: {problem})") from None


def page_arrays(data: bytes) -> tuple[np.ndarray, str] | None:
    """The pages of a TIFF file as one array and letters of its axes, where they are alike; None where they are not, or one."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = list(file.pages)
        if len(pages) < 2 or _are_channels(file, data) or _are_rows(file) or not all(_alike(page, pages[0]) for page in pages):
            return None
        if len(pages) > _MOST_PAGES:
            raise ImageReadError(f"it has {len(pages):,} pages; the limit is {_MOST_PAGES:,}: save them as one npy array")
        check_bytes((len(pages), *pages[0].shape), pages[0].dtype.itemsize if pages[0].dtype is not None else 1)
        for page in pages:
            _check_page(page, data)
        stored = [_from_page(page, data, index) for index, page in enumerate(pages)]
    return np.stack([one.array for one in stored]), "N" + (stored[0].axes or "HW")


def _check_page(page: Any, data: bytes) -> None:
    check_bytes(page.shape, page.dtype.itemsize if page.dtype is not None else 1)
    if len(page.dataoffsets) > MAX_PIECES:
        raise ImageReadError(f"its image lies in {len(page.dataoffsets):,} strips; the limit is {MAX_PIECES:,}")
    if page.compression in _DEFLATE:
        _check_segments(page, data)


def _alike(page: Any, other: Any) -> bool:
    return (page.shape, page.dtype, page.is_reduced) == (other.shape, other.dtype, other.is_reduced)


def _is_lossless(page: Any) -> bool:
    return page.compression == 34892 and page.dtype is not None and page.dtype.kind == "u" and page.dtype.itemsize > 1


def _check_segments(page: Any, data: bytes) -> None:
    left = count(page.shape) * page.dtype.itemsize + MAX_BYTES // 8
    for offset, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        left -= len(inflated(data[offset : offset + size], left))


def _from_page(page: Any, data: bytes, index: int) -> Stored:
    model = int(page.photometric)
    if model > _YCBCR and page.bitspersample != 8 and page.samplesperpixel > 1:
        raise ImageReadError(f"its colours ({page.photometric.name} of {page.bitspersample} bits) are not read; save it as RGB")
    if page.dtype is None or model > _YCBCR or (model == _YCBCR and page.compression not in _JPEG):
        # L*a*b*, raw YCbCr and the like, of 8 bits: as viewers show them.
        return from_pillow(data, ("TIFF",), index)
    values = page.asarray()
    if page.planarconfig == 2 and page.samplesperpixel > 1 and values.ndim == 3 and values.shape[0] == page.samplesperpixel:
        values = np.moveaxis(values, 0, -1)
    orientation = page.tags.valueof(274, default=1)
    if model == _PALETTE:
        return oriented(_from_palette(values, page), orientation)
    if model == _SEPARATED:
        return oriented(_from_inks(values, page), orientation)
    if model == _WHITE_IS_ZERO:
        stored = Stored(_largest(page) - values, notes=("White is 0 in it; its values were turned round.",))
        return oriented(replace(stored, eight_bit=values.dtype == np.uint8), orientation)
    if values.dtype.kind == "f" and values.ndim == 3 and values.shape[-1] == page.samplesperpixel > 1:
        return oriented(_of_measured(values, page), orientation)
    colours = 3 if model in (_RGB, _YCBCR) else 1
    extra = page.samplesperpixel - colours
    if values.ndim == 3 and values.shape[-1] == page.samplesperpixel and (colours == 3 or _has_alpha(page)) and 0 <= extra <= 1:
        return oriented(grey(values, extra == 1), orientation)
    if values.ndim == 3 and values.shape[-1] == page.samplesperpixel > 1 and colours == 3:
        return oriented(grey(values[..., :4], True), orientation)
    # Samples of no colour are bands.
    axes = "HWC" if values.ndim == 3 and values.shape[-1] == page.samplesperpixel > 1 else ""
    return oriented(Stored(values, axes=axes, eight_bit=values.dtype == np.uint8), orientation)


def _of_measured(values: np.ndarray, page: Any) -> Stored:
    """Floats are measured, not shown: their colours are bands. What is called transparency is, where it is 1 everywhere."""
    opaque = values.shape[-1] in (2, 4) and (_has_alpha(page) or not page.extrasamples) and bool((values[..., -1] == 1).all())
    if not opaque:
        return Stored(values, axes="HWC")
    return Stored(values[..., :-1], axes="HWC", notes=("Its transparency was left out.",))


def _has_alpha(page: Any) -> bool:
    return any(int(sample) in _ALPHA for sample in page.extrasamples)


def _largest(page: Any) -> Any:
    return page.dtype.type(2 ** int(page.bitspersample) - 1) if page.dtype.kind == "u" else page.dtype.type(1)


def _from_palette(values: np.ndarray, page: Any) -> Stored:
    """Colours of the indices; a palette has 16 bits a colour, most of them 8 repeated."""
    if values.ndim == 3:
        values = values[..., 0]
    colours = np.asarray(page.colormap).T[values]
    if (colours % 257 == 0).all():
        colours = (colours // 257).astype(np.uint8)
    elif (colours % 256 == 0).all():
        colours = (colours // 256).astype(np.uint8)
    stored = grey(colours, False)
    return replace(stored, notes=("The colours of its palette were taken.", *stored.notes))


def _from_inks(values: np.ndarray, page: Any) -> Stored:
    """Cyan, magenta, yellow and black as light."""
    if values.ndim != 3 or values.shape[-1] < 4 or values.dtype.kind != "u":
        raise ImageReadError(f"it has inks of shape {values.shape} and type {values.dtype}; save it as RGB")
    most = float(_largest(page))
    light = (most - values[..., :3]) * (most - values[..., 3:4]) / most
    colours = np.round(light).astype(values.dtype)
    stored = grey(colours, False)
    return replace(stored, notes=("Its inks (CMYK) were turned into light.", *stored.notes))
