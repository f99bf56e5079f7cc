"""Draw data/flowers: five kinds of flower, in the folders that ImageFolder reads.

    python -m pip install -c constraints.txt -e .
    python data/build/draw_flowers.py                 # all pictures, some minutes
    python data/build/draw_flowers.py --sheet S.png   # a few of each kind on one sheet

A flower is a heap of curved sheets in space, each cut into small four-sided pieces: turned,
lit, sorted from far to near, and painted. Every picture has a random generator of its own,
seeded by its folder, its kind and its number, so that no two share any random state.
"""

import argparse
import hashlib
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from tqdm import tqdm

FOLDER = Path(__file__).resolve().parents[1] / "flowers"
KINDS = ["daisy", "dandelion", "rose", "sunflower", "tulip"]
NUMBER = {"train": 80, "test": 24}
# Test pictures of their own, drawn when all that the lessons choose had been chosen.
SEED = {"train": 2026, "test": 20261128}
FINE = 2  # drawn this many times larger, then made smaller, so that edges are smooth
GOLDEN = math.pi * (3 - math.sqrt(5))  # the angle between neighbours in a seed head

Random = np.random.Generator
Colour = np.ndarray  # (3,) red, green, blue, 0 to 1


# ------------------------------------------------------------------ shapes in space


def rotation(axis: int, angle: float) -> np.ndarray:
    """(3, 3): a turn by `angle` radians about x, y or z (0, 1, 2)."""
    a, b = [(1, 2), (2, 0), (0, 1)][axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = math.cos(angle)
    matrix[a, b], matrix[b, a] = -math.sin(angle), math.sin(angle)
    return matrix


class Heap:
    """Small coloured pieces in space: `corners` (N, 4, 3), `colours` (N, 3)."""

    def __init__(self) -> None:
        self.corners: list[np.ndarray] = []
        self.colours: list[np.ndarray] = []

    def add(self, grid: np.ndarray, colours: np.ndarray) -> None:
        """A sheet: points (rows + 1, columns + 1, 3), colours (rows, columns, 3)."""
        square = (grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:])
        self.corners.append(np.stack(square, axis=2).reshape(-1, 4, 3))
        self.colours.append(colours.reshape(-1, 3))

    def paint(
        self, image: Image.Image, turn: np.ndarray, size: float, at, light: np.ndarray
    ) -> None:
        """Turn, light, sort and paint everything on `image`, x to the right, y up."""
        corners = np.concatenate(self.corners) @ turn.T
        normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1])
        normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
        facing = normals @ light
        # A petal is thin: light from behind comes through, weaker.
        shade = 0.62 + 0.5 * np.maximum(facing, 0) + 0.25 * np.maximum(-facing, 0)
        colours = np.clip(np.concatenate(self.colours) * shade[:, None], 0, 1)
        draw = ImageDraw.Draw(image)
        flat = corners[:, :, :2] * [size, -size] + np.asarray(at)
        for i in np.argsort(corners[:, :, 2].mean(1), kind="stable"):
            colour = tuple(int(c) for c in colours[i] * 255)
            points = [tuple(point) for point in flat[i]]
            draw.polygon(points, fill=colour, outline=colour)


def sheet(
    random: Random,
    length: float,
    width: float,
    base: Colour,
    tip: Colour,
    *,
    widest: float = 0.6,
    blunt: float = 0.4,
    curl: float = 0.0,
    cup: float = 0.0,
    ripple: float = 0.0,
    teeth: float = 0.0,
    streak: float = 0.06,
    rows: int = 10,
    columns: int = 6,
) -> tuple[np.ndarray, np.ndarray]:
    """A petal or a leaf along x, its face up, and its colours.

    Args:
        widest: where it is widest, from 0 at the base to 1 at the tip.
        blunt: small for a broad tip, 1 and more for a pointed one.
        curl: how far the tip comes up. cup: how far the sides do.
        ripple, teeth: how wavy the face, how toothed the rim.
        streak: how much the shades differ across it.
    """
    u = np.linspace(0, 1, rows + 1)[:, None]
    v = np.linspace(-1, 1, columns + 1)[None, :]
    rise = blunt * widest / (1 - widest)
    shape = (u + 0.02) ** rise * (1.005 - u) ** blunt
    shape = shape / shape.max()
    if teeth:
        shape = shape * (1 - teeth * (np.arange(rows + 1)[:, None] % 2))
    wave = ripple * width * np.sin(u * 7 + v * 2.5 + random.uniform(0, 6)) * u
    grid = np.stack(
        [
            length * u * (1 - 0.06 * v**2),
            0.5 * width * shape * v,
            curl * length * u**2 + cup * width * shape * v**2 + wave,
        ],
        axis=2,
    )
    colours = base + (tip - base) * u[:-1, :, None] ** 0.8
    lines = 1 + streak * random.standard_normal((1, columns, 1))
    middle = 1 - streak * np.exp(-8 * v[:, :-1, None] ** 2)
    return grid, np.clip(colours * lines * middle, 0, 1.2)


