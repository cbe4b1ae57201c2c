"""What does the network know? Hide patches of a lens and see what it reconstructs."""

from lensmae.app.reconstruction.page import workbench
from lensmae.app.shared import choices
from lensmae.app.shared.guard import fragment
from lensmae.app.shared.widgets import page_title

choice = choices.current()
page_title(
    "Reconstruction",
    "What does the network know? It is given the patches that are left and reconstructs the rest. "
    "Masks of one seed are nested: a larger ratio hides what a smaller one hid, and more. "
    "Click on a patch, or drag a box over some, to hide or show them yourself. In “Masked”, hatching marks the patches that "
    "the network is not given; in the other panels, those that it is given and so does not predict.",
)
fragment(workbench)(choice)
