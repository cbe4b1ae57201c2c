"""The networks that answer for images, loaded by name."""

from collections.abc import Callable

from lensmae.errors import CheckpointError
from lensmae.evaluation.images.analyse import Networks
from lensmae.evaluation.images.automatic import AUTO, GENERALIST, specialist_of
from lensmae.evaluation.ood.references import Reference, reference_or_problem
from lensmae.models import load_checkpoint
from lensmae.models.predictors import LoadedModel

NONE = "none"


def load_networks(classifier: str, mae: str, superres: str, say: Callable[[str], None] = lambda _: None) -> Networks:
    """The networks that answer for images, with their references.

    Args:
        classifier: name, run id or path of one; "none", or "auto" for the specialist and the generalist.
        mae: the same of an MAE, without "auto".
        superres: the same of a super-resolver.
        say: called with a sentence about a network that has no reference.

    Raises:
        CheckpointError: where one is not there, is damaged, or of another kind.
    """
    loaded, references = {}, {}
    special = specialist_of(classifier) if classifier == AUTO else None
    chosen = {"classifier": GENERALIST if classifier == AUTO else classifier, "mae": mae, "superres": superres}
    if special is not None:
        chosen["specialist"] = special.name
    for kind, name in chosen.items():
        if name == NONE:
            continue
        model = load_checkpoint(name)
        wanted = "classifier" if kind == "specialist" else kind
        if model.card.kind != wanted:
            raise CheckpointError(f"Checkpoint {model.name} is of the kind {model.card.kind}; --{wanted} needs a {wanted}.")
        reference = _reference(model, say)
        if reference is not None:
            references[kind] = reference
        # A specialist that cannot tell what is in its domain is not asked first.
        if reference is not None or kind != "specialist":
            loaded[kind] = model
    return Networks(**loaded, references=references)


def _reference(model: LoadedModel, say: Callable[[str], None]) -> Reference | None:
    reference, problem = reference_or_problem(model.path)
    if problem is not None:
        say(f"{problem} Images out of distribution are not flagged.")
        return None
    if reference is None:
        said = "nothing says yet what is in its domain, so images out of distribution are not flagged"
        say(f"{model.name}: {said}; `lensmae fit-ood {model.name} DATA` measures it.")
    return reference
