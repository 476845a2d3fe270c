"""Hidden ions of a picture: none that can be seen is left out."""

import numpy as np

from epicarve.builder.output import visible_discs


def test_what_is_seen_of_a_random_heap_is_drawn():
    rng = np.random.default_rng(1)
    points, radii = rng.uniform(0.0, 12.0, size=(8000, 2)), rng.choice([1.15, 1.45], size=8000)
    seen = visible_discs(points, radii)
    assert seen.sum() < 4000
    pixels = np.arange(-1.0, 13.0, 0.05)
    front = np.full((len(pixels), len(pixels)), -1)
    drawn = front.copy()
    for disc, (point, radius) in enumerate(zip(points, radii, strict=True)):
        low, high = np.searchsorted(pixels, [point - radius, point + radius])
        box = tuple(map(slice, low, high))
        x, y = (pixels[part] - middle for part, middle in zip(box, point, strict=True))
        inside = x[:, None] ** 2 + y**2 <= radius**2
        front[box][inside] = disc
        if seen[disc]:
            drawn[box][inside] = disc
    wrong = front != drawn
    assert wrong.mean() < 2e-3  # slivers narrower than two pixels
    assert ((drawn >= 0) != (front >= 0)).mean() < 1e-4


def test_few_discs_are_all_drawn():
    assert visible_discs(np.zeros((100, 2)), np.ones(100)).all()
