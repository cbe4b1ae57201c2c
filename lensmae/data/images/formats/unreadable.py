"""What a file is that is none of the formats that are read, so that the message can say what to do."""

_BEGINNINGS = (
    (b"GIF8", "a GIF picture", "save it as PNG, or better the pixels as FITS"),
    (b"BM", "a BMP picture", "save it as PNG, or better the pixels as FITS"),
    (b"%PDF", "a PDF document", "save the pixels as FITS or npy"),
    (b"%!PS", "a PostScript document", "save the pixels as FITS or npy"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", "save it as PNG, or better the pixels as FITS"),
    (b"#ASDF", "an ASDF file", "write its image as FITS, as in fits.writeto('lens.fits', model.data)"),
    (b"XTENSION", "a FITS extension without its primary header", "fits.ImageHDU.writeto of astropy makes a whole file"),
    (b"PAR1", "a Parquet table", "write its images as an npy array of the shape (lenses, height, width)"),
    (b"CDF\x01", "a netCDF 3 file", "save it as netCDF 4 or npy"),
    (b"CDF\x02", "a netCDF 3 file", "save it as netCDF 4 or npy"),
    (b"(dp0", "a Python pickle, which could run code", "save the array from Python: numpy.save('lens.npy', array)"),
    (b"(lp0", "a Python pickle, which could run code", "save the array from Python: numpy.save('lens.npy', array)"),
    (b"cnumpy", "a Python pickle, which could run code", "save the array from Python: numpy.save('lens.npy', array)"),
    (b"SQLite format 3", "an SQLite database", "save the pixels as FITS or npy"),
)  # fmt: skip
_TEXTS = (
    ("<!doctype html", "a web page", "an archive often answers so where something was wrong; open it in a browser"),
    ("<html", "a web page", "an archive often answers so where something was wrong; open it in a browser"),
    ("<votable", "a VOTable", "it lists images; download those that it names"),
    ("<?xml", "an XML document, perhaps an archive's error", "open it in a text editor"),
    ("{", "a JSON document, perhaps an archive's error", "open it in a text editor"),
)


def unreadable(data: bytes) -> str:
    """What a file is and what to do, as a sentence without its end; "" where that is not known."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "it is a WebP picture; save it as PNG, or better the pixels as FITS"
    if data[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1"):
        return "it is an AVIF or HEIC picture; save it as PNG, or better the pixels as FITS"
    if data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return "it is a PNM picture (PBM, PGM or PPM); save it as PNG, or better the pixels as FITS"
    if data[8:10] == b'{"' and int.from_bytes(data[:8], "little") < len(data):
        return "it is a safetensors file, the weights of a network, and no image"
    for beginning, kind, what in _BEGINNINGS:
        if data.startswith(beginning):
            return f"it is {kind}; {what}"
    text = data[:512].decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    for beginning, kind, what in _TEXTS:
        if text.startswith(beginning):
            named = "a VOTable" if "<votable" in text else kind
            return f"it is {named}; {what}"
    if text and all(letter.isprintable() or letter in "\r\n\t" for letter in text):
        return "it is a text; save the pixels from Python, as in numpy.save('lens.npy', numpy.loadtxt(file))"
    return ""
