"""Images inside tar archives, as WebDataset's shards hold them: each member is read where it lies, nothing is unpacked."""

import tarfile
from dataclasses import dataclass
from pathlib import Path

from lensmae.data.images.reader import SUFFIXES
from lensmae.errors import ImageReadError

ENDINGS = tuple(f".{suffix}" for suffix in SUFFIXES)


@dataclass(frozen=True)
class Member:
    """A file in a tar archive.

    Attributes:
        shard: the archive.
        name: in the archive; text of a stranger, no path of this machine.
        offset, size: where its content lies, bytes.
    """

    shard: Path
    name: str
    offset: int
    size: int

    def __str__(self) -> str:
        return f"{self.shard}/{self.name}"

    @property
    def stem(self) -> str:
        """Its name without folders and suffix."""
        return Path(self.name).stem

    @property
    def source(self) -> Path:
        """The file on the disk that holds it."""
        return self.shard

    def read(self) -> bytes:
        """Its content."""
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


def is_shard(path: Path) -> bool:
    """Whether a file's name is that of a tar archive."""
    return path.suffix.lower() == ".tar"


def members(shard: Path) -> list[Member]:
    """The images of an archive in its order; labels and texts beside them are left out.

    Raises:
        ImageReadError: where it cannot be read, is cut short, or holds no image.
    """
    try:
        with tarfile.open(shard, "r:") as archive:
            found = [
                Member(shard, one.name, one.offset_data, one.size)
                for one in archive
                if one.isfile() and not one.issparse() and one.name.lower().endswith(ENDINGS)
            ]
    except (tarfile.TarError, OSError, EOFError, ValueError) as problem:
        raise ImageReadError(
            f"{shard} was not read: it is no whole tar archive ({problem}). Compressed ones must be unpacked first."
        ) from problem
    length = shard.stat().st_size
    if any(one.offset + one.size > length for one in found):
        raise ImageReadError(f"{shard} was not read: the archive is cut short; copy it again.")
    if not found:
        raise ImageReadError(f"{shard} was not read: no image is in it (names ending in {', '.join(ENDINGS[:4])}, ...).")
    return found
