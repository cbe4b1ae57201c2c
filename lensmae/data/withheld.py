"""How a class is written that is withheld, because the lens is out of the network's domain."""

CANNOT_TELL = "cannot tell"
