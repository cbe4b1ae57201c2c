"""A scene turned, mirrored and moved as a whole."""

from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from lensmae.data.simulation.batched.draws import Draws
from lensmae.data.simulation.batched.scene import Halos, Knots, Light, Macro, Points, Scene

_Placed = TypeVar("_Placed", Macro, Points, Halos, Light, Knots)
_Round = TypeVar("_Round", Points, Halos, Knots)


def posed(scene: Scene, draws: Draws, turned: bool, offset: float) -> Scene:
    """The scene in a random pose.

    Args:
        scene: what is turned and moved.
        draws: random numbers.
        turned: turned by any angle, and mirrored in one half of the lenses.
        offset: the centre is moved by up to so many arcsec in x and in y.
    """
    count = len(scene)
    if turned:
        flip = draws.unit(count).sub(0.5).sign()
        scene = turn(scene, draws.angle(count), flip)
    if offset:
        scene = move(scene, draws.uniform(-offset, offset, count), draws.uniform(-offset, offset, count))
    return scene


def turn(scene: Scene, angle: Tensor, flip: Tensor) -> Scene:
    """Turned about the image's centre by `angle` (B,) radians from x to y, y first multiplied by `flip` (B,), 1 or -1."""
    cos, sin, cos2, sin2 = angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()

    def turned(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        c, s, f = (_as(value, x) for value in (cos, sin, flip))
        return c * x - s * f * y, s * x + c * f * y

    def spin(one: Tensor, two: Tensor) -> tuple[Tensor, Tensor]:
        c, s, f = (_as(value, one) for value in (cos2, sin2, flip))
        return c * one - s * f * two, s * one + c * f * two

    def light(profiles: Light | None) -> Light | None:
        if profiles is None:
            return None
        x, y = turned(profiles.x, profiles.y)
        e1, e2 = spin(profiles.e1, profiles.e2)
        return replace(profiles, x=x, y=y, e1=e1, e2=e2)

    x, y = turned(scene.macro.x, scene.macro.y)
    e1, e2 = spin(scene.macro.e1, scene.macro.e2)
    gamma1, gamma2 = spin(scene.macro.gamma1, scene.macro.gamma2)

    def round_ones(part: _Round | None) -> _Round | None:
        return None if part is None else replace(part, **dict(zip("xy", turned(part.x, part.y), strict=True)))

    return replace(
        scene,
        macro=Macro(scene.macro.theta_E, e1, e2, gamma1, gamma2, x, y),
        source=light(scene.source),
        foreground=light(scene.foreground),
        knots=round_ones(scene.knots),
        neighbours=round_ones(scene.neighbours),
        points=round_ones(scene.points),
        halos=round_ones(scene.halos),
    )


def move(scene: Scene, x: Tensor, y: Tensor) -> Scene:
    """Moved by x, y (B,) arcsec."""

    def moved(part: _Placed) -> _Placed:
        return replace(part, x=part.x + _as(x, part.x), y=part.y + _as(y, part.y))

    names = ("macro", "source", "knots", "foreground", "neighbours", "points", "halos")
    parts = {name: getattr(scene, name) for name in names}
    return replace(scene, **{name: moved(part) for name, part in parts.items() if part is not None})


def _as(values: Tensor, like: Tensor) -> Tensor:
    """(B,) beside (B,) or (B, N)."""
    return values if like.dim() == 1 else values[:, None]