def whorl(
    heap: Heap,
    random: Random,
    number: int,
    radius: float,
    lift: float,
    make,
    *,
    height: float = 0.0,
    start: float = 0.0,
    unrest: float = 0.1,
) -> None:
    """`number` petals round the axis, `lift` radians up from the plane."""
    for i in range(number):
        around = start + 2 * math.pi * i / number + random.normal(0, unrest)
        up = lift + random.normal(0, unrest)
        grid, colours = make()
        grid = grid @ rotation(1, -up).T + [radius, 0, height]
        heap.add(grid @ rotation(2, around).T, colours * random.normal(1, 0.05))


def seeds(
    heap: Heap, random: Random, number: int, radius: float, dome: float, colour_at
) -> None:
    """A head of seeds in the spiral of a sunflower, on a dome."""
    # Vogel, A better way to construct the sunflower head, Mathematical Biosciences 1979.
    corner = np.array([[-1, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0]], float)
    for i in range(number):
        share = math.sqrt((i + 0.5) / number)
        around, far = i * GOLDEN, radius * share
        height = dome * radius * (1 - share**2)
        size = radius / math.sqrt(number) * random.uniform(0.8, 1.2)
        at = [far * math.cos(around), far * math.sin(around), height]
        tilt = rotation(2, around) @ rotation(1, dome * share * 1.2)
        grid = (corner * size) @ tilt.T + at
        colour = colour_at(share) * random.normal(1, 0.12)
        heap.add(grid.reshape(2, 2, 3), colour.reshape(1, 1, 3))


# ------------------------------------------------------------------ the five kinds


def rgb(text: str) -> Colour:
    return np.array([int(text[i : i + 2], 16) for i in (0, 2, 4)]) / 255


def shades(random: Random, colour: Colour, unrest: float = 0.03) -> Colour:
    return np.clip(colour + random.normal(0, unrest, 3), 0.02, 1)


def pick(random: Random, texts: str) -> Colour:
    return shades(random, rgb(random.choice(texts.split())))


def daisy(random: Random) -> Heap:
    heap = Heap()
    tip = pick(random, "ffffff ffffff fdfaf0 f6d7e4 e9c9ef f7e79a ffd23e")
    base = tip * random.uniform(0.8, 1)
    number = int(random.integers(13, 30))
    width = random.uniform(3.4, 5.5) / number
    for layer in range(2):
        whorl(
            heap,
            random,
            number,
            0.2,
            random.uniform(-0.25, 0.3) + 0.12 * layer,
            lambda: sheet(
                random,
                random.uniform(0.72, 0.84),
                width,
                base,
                tip,
                widest=0.7,
                blunt=0.22,
                curl=random.uniform(-0.2, 0.15),
                cup=0.15,
            ),
            start=layer * math.pi / number,
        )
    yellow = pick(random, "f4c430 eda50d ffcf20 d98a08")
    dome = random.uniform(0.25, 0.6)
    dark = rgb("a86a00")
    seeds(
        heap,
        random,
        190,
        random.uniform(0.24, 0.33),
        dome,
        lambda share: yellow * (1 - share) + (0.6 * yellow + 0.4 * dark) * share,
    )
    return heap


