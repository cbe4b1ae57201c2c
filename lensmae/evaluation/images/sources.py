"""Image files as sources of lenses: each lens of each file, read when its turn comes."""

import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lensmae.data import LensImage
from lensmae.data.images.companions import companions
from lensmae.data.images.fitting import Crop
from lensmae.data.images.labels_beside import labels_among
from lensmae.data.images.read_options import Reading
from lensmae.errors import ImageReadError
from lensmae.evaluation.images.analyse import Source
from lensmae.evaluation.images.shards import Member

# An image file, or one in an archive.
Entry = Path | Member


class Lenses:
    """The lenses of files, one after the other; `waiting` are those that were read and not answered yet."""

    def __init__(self, files: list[Entry], how: Reading) -> None:
        self._files, self._how = files, how
        self.total = len(files)
        self.waiting: deque[tuple[Entry, LensImage | None]] = deque()

    def sources(self) -> Iterator[Source]:
        """Each lens, read when its turn comes. A file that cannot be read is one whose reading fails."""
        last = done = -1
        for place, found in self._how.lenses(_Named(self._files)):
            path = self._files[place]
            # What is wrong with the crop is said once a stack.
            if place == done:
                continue
            try:
                if isinstance(found, ImageReadError):
                    raise found
                self.total += found.lenses - 1 if place > last else 0
                last = place
                cut = _cut(found, self._how)
                self.waiting.append((path, cut))
                yield Source(found.name, lambda cut=cut: cut)
            except ImageReadError as problem:
                done = place
                self.waiting.append((path, None))
                yield Source(str(path), functools.partial(_refuse, problem))


class _Named(Sequence[tuple[Path | bytes, str]]):
    """Files with their names; one in an archive is read when it is asked for."""

    def __init__(self, files: list[Entry]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, place: int) -> tuple[Path | bytes, str]:
        file = self._files[place]
        return file.read() if isinstance(file, Member) else file, str(file)


def _refuse(problem: ImageReadError) -> LensImage:
    raise problem


def without_companions(files: list[Entry], say: Callable[[str], None] = lambda _: None) -> list[Entry]:
    """The files without those that are the noise, flags, PSF or labels of another of them; `say` is told which."""
    belongs = {part: image for image, parts in companions(map(str, files)).items() for part in parts.values()}
    belongs |= {str(part): str(image) for part, image in labels_among(one for one in files if isinstance(one, Path)).items()}
    for part, image in belongs.items():
        say(f"{part} belongs to {image} and is not answered for itself.")
    return [path for path in files if str(path) not in belongs]


def _cut(image: LensImage, how: Reading) -> LensImage:
    crop = how.crop
    height, width = image.pixels.shape
    if isinstance(crop, Crop) and (crop.left + crop.side > width or crop.top + crop.side > height):
        raise ImageReadError(
            f"{image.name} was not read: it has {width}x{height} pixels, and a square of {crop.side} from column {crop.left} and "
            f"row {crop.top} on does not lie inside; choose another --crop."
        )
    return how.framed(image)
