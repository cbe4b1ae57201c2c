"""How a user wants a file to be read, where not as `read_image` does it by itself."""

from dataclasses import dataclass, replace
from pathlib import Path

from lensmae.data.images.cosmic_rays import without_cosmic_rays
from lensmae.data.images.crop import Crop, crop_image
from lensmae.data.images.guarded_reader import read_image
from lensmae.data.images.reader import LensImage


@dataclass(frozen=True)
class Reading:
    """The choices; all None is as `read_image` does it by itself.

    Attributes:
        item, band: as `read_image` takes them.
        crop: a square of that image.
        clean: whether cosmic rays are removed.
        pixel_scale: arcsec a pixel, instead of what the file says or does not say.
    """

    item: str | None = None
    band: int | None = None
    crop: Crop | None = None
    clean: bool = False
    pixel_scale: float | None = None

    def whole(self, source: Path | bytes, name: str) -> LensImage:
        """Read a file without the crop. Raises `ImageReadError`."""
        image = read_image(source, name, item=self.item, band=self.band)
        if self.pixel_scale is not None:
            said = "none" if image.pixel_scale is None else f"{image.pixel_scale:.4g} arcsec"
            note = f"The pixel scale was given as {self.pixel_scale:.4g} arcsec; the file says {said}."
            image = replace(image, pixel_scale=self.pixel_scale, notes=(*image.notes, note))
        return without_cosmic_rays(image) if self.clean else image

    def read(self, source: Path | bytes, name: str) -> LensImage:
        """Read a file as it is to be read. Raises `ImageReadError`."""
        image = self.whole(source, name)
        return image if self.crop is None else crop_image(image, self.crop)