def dandelion(random: Random) -> Heap:
    heap = Heap()
    if random.random() < 0.25:  # gone to seed
        grey = pick(random, "f2f2ee e4e6e8")
        for i in range(170):
            z = 1 - 2 * (i + 0.5) / 170
            across = math.sqrt(1 - z * z)
            out = np.array(
                [across * math.cos(i * GOLDEN), across * math.sin(i * GOLDEN), z]
            )
            side = np.cross(out, [0.3, 0.5, 0.8])
            side /= np.linalg.norm(side)
            up = np.cross(out, side)
            thread = np.array(
                [out * 0.1, out * 0.1 + side * 0.006, out * 0.78, out * 0.78]
            )
            heap.add(thread.reshape(2, 2, 3), grey.reshape(1, 1, 3) * 0.8)
            for j in range(9):
                angle = 2 * math.pi * j / 9 + random.uniform(0, 0.5)
                ray = (side * math.cos(angle) + up * math.sin(angle)) * 0.2 + out * 0.97
                wide = np.cross(out, ray) * 0.012
                tuft = np.array([out * 0.78, out * 0.78 + wide, ray, ray + wide])
                heap.add(tuft.reshape(2, 2, 3), grey.reshape(1, 1, 3))
        seeds(heap, random, 40, 0.12, 0.9, lambda share: rgb("6b4a2a"))
        return heap
    tip = pick(random, "ffd800 f9c80e ffe135 f5b800")
    base = tip * [0.95, 0.8, 0.6]
    rings = int(random.integers(6, 9))
    opened = random.uniform(0.7, 1.15)
    for ring in range(rings):
        share = ring / (rings - 1)  # 0 in the middle, 1 outside
        whorl(
            heap,
            random,
            int(8 + 26 * share),
            0.05 + 0.1 * share,
            1.45 - 1.5 * share * opened,
            lambda share=share: sheet(
                random,
                random.uniform(0.8, 1.0) * (0.35 + 0.6 * share),
                0.11,
                base,
                tip,
                widest=0.75,
                blunt=0.12,
                curl=random.uniform(-0.15, 0.2),
                rows=6,
                columns=3,
            ),
            start=ring * 0.4,
            unrest=0.16,
        )
    return heap


def rose(random: Random) -> Heap:
    heap = Heap()
    tip = pick(random, "c8102e d6336c f4a6b8 fff3e6 ffd447 ff8c42 a4133c f7cad0 e0457b")
    base = tip * random.uniform(0.62, 0.85)
    number = int(random.integers(24, 38))
    opened = random.uniform(0.7, 1.1)
    for i in range(number):
        share = (i + 1) / number  # 0 in the middle, 1 outside
        length = 0.5 + 0.45 * share
        grid, colours = sheet(
            random,
            length,
            (0.32 + 0.75 * share) * random.uniform(0.9, 1.1),
            base,
            tip,
            widest=0.66,
            blunt=0.24,
            cup=0.5 - 0.25 * share,
            ripple=0.03 + 0.03 * share,
            rows=14,
            columns=9,
        )
        # The rim of an outer petal rolls outward.
        far = grid[..., 0] / length
        grid[..., 2] -= 0.5 * share * opened * length * np.maximum(far - 0.6, 0) ** 1.5
        lift = 1.5 - 1.25 * share**1.2 * opened
        grid = grid @ rotation(1, -lift - random.normal(0, 0.06)).T
        grid += [0.03 + 0.14 * share, 0, -0.25 * share]
        shade = 0.72 + 0.3 * share  # little light falls into the middle
        heap.add(grid @ rotation(2, i * GOLDEN).T, colours * shade)
    return heap


def sunflower(random: Random) -> Heap:
    heap = Heap()
    tip = pick(random, "ffc107 fbb117 ffd23f f59e0b e27d0a")
    base = tip * [0.92, 0.75, 0.5]
    number = int(random.integers(16, 26))
    heart = random.uniform(0.45, 0.6)
    for layer in range(2):
        whorl(
            heap,
            random,
            number,
            heart * 0.9,
            random.uniform(-0.1, 0.35) + 0.15 * layer,
            lambda: sheet(
                random,
                random.uniform(0.5, 0.68),
                random.uniform(0.18, 0.26),
                base,
                tip,
                widest=0.45,
                blunt=0.8,
                curl=random.uniform(-0.3, 0.3),
                cup=0.25,
                streak=0.1,
            ),
            start=layer * math.pi / number,
            unrest=0.14,
        )
    outside, inside = (
        pick(random, "4a2c12 3b2010 5c3a1a"),
        pick(random, "7a5a1e 5b4a1c"),
    )
    seeds(
        heap,
        random,
        420,
        heart,
        random.uniform(0.1, 0.35),
        lambda share: (
            inside * 0.9
            if share < 0.4
            else outside * (1.7 if 0.78 < share < 0.9 else 1.0)
        ),
    )
    return heap


