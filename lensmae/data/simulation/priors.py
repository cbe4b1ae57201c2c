"""Priors of every simulated data set, each with its source. Angles in arcsec, masses in Msun, axion masses in eV."""

from collections.abc import Mapping
from types import MappingProxyType

# Models I-III (DeepLenseSim): the lens and the source are always the same but for the source's position, uniform in x and y.
MODEL_LENS_MASS = 1e12
MODEL_LENS = {"e1": 0.1, "e2": 0.0, "gamma1": 0.05, "gamma2": 0.0}
MODEL_SOURCE = {"R_sersic": 0.25, "n_sersic": 1.0, "source_e1": -0.1, "source_e2": 0.1}
MODEL_SOURCE_PLACE = (-0.35, 0.35)
# Cold dark matter: so many point masses, dN/dm ~ m^slope between two masses, radius uniform in an annulus.
MODEL_HALOS = {"count": 25, "slope": -0.9, "masses": (1e6, 1e10), "radius": (0.25, 2.0)}
# Axion vortex: log10 of its mass in eV, uniform; a line of equal point masses of half-length length / (2 m).
AXION_LOG_MASS = (-24.0, -22.0)
VORTEX = {"count": 100, "point_mass": 3e8, "length": 0.06e-22}

# Models I-III: magnitude of the source; Model I has an amplitude (flux a square arcsec at the half-light radius) instead.
SOURCE_MAGNITUDE = 20.0
MODEL_I_AMPLITUDE = 20.0
MODEL_I_BACKGROUND_RMS = 0.01
# Logarithm of the exposure time in seconds, uniform.
MODEL_I_LOG_EXPOSURE = (3.0, 3.5)

# `model_ii_free`: ranges about Model II's own values, all directions alike. Uniform. Einstein radius and shear are as seen in
# the image; in the table they stand divided by the preset's `plane_factor`.
FREE_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "theta_E": (0.6, 1.1),
        "axis_ratio": (0.6, 0.99),
        "shear": (0.0, 0.06),
        "R_sersic": (0.12, 0.4),
        "n_sersic": (0.7, 2.0),
        "source_axis_ratio": (0.6, 1.0),
    }
)
FREE_OFFSET = 0.3

# `superres`: rings and arcs 20-45 HR pixels in radius, elongated along x by 0.6-1, as measured on Task VI.B. Uniform.
PAIR_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "theta_E": (1.0, 2.25),
        "e1": (0.0, 0.25),
        "e2": (-0.05, 0.05),
        "gamma1": (-0.06, 0.02),
        "gamma2": (-0.03, 0.03),
        "source_x": (-0.3, 0.3),
        "source_y": (-0.3, 0.3),
        "R_sersic": (0.18, 0.36),
        "n_sersic": (0.5, 1.0),
        "source_e1": (-0.2, 0.2),
        "source_e2": (-0.2, 0.2),
    }
)

# `superres`: flux-dependent noise of the HR images (range [0, 1]): variance = background + shot + a term that grows with flux
# squared. Set so that bicubic scores what it scores on Task VI.B's images (41.6 dB, SSIM 0.973); rms 0.006 on the sky, 0.010 /
# 0.013 / 0.018 / 0.026 / 0.034 at flux 0.09 / 0.18 / 0.37 / 0.7 / 1, some 20 % above the local rms measured on those images.
PAIR_NOISE_VARIANCE = (3.0e-5, 6.6e-4, 4.4e-4)
PAIR_SKY = 0.008

# `survey`, cold dark matter. Slope dN/dm ~ m^-1.9: Springel et al. 2008 (MNRAS 391, 1685). Share of the projected mass near the
# Einstein radius that is in subhalos: Dalal & Kochanek 2002 (ApJ 572, 25), median 0.02, 90 % between 0.006 and 0.07.
HALO_SLOPE = -1.9
HALO_MASSES = (1e8, 1e10)
HALO_FRACTION = 0.02
# Mass-concentration relation c200(M, z) of NFW halos: Dutton & Maccio 2014 (MNRAS 441, 3359), eqs. 7, 10, 11, with its scatter.
HALO_CONCENTRATION = {"a": (0.520, 0.905, -0.617, 1.21), "b": (-0.101, 0.026), "scatter_dex": 0.11}
# Truncation radius 1.4 kpc (m / 1e7 Msun)^(1/3) (r / 50 kpc)^(2/3): Gilman et al. 2020 (MNRAS 491, 6077), here r = 50 kpc.
HALO_TRUNCATION_KPC = 1.4

# `survey`, priors of lens and source (uniform between the bounds unless said). Axis ratios, shear and sizes as in the SLACS
# sample (Bolton et al. 2008, ApJ 682, 964; Auger et al. 2009, ApJ 705, 1099); lens light is round about the mass.
SURVEY_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "theta_E": (0.5, 2.2),
        "theta_E_pixels": (5.0, 23.0),
        "ellipticity": (0.0, 0.25),
        "shear": (0.0, 0.08),
        # Source's distance from the optical axis, in Einstein radii; its square is uniform.
        "source_offset": (0.0, 0.45),
        "R_sersic": (0.06, 0.35),
        "n_sersic": (0.5, 2.5),
        "source_ellipticity": (0.0, 0.35),
        # Bright knots of the source: number (Poisson mean, maximum), each one's share of its light, and size in arcsec.
        "clumps": (1.2, 4.0),
        "clump_share": (0.03, 0.12),
        "clump_R_sersic": (0.03, 0.06),
        # The lens galaxy's half-light radius in Einstein radii, and its Sersic index.
        "lens_R_sersic": (0.4, 1.8),
        "lens_n_sersic": (2.5, 5.0),
        # Neighbours: number (Poisson mean, maximum), fainter than the lens by so many magnitudes, size in arcsec.
        "neighbours": (0.6, 3.0),
        "neighbour_fainter": (1.5, 4.0),
        "neighbour_R_sersic": (0.1, 0.4),
    }
)

# `galaxies`: what surveys hold most of, and no lens. So many are discs with a bulge, so many of the discs have two logarithmic
# spiral arms of bright knots; the others are ellipticals as lens galaxies are. Uniform between the bounds unless said.
GALAXY, GALAXY_OFFSET = "galaxy", 0.3
GALAXY_DISC_SHARE, GALAXY_ARMS_SHARE = 0.65, 0.7
GALAXY_PRIORS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        # Half-light radius of an elliptical, and of a disc.
        "R_sersic_pixels": (3.0, 12.0),
        "disc_R_sersic_pixels": (4.0, 14.0),
        "disc_ellipticity": (0.0, 0.5),
        # A bulge: its half-light radius in those of the disc, its Sersic index, and how much fainter it is, in magnitudes.
        "bulge_R_sersic": (0.1, 0.35),
        "bulge_n_sersic": (1.0, 4.0),
        "bulge_fainter": (0.0, 3.0),
        # Arms: knots in all (a whole number), their share of the disc's light, tangent of the pitch angle (12 to 40 degrees). In
        # half-light radii of the disc: first and last radius, scatter about the spiral, half-light radius of a knot.
        "knots": (14.0, 32.0),
        "knots_share": (0.1, 0.5),
        "pitch": (0.21, 0.84),
        "arms": (0.5, 2.2),
        "knot_scatter": (0.02, 0.08),
        "knot_R_sersic": (0.1, 0.35),
        # Neighbours: number (Poisson mean, maximum), and how near, in pixels; some overlap the galaxy as in a merger.
        "neighbours": (1.2, 4.0),
        "neighbour_distance_pixels": (3.0, 40.0),
        "neighbour_fainter": (0.0, 3.5),
    }
)
