"""The errors LensMAE raises for its users: full sentences that name what was wrong and what to do."""


class LensMAEError(Exception):
    """Base of every error that a page or the command line shows as a message instead of a traceback."""


class Cancelled(BaseException):
    """Raised inside long work, by its own reports of progress, once somebody has cancelled it: nothing of it is kept."""


class ImageReadError(LensMAEError):
    """An image file could not be read, or what it holds is no lens image."""


class DatasetError(LensMAEError):
    """A data set is missing, incomplete, damaged, or does not fit what was asked of it."""


class CheckpointError(LensMAEError):
    """A checkpoint is missing, damaged, or of the wrong kind."""


class RunError(LensMAEError):
    """A training run cannot be started, resumed or found."""


class ConfigError(LensMAEError):
    """A setting has a value that is not allowed."""


class RecordError(LensMAEError):
    """Grades, notes or saved views cannot be read, kept, or understood."""


class JobError(LensMAEError):
    """Work in the background failed, or cannot be started."""