def tulip(random: Random) -> Heap:
    heap = Heap()
    tip = pick(random, "d7263d ff5d8f ffd23f fff6e9 8e3b8a ff8c42 f7b2c4 b5179e e63946")
    base = shades(random, tip * 0.85, 0.04)
    if random.random() < 0.4:
        base = 0.5 * base + 0.5 * rgb("f5d547")
    opened = random.uniform(0, 0.4)
    for layer in range(2):
        whorl(
            heap,
            random,
            3,
            0.06,
            1.18 - opened - 0.12 * layer,
            lambda: sheet(
                random,
                random.uniform(1.15, 1.3),
                random.uniform(0.82, 0.98),
                base,
                tip,
                widest=0.5,
                blunt=0.5,
                curl=random.uniform(0.16, 0.3),
                cup=0.42,
                ripple=0.015,
                rows=14,
                columns=10,
                streak=0.08,
            ),
            start=layer * math.pi / 3,
            height=-0.6,
            unrest=0.07,
        )
    for i in range(6):
        around = i * math.pi / 3
        grid, _ = sheet(random, 0.5, 0.06, base, tip, rows=4, columns=2)
        grid = grid @ rotation(1, -1.3).T + [0.05, 0, -0.6]
        colours = np.broadcast_to(rgb("3b2a14"), (4, 2, 3))
        heap.add(grid @ rotation(2, around).T, colours)
    return heap


DRAW = {
    "daisy": daisy,
    "dandelion": dandelion,
    "rose": rose,
    "sunflower": sunflower,
    "tulip": tulip,
}
# Seen from above (0) or from the side (half of pi).
TILT = {
    "daisy": (0.0, 0.9),
    "dandelion": (0.1, 1.1),
    "rose": (0.0, 0.6),
    "sunflower": (0.0, 0.7),
    "tulip": (0.9, 1.5),
}
# Length, width, where it is widest, tip, teeth of a leaf of each kind.
LEAF = {
    "daisy": (0.9, 0.3, 0.7, 0.3, 0.1),
    "dandelion": (1.5, 0.42, 0.65, 0.6, 0.45),
    "rose": (0.8, 0.48, 0.45, 0.6, 0.12),
    "sunflower": (1.2, 0.95, 0.35, 0.8, 0.06),
    "tulip": (2.2, 0.5, 0.4, 0.9, 0.0),
}


# ------------------------------------------------------------------ what is round it


def noise(random: Random, shape: tuple[int, int], cells: int) -> np.ndarray:
    """Clouds of 0 to 1 in `shape`: four layers, each twice as fine and half as strong."""
    total, weight = np.zeros(shape), 0.0
    for octave in range(4):
        n = cells * 2**octave
        rows = max(2, round(n * shape[0] / max(shape)))
        columns = max(2, round(n * shape[1] / max(shape)))
        small = Image.fromarray(random.random((rows, columns)).astype(np.float32))
        large = small.resize(shape[::-1], Image.Resampling.BICUBIC)
        total += np.asarray(large) / 2**octave
        weight += 1 / 2**octave
    return np.clip(total / weight * 1.6 - 0.3, 0, 1)


def blend(a: Colour, b: Colour, share: np.ndarray) -> Image.Image:
    """A picture that goes from colour a to colour b as `share` (H, W) goes from 0 to 1."""
    mixed = a + (b - a) * np.clip(share, 0, 1)[..., None]
    return Image.fromarray((np.clip(mixed, 0, 1) * 255).astype(np.uint8))


def blur(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(float(radius)))


def green(random: Random) -> Colour:
    return pick(random, "2f5d23 3f7d2c 5a8f2e 24481b 6f9a3e 476b2a 33691e 557a46")


