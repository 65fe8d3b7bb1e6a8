"""Trains the network of digits.hwspec on scikit-learn's digits, and writes its weights and its test set.

    python specs/digits/train.py [FOLDER]

writes weights.npz and test.npz to FOLDER, the folder of this file if it is left out. It needs NumPy and scikit-learn,
downloads nothing, and takes about ten seconds. The images are those of the UCI set "Optical Recognition of Handwritten
Digits" (Alpaydin and Kaynak, 1998) that scikit-learn brings along: 1,797 of 8x8 pixels from 0 to 16, here 0 to 1.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

Array = npt.NDArray[Any]
Weights = dict[str, Array]

SEED: Final = 1
TEST: Final = 360  # images, as many of each digit as there are in the whole set, in proportion
EPOCHS: Final = 40
BATCH: Final = 32
RATE: Final = 0.1  # falls to zero along a cosine
MOMENTUM: Final = 0.9
DECAY: Final = 5e-4
SHAPES: Final = {"conv1": (8, 3, 3, 1), "conv2": (16, 3, 3, 8), "hidden": (32, 64), "digit": (10, 32)}


def images() -> tuple[Array, Array, Array, Array]:
    """Images and digits to train with, and images and digits to test with."""
    digits = load_digits()
    x = (digits.images / 16).astype(np.float32)[..., np.newaxis]
    y = digits.target.astype(np.uint8)
    x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=TEST, random_state=SEED, stratify=y)
    return x_train, y_train, x_test, y_test


def train(x: Array, y: Array) -> Weights:
    """Weights and biases by name, in float64, by stochastic gradient descent on the cross-entropy."""
    generator = np.random.Generator(np.random.PCG64(SEED))
    weights: Weights = {}
    for name, shape in SHAPES.items():
        weights[f"{name}.weights"] = generator.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        weights[f"{name}.bias"] = np.zeros(shape[0])
    speed = {name: np.zeros_like(value) for name, value in weights.items()}
    steps = EPOCHS * (len(x) // BATCH)
    for step in range(steps):
        if step % (len(x) // BATCH) == 0:
            order = generator.permutation(len(x))
        chosen = order[step % (len(x) // BATCH) * BATCH :][:BATCH]
        gradients = backward(weights, x[chosen].astype(np.float64), y[chosen])
        rate = RATE * (1 + np.cos(np.pi * step / steps)) / 2
        for name, gradient in gradients.items():
            decay = DECAY if name.endswith(".weights") else 0.0
            speed[name] = MOMENTUM * speed[name] - rate * (gradient + decay * weights[name])
            weights[name] += speed[name]
    return weights


def forward(weights: Weights, x: Array) -> dict[str, Array]:
    """Every tensor of the network, by the name of its layer: conv, pool, conv, pool, dense, dense."""
    found = {"image": x}
    for number, source in (("1", "image"), ("2", "pool1")):
        found[f"conv{number}"] = np.maximum(convolve(found[source], weights, f"conv{number}"), 0)
        found[f"pool{number}"] = windows(found[f"conv{number}"]).max(axis=-1)
    flat = found["pool2"].reshape(len(x), -1)
    found["hidden"] = np.maximum(flat @ weights["hidden.weights"].T + weights["hidden.bias"], 0)
    found["digit"] = found["hidden"] @ weights["digit.weights"].T + weights["digit.bias"]
    return found


def convolve(x: Array, weights: Weights, name: str) -> Array:
    """A 3x3 convolution with padding."""
    return np.tensordot(patches(x), weights[f"{name}.weights"], ([3, 4, 5], [3, 1, 2])) + weights[f"{name}.bias"]


def patches(x: Array) -> Array:
    """The 3x3 neighbourhood of every pixel: (images, height, width, channels, 3, 3)."""
    return sliding_window_view(np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), (3, 3), (1, 2))


def windows(x: Array) -> Array:
    """The 2x2 windows side by side: (images, height, width, channels, 4)."""
    n, height, width, channels = x.shape
    tiles = x.reshape(n, height // 2, 2, width // 2, 2, channels)
    return tiles.transpose(0, 1, 3, 5, 2, 4).reshape(n, height // 2, width // 2, channels, 4)


def backward(weights: Weights, x: Array, y: Array) -> Weights:
    """Gradients of the mean cross-entropy of a batch."""
    found = forward(weights, x)
    exponentials = np.exp(found["digit"] - found["digit"].max(axis=1, keepdims=True))
    back = exponentials / exponentials.sum(axis=1, keepdims=True)
    back[np.arange(len(x)), y] -= 1
    back /= len(x)
    gradients: Weights = {}
    for name, source in (("digit", found["hidden"]), ("hidden", found["pool2"].reshape(len(x), -1))):
        gradients[f"{name}.weights"], gradients[f"{name}.bias"] = back.T @ source, back.sum(axis=0)
        back = back @ weights[f"{name}.weights"] * (source > 0)  # below each dense layer lies a ReLU
    back = back.reshape(found["pool2"].shape)
    for number, source in (("2", found["pool1"]), ("1", found["image"])):
        back = unpool(back, found[f"conv{number}"])
        near = patches(source)
        gradients[f"conv{number}.weights"] = np.tensordot(back, near, ([0, 1, 2], [0, 1, 2])).transpose(0, 2, 3, 1)
        gradients[f"conv{number}.bias"] = back.sum(axis=(0, 1, 2))
        if number == "2":
            turned = weights["conv2.weights"][:, ::-1, ::-1]
            back = np.tensordot(patches(back), turned, ([3, 4, 5], [0, 1, 2])) * (source > 0)
    return gradients


def unpool(back: Array, x: Array) -> Array:
    """What reaches the input of a max pool: its windows' first largest values get all of it."""
    n, height, width, channels = x.shape
    first = np.arange(4) == windows(x).argmax(axis=-1)[..., np.newaxis]
    tiles = (first * back[..., np.newaxis]).reshape(n, height // 2, width // 2, channels, 2, 2)
    return tiles.transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)


def main() -> None:
    """Train, write both files, and say how many digits are right."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    x_train, y_train, x_test, y_test = images()
    weights = train(x_train, y_train)
    stored = {name: value.astype(np.float32) for name, value in weights.items()}
    # The smallest and largest value of each tensor on what it was trained with: what its codes must reach.
    for name, values in forward(stored, x_train).items():
        stored[f"{name}.range"] = np.array([min(0, values.min()), values.max()], np.float32)
    np.savez_compressed(folder / "weights.npz", **stored)  # type: ignore[arg-type]  # its `allow_pickle` is in the way
    np.savez_compressed(folder / "test.npz", x=x_test, y=y_test)
    for name, x, y in (("training", x_train, y_train), ("test", x_test, y_test)):
        right = int((forward(stored, x)["digit"].argmax(axis=1) == y).sum())
        print(f"{name}: {right} of {len(x)} right")


if __name__ == "__main__":
    main()
