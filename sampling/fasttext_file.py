"""The file of a fastText model (``.bin``, ``.ftz``), mapped: its weights are used where they lie.

The layout is that of fastText's own ``saveModel`` (Bojanowski et al. 2017), versions 11 and 12: magic and version,
arguments, dictionary, input matrix, output matrix, all little-endian and unaligned.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from annotation.errors import InvalidInputError, NotFoundError
from sampling.weight_rows import MappedRows, QuantisedRows, Rows

MAGIC = 793712314
VERSION = 12
_VERSION_WITHOUT_SUBWORDS = 11
_SUPERVISED = 3
_LOSSES = {1: "hs", 2: "ns", 3: "softmax", 4: "ova"}
_CENTROIDS = 256
_AFTER_WORD = 9  # count of 8 bytes, kind of 1
_NEVER_PRUNED = -1
# Read from the beginning to the end at once, where the system can: a text touches pages all over the file.
_SHARED = mmap.MAP_SHARED | getattr(mmap, "MAP_POPULATE", 0)
_CURE = "Download the model again."


@dataclass(frozen=True, slots=True)
class Arguments:
    """With what the model was trained, as far as scoring asks. ``loss`` is ``softmax``, ``ova``, ``ns`` or ``hs``."""

    dim: int
    word_ngrams: int
    loss: str
    bucket: int
    minn: int
    maxn: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """The hashed rows that a quantised model kept: ``bucket[i]`` lies at ``place[i]``. ``bucket`` is sorted."""

    bucket: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class FastTextFile:
    """``words`` are in the order of the first rows of ``input``; the hashed n-grams follow them.

    ``labels`` run in parallel with ``label_counts``, and with the rows of ``output`` but for the loss ``hs``, whose
    rows are the inner nodes of the tree. ``pruned`` is None where all hashed rows are there.
    """

    path: Path
    arguments: Arguments
    words: tuple[bytes, ...]
    labels: tuple[bytes, ...]
    label_counts: npt.NDArray[np.int64]
    pruned: Pruned | None
    input: Rows
    output: npt.NDArray[np.float32]


def read(path: Path) -> FastTextFile:
    """The model of a file, whose input matrix stays in the file; the output matrix (codes x dim) is copied.

    Raises InvalidInputError for a file that is cut off, damaged, of another kind or a model without labels.
    """
    if not path.is_file():
        raise NotFoundError(f"There is no model file {path}.", cure=_CURE)
    try:
        return _Reader(path).model()
    except (ValueError, struct.error) as error:
        raise InvalidInputError(f"{path} is no fastText model: {error}.", cure=_CURE) from error


class _Reader:
    """Goes through the file once, from the beginning to the end. Whatever is wrong with it raises ValueError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.stat().st_size:
            raise ValueError("it is empty")
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, flags=_SHARED, prot=mmap.PROT_READ)
        self._bytes = np.frombuffer(self._map, dtype=np.uint8)
        self._at = 0

    def model(self) -> FastTextFile:
        arguments = self._arguments()
        nwords, nlabels, npruned = self._sizes()
        entries, counts = self._entries(nwords, nlabels)
        pruned = None if npruned == _NEVER_PRUNED else self._pruned(npruned)
        quantised = self._bool()
        rows: Rows = self._quantised() if quantised else self._mapped()
        if pruned is not None and not quantised:
            raise ValueError("it is pruned but not quantised, as no released fastText reads it")
        output_quantised = self._bool() and quantised
        output = self._quantised() if output_quantised else self._mapped()
        model = FastTextFile(
            path=self._path,
            arguments=arguments,
            words=tuple(entries[:nwords]),
            labels=tuple(entries[nwords:]),
            label_counts=counts[nwords:],
            pruned=pruned,
            input=rows,
            output=output.take(np.arange(output.shape[0])),
        )
        _check(model)
        return model

    def _arguments(self) -> Arguments:
        magic, version = self._unpack("<2i")
        if magic != MAGIC:
            raise ValueError("it does not begin as one does")
        if version > VERSION:
            raise ValueError(f"it has version {version}, and {VERSION} is the last one known")
        dim, _, _, _, _, word_ngrams, loss, kind, bucket, minn, maxn, _ = self._unpack("<12i")
        self._unpack("<d")
        if kind != _SUPERVISED:
            raise InvalidInputError(
                f"{self._path} holds word vectors and no labels.", cure="Give a model trained by fastText's supervised."
            )
        if loss not in _LOSSES:
            raise ValueError(f"its loss has the unknown number {loss}")
        if version == _VERSION_WITHOUT_SUBWORDS:
            maxn = 0
        if bucket < 1 and (word_ngrams > 1 or maxn > 0):
            raise ValueError("it uses n-grams and has no bucket for them")
        return Arguments(dim, word_ngrams, _LOSSES[loss], bucket, minn, maxn)

    def _sizes(self) -> tuple[int, int, int]:
        size, nwords, nlabels, _, npruned = self._unpack("<3i2q")
        if min(nwords, nlabels) < 0 or size != nwords + nlabels or npruned < _NEVER_PRUNED:
            raise ValueError("the sizes of its dictionary contradict each other")
        if not nlabels:
            raise ValueError("it has no label")
        return nwords, nlabels, npruned

    def _entries(self, nwords: int, nlabels: int) -> tuple[list[bytes], npt.NDArray[np.int64]]:
        content, at = self._map, self._at
        entries: list[bytes] = []
        ends = np.empty(min(nwords + nlabels, len(content)), dtype=np.int64)
        for number in range(nwords + nlabels):
            end = content.find(b"\0", at)
            if end < 0 or end + _AFTER_WORD >= len(content):
                raise ValueError("it ends within the dictionary")
            entries.append(content[at:end])
            ends[number] = end
            at = end + 1 + _AFTER_WORD
        self._at = at
        kinds = self._bytes[ends + _AFTER_WORD]
        if kinds[:nwords].any() or (kinds[nwords:] != 1).any():
            raise ValueError("its dictionary mixes words and labels")
        counts = self._bytes[ends[:, None] + np.arange(1, _AFTER_WORD)].view("<i8")[:, 0]
        return entries, counts.astype(np.int64)

    def _pruned(self, number: int) -> Pruned:
        pairs = self._array("<i4", 2 * number).reshape(-1, 2)
        order = np.argsort(pairs[:, 0])
        return Pruned(bucket=pairs[order, 0], place=pairs[order, 1])

    def _mapped(self) -> MappedRows:
        rows, dim = self._shape()
        return MappedRows(self._raw(4 * rows * dim).reshape(rows, 4 * dim))

    def _quantised(self) -> QuantisedRows:
        scaled = self._bool()
        rows, dim = self._shape()
        (size,) = self._unpack("<i")
        codes = self._raw(size)
        centroids = self._centroids(dim)
        if size != rows * len(centroids):
            raise ValueError("the sizes of a quantised matrix contradict each other")
        norms = None
        if scaled:
            norm_codes = self._raw(rows)
            norms = self._centroids(1)[0, :, 0][norm_codes]
        return QuantisedRows(codes.reshape(rows, len(centroids)), centroids, dim, norms)

    def _centroids(self, expected: int) -> npt.NDArray[np.float32]:
        """(parts, 256, dimensions of a part); the last part may be narrower and is filled up with zeros."""
        dim, parts, width, last = self._unpack("<4i")
        if dim != expected or width < 1 or not 0 < last <= width or (parts - 1) * width + last != dim:
            raise ValueError("the sizes of a quantiser contradict each other")
        flat = self._array("<f4", dim * _CENTROIDS)
        centroids = np.zeros((parts, _CENTROIDS, width), dtype=np.float32)
        before = (parts - 1) * _CENTROIDS * width
        centroids[:-1] = flat[:before].reshape(parts - 1, _CENTROIDS, width)
        centroids[-1, :, :last] = flat[before:].reshape(_CENTROIDS, last)
        return centroids

    def _shape(self) -> tuple[int, int]:
        rows, dim = self._unpack("<2q")
        if rows < 0 or dim < 1:
            raise ValueError(f"a matrix of it has the size {rows} x {dim}")
        return rows, dim

    def _bool(self) -> bool:
        return bool(self._raw(1)[0])

    def _unpack(self, layout: str) -> tuple[int, ...]:
        values: tuple[int, ...] = struct.unpack(layout, self._raw(struct.calcsize(layout)).tobytes())
        return values

    def _array(self, dtype: str, number: int) -> npt.NDArray[np.generic]:
        """A copy, aligned and in the byte order of this machine."""
        raw = self._raw(number * np.dtype(dtype).itemsize)
        return np.frombuffer(raw.tobytes(), dtype=dtype).astype(np.dtype(dtype).newbyteorder("="))

    def _raw(self, number: int) -> npt.NDArray[np.uint8]:
        end = self._at + number
        if number < 0 or end > len(self._bytes):
            raise ValueError(f"it is cut off: {end} bytes are needed, {len(self._bytes)} are there")
        found = self._bytes[self._at : end]
        self._at = end
        return found


def _check(model: FastTextFile) -> None:
    """Whether every row that a text may name is there."""
    arguments, pruned = model.arguments, model.pruned
    if model.input.shape[1] != arguments.dim or model.output.shape != (len(model.labels), arguments.dim):
        raise ValueError("the sizes of its matrices do not fit its dictionary")
    if not np.isfinite(model.output).all():
        raise ValueError("its output matrix holds weights that are no numbers")
    hashed = arguments.word_ngrams > 1 or arguments.maxn > 0
    if pruned is None:
        needed = len(model.words) + (arguments.bucket if hashed else 0)
    else:
        needed = len(model.words) + (int(pruned.place.max(initial=-1)) + 1)
    if model.input.shape[0] < needed or (pruned is not None and (pruned.place < 0).any()):
        raise ValueError(f"its input matrix has {model.input.shape[0]} rows, and {needed} are named")