def blade(image: Image.Image, random: Random, start, length: float, colour: Colour):
    """One blade of grass, bent, from `start` upward."""
    bend, lean = random.normal(0, 0.4), random.normal(0, 0.35)
    t = np.linspace(0, 1, 8)
    x = start[0] + length * (lean * t + bend * t**2)
    y = start[1] - length * t * (1 - 0.2 * abs(bend) * t)
    half = length * random.uniform(0.012, 0.03) * (1 - t) + 0.6
    outline = [*zip(x - half, y, strict=True)]
    outline += [*zip((x + half)[::-1], y[::-1], strict=True)]
    fill = tuple(int(c * 255) for c in np.clip(colour, 0, 1))
    ImageDraw.Draw(image).polygon(outline, fill=fill)


def foliage(
    image: Image.Image, random: Random, number: int, size: float, light
) -> None:
    """Leaves of any bush, anywhere."""
    for _ in range(number):
        heap, colour = Heap(), green(random) * random.uniform(0.5, 1.1)
        heap.add(
            *sheet(
                random,
                1,
                random.uniform(0.2, 0.6),
                colour * 0.8,
                colour,
                blunt=0.7,
                curl=random.uniform(-0.3, 0.3),
                cup=0.2,
                rows=7,
                columns=4,
            )
        )
        turn = rotation(0, random.uniform(-0.8, 0.8))
        turn = rotation(2, random.uniform(0, 2 * math.pi)) @ turn
        at = random.random(2) * image.size
        heap.paint(image, turn, size * random.uniform(0.5, 1.3), at, light)


