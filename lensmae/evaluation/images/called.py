"""What a classifier answers to the lenses of a data set, each as `lensmae predict` answers a file: withheld out of its domain."""

from dataclasses import dataclass

import numpy as np

from lensmae.data import LensDataset
from lensmae.data.withheld import CANNOT_TELL
from lensmae.evaluation.array_cache import file_digest, kept
from lensmae.evaluation.embeddings.embed import kept_parts
from lensmae.evaluation.images.classified import classify
from lensmae.evaluation.ood.network_input import check_images, network_inputs
from lensmae.evaluation.ood.references import reference_or_problem
from lensmae.models import Classifier
from lensmae.models.registry import reference_path
from lensmae.progress import Progress, batches, part_of

_BATCH = 64


@dataclass(frozen=True)
class Called:
    """Answers to N lenses.

    Attributes:
        classes: of the network.
        probabilities: (N, K), whether the answer is given or not.
        withheld: (N,) bool, lenses out of its domain.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    withheld: np.ndarray

    @property
    def names(self) -> np.ndarray:
        """The class answered, (N,) str; `CANNOT_TELL` where it is withheld."""
        return np.where(self.withheld, CANNOT_TELL, np.array(self.classes)[self.probabilities.argmax(axis=1)])

    @property
    def answered(self) -> np.ndarray:
        """Probabilities (N, K), nan where the answer is withheld."""
        return np.where(self.withheld[:, None], np.nan, self.probabilities)


def call_lenses(model: Classifier, dataset: LensDataset, indices: np.ndarray, progress: Progress | None = None) -> Called:
    """Answers to lenses of a data set, kept on disk; nothing is withheld where nothing is known of the domain.

    Args:
        model: the classifier.
        dataset: the data set.
        indices: (N,) int, rows of it.
        progress: called with (lenses done, lenses in all).
    """
    brought, _ = network_inputs(dataset, model)
    check_images(model, brought)
    reference, _ = reference_or_problem(model.path)
    resized = was_resized(dataset, brought)

    def answer(rows: np.ndarray) -> np.ndarray:
        found = classify(model, reference, np.asarray(brought.images[rows]), np.full(len(rows), resized))
        return np.stack([[*one.probabilities, one.withheld] for one in found])

    done, parts = 0, []
    for rows, file in kept_parts("answers", model, brought, indices, _setting(model)):
        some = batches(rows, _BATCH, part_of(progress, done, len(indices)))
        parts.append(kept(file, lambda some=some: np.concatenate([answer(part) for part in some])))
        done += len(rows)
    table = np.concatenate(parts)
    return Called(model.classes, table[:, :-1], table[:, -1] > 0)


def was_resized(dataset: LensDataset, brought: LensDataset) -> bool:
    """Whether the images of a set had to be brought to another size for a network (`network_inputs`)."""
    return dataset.images.shape[1:] != brought.images.shape[1:]


def lenses_to_call(model: Classifier, dataset: LensDataset, indices: np.ndarray) -> int:
    """How many of the rows (N,) `call_lenses` would have to ask about, because nothing is kept of them."""
    brought, _ = network_inputs(dataset, model)
    parts = kept_parts("answers", model, brought, indices, _setting(model))
    return sum(len(rows) for rows, file in parts if not file.is_file())


def _setting(model: Classifier) -> str:
    path = reference_path(model.path)
    return file_digest(path) if path.is_file() else "no reference"
