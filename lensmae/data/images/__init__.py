"""One image from a file: formats, reading, cropping, writing."""