def background(random: Random, width: int, height: int, light) -> Image.Image:
    """Meadow, bush, sky, soil, wood, wall or evening lights; out of focus, more or less."""
    kind = random.choice(["meadow", "bush", "sky", "soil", "wood", "wall", "lights"])
    side, shape = min(width, height), (height, width)
    down = np.linspace(0, 1, height)[:, None] + np.zeros((1, width))
    clouds = noise(random, shape, int(random.integers(2, 6)))
    if kind == "meadow":
        image = blend(green(random) * 0.5, green(random), 0.6 * clouds + 0.4 * down)
        for y in np.sort(random.uniform(0.1, 1.25, 420)):
            start = (random.uniform(0, width), y * height)
            blade(
                image, random, start, side * random.uniform(0.1, 0.4), green(random) * y
            )
    elif kind == "bush":
        image = blend(green(random) * 0.25, green(random) * 0.7, clouds)
        foliage(image, random, 130, side * random.uniform(0.15, 0.35), light)
    elif kind == "sky":
        blue = pick(random, "4a90d9 7fb2e5 9fb8c8 5b7fb0")
        image = blend(blue, rgb("f4f7fa"), 0.5 * down + 0.7 * clouds - 0.2)
        horizon = random.uniform(0.6, 1.1) * height
        for _ in range(200):
            start = (
                random.uniform(0, width),
                horizon + random.uniform(0, height * 0.4),
            )
            blade(image, random, start, side * 0.25, green(random))
    elif kind == "soil":
        fine = noise(random, shape, 40)
        dark, pale = pick(random, "2d2018 3d2b1f 4a3b2a"), pick(random, "8a6f52 7b6a58")
        image = blend(dark, pale, 0.5 * clouds + 0.5 * fine)
        draw = ImageDraw.Draw(image)
        for _ in range(140):
            x, y = random.random(2) * image.size
            a, b = side * random.uniform(0.005, 0.035, 2)
            grey = pale * random.uniform(0.5, 1.4)
            fill = tuple(int(c * 255) for c in np.clip(grey, 0, 1))
            draw.ellipse([x - a, y - b, x + a, y + b], fill=fill)
    elif kind == "wood":
        grain = noise(random, (height, 12), 30).repeat(math.ceil(width / 12), 1)
        dark, pale = pick(random, "5b3a21 7a5230 3e2a1d"), pick(random, "b98b5e d1a97a")
        boards = np.sin(down * random.uniform(12, 25)) > 0.985
        image = blend(dark, pale, 0.55 * grain[:, :width] + 0.35 * clouds - boards)
    elif kind == "wall":
        plaster = noise(random, shape, 24)
        stone = pick(random, "b5a48b a9998a c9c2b2 9a5b45 d8d2c4 8c9aa6")
        image = blend(stone * 0.65, stone, 0.5 * plaster + 0.5 * clouds)
        rows, columns = np.indices(shape) / (side * random.uniform(0.1, 0.2))
        joint = (rows % 1 < 0.06) | ((columns / 2.2 + 0.5 * (rows // 1 % 2)) % 1 < 0.03)
        image.paste(
            blend(stone * 0.4, stone * 0.5, clouds), mask=Image.fromarray(joint)
        )
    else:
        image = blend(
            green(random) * 0.15, pick(random, "2b3a55 40352c 1f3a2e"), clouds
        )
    if kind == "lights" or random.random() < 0.25:
        # Other things in colour, far out of focus: colour alone doesn't give a flower away.
        for _ in range(int(random.integers(4, 16))):
            x, y = random.random(2) * image.size
            r = side * random.uniform(0.02, 0.13)
            colour = pick(
                random, "ffd447 d6336c ffffff 8e3b8a ff8c42 f4a6b8 6f9a3e e63946"
            )
            disc = Image.new("L", image.size)
            strength = int(random.uniform(60, 200))
            ImageDraw.Draw(disc).ellipse([x - r, y - r, x + r, y + r], fill=strength)
            disc = blur(disc, r * 0.06)
            flat = Image.new("RGB", image.size, tuple(int(c * 255) for c in colour))
            image.paste(flat, mask=disc)
    far = random.choice([0.0, 0.003, 0.008, 0.02])
    return blur(image, side * far)


def stem(image: Image.Image, random: Random, kind: str, at, size: float, light) -> None:
    """The stalk of a flower down to the rim, and a few leaves on it."""
    colour = green(random)
    thick = size * {"sunflower": 0.07, "tulip": 0.06}.get(kind, 0.035)
    t = np.linspace(0, 1, 14)
    drift = random.normal(0, 0.35)
    length = image.size[1] * random.uniform(0.7, 1.2)
    x = at[0] + length * drift * t**1.6
    y = at[1] + length * t
    draw = ImageDraw.Draw(image)
    for part in np.linspace(-1, 1, 7):
        shade = 1.05 - 0.45 * abs(part - light[0] * 0.6)
        fill = tuple(int(c * 255) for c in np.clip(colour * shade, 0, 1))
        points = [*zip(x + part * thick * 0.8, y, strict=True)]
        draw.line(points, fill=fill, width=max(2, int(thick * 0.5)))
    long, wide, widest, blunt, teeth = LEAF[kind]
    for _ in range(int(random.integers(1, 5))):
        heap, spot = Heap(), int(random.integers(3, 12))
        shade = shades(random, colour, 0.03)
        heap.add(
            *sheet(
                random,
                long * random.uniform(0.7, 1.2),
                wide,
                shade * 0.8,
                shade,
                widest=widest,
                blunt=blunt,
                teeth=teeth,
                curl=random.uniform(-0.3, 0.2),
                cup=0.15,
                rows=16,
            )
        )
        turn = rotation(0, random.uniform(-0.9, 0.9))
        angle = random.choice([0, math.pi]) + random.normal(0.0, 0.4)
        if kind == "tulip":
            angle = math.pi / 2 + random.normal(0, 0.3)
        heap.paint(image, rotation(2, angle) @ turn, size, (x[spot], y[spot]), light)


def shadow(image: Image.Image, at, size: float, light: np.ndarray) -> Image.Image:
    """Darken what lies behind a flower, away from the light."""
    mask = Image.new("L", image.size)
    x, y = at[0] - light[0] * size * 0.35, at[1] + light[1] * size * 0.35
    box = [x - size * 0.8, y - size * 0.8, x + size * 0.8, y + size * 0.8]
    ImageDraw.Draw(mask).ellipse(box, fill=110)
    mask = blur(mask, size * 0.18)
    return Image.composite(Image.new("RGB", image.size), image, mask)


def picture(kind: str, random: Random) -> Image.Image:
    """One picture of a flower of `kind`; its shorter side has 240 points or more."""
    short = int(random.integers(240, 261))
    long = int(short * random.choice([1.0, 1.25, 4 / 3, 1.5]))
    width, height = (long, short) if random.random() < 0.6 else (short, long)
    canvas_width, canvas_height, side = width * FINE, height * FINE, short * FINE
    light = np.array([random.uniform(-0.8, 0.8), random.uniform(0.1, 0.9), 0.7])
    light /= np.linalg.norm(light)
    image = background(random, canvas_width, canvas_height, light)

    number = int(random.choice([1, 1, 1, 2, 3]))
    for i in range(number):
        near = i == number - 1
        size = side * random.uniform(0.32, 0.5) * (1 if near else 0.6)
        if kind == "tulip":
            size *= 0.85
        at = (
            canvas_width * random.uniform(0.36, 0.64),
            canvas_height * random.uniform(0.34, 0.58),
        )
        tilt = random.uniform(*TILT[kind])
        turn = rotation(2, random.normal(0, 0.3)) @ rotation(0, -tilt)
        turn = turn @ rotation(2, random.uniform(0, 2 * math.pi))
        below = turn @ [0, 0, -0.5 if kind == "tulip" else -0.1]
        foot = (at[0] + below[0] * size, at[1] - below[1] * size)
        stem(image, random, kind, foot, size, light)
        image = shadow(image, at, size, light)
        DRAW[kind](random).paint(image, turn, size, at, light)
        if not near:
            soft = side * random.uniform(0.002, 0.012)
            image = blur(image, soft)

    if random.random() < 0.45:  # something in front of it
        if random.random() < 0.5:
            for _ in range(int(random.integers(3, 12))):
                start = (random.uniform(0, canvas_width), canvas_height * 1.02)
                length = side * random.uniform(0.5, 1.0)
                blade(image, random, start, length, green(random))
        else:
            leaves = int(random.integers(1, 4))
            foliage(image, random, leaves, side * random.uniform(0.3, 0.5), light)

    image = image.resize((width, height), Image.Resampling.LANCZOS)
    image = blur(image, random.choice([0, 0, 0.5, 1.0, 1.6]))
    return expose(image, random)


def expose(image: Image.Image, random: Random) -> Image.Image:
    """The camera's part: brightness, contrast, white balance, dark corners, grain."""
    values = np.asarray(image, dtype=np.float64) / 255
    height, width = values.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    warm = random.normal(0, 0.05)
    values = values * [1 + warm, 1.0, 1 - warm] * random.uniform(0.85, 1.25)
    grey = values.mean(2, keepdims=True)
    values = grey + (values - grey) * random.uniform(0.7, 1.2)
    values = 0.45 + (values - 0.45) * random.uniform(0.8, 1.15)
    values *= 1 - random.uniform(0, 0.22) * (x**2 + y**2)[..., None]
    values += random.normal(0, random.uniform(0.005, 0.03), values.shape)
    return Image.fromarray((np.clip(values, 0, 1) * 255).round().astype(np.uint8))


def generator(split: str, kind: str, number: int) -> Random:
    """The random generator of one picture, which no other picture shares."""
    key = [SEED[split], ["train", "test"].index(split), KINDS.index(kind), number]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))


def contact_sheet(path: Path, each: int = 8, side: int = 200) -> None:
    """A few training pictures of each kind, a row a kind."""
    page = Image.new("RGB", (each * side, len(KINDS) * side))
    for row, kind in enumerate(KINDS):
        for i in range(each):
            one = picture(kind, generator("train", kind, i))
            one.thumbnail((side, side))
            page.paste(one, (i * side, row * side))
    page.save(path)


def draw_all() -> None:
    for split, number in NUMBER.items():
        for kind in KINDS:
            folder = FOLDER / split / kind
            folder.mkdir(parents=True, exist_ok=True)
            for i in tqdm(range(number), desc=f"{split} {kind}"):
                one = picture(kind, generator(split, kind, i))
                one.save(folder / f"{kind}_{i:02}.jpg", quality=82)
    files = sorted(FOLDER.rglob("*.jpg"))
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} pictures, {size:,} bytes, SHA-256 {checksum(FOLDER)}")


def checksum(folder: Path) -> str:
    """One SHA-256 of all pictures: of the names and the contents, in the names' order."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*.jpg")):
        total.update(path.relative_to(folder).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sheet", type=Path, help="draw a contact sheet here instead")
    arguments = parser.parse_args()
    contact_sheet(arguments.sheet) if arguments.sheet else draw_all()
