"""Made memory full of words, at odd host addresses and across segments, and what plain Python finds in it."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from gdbext.golang.reading import words
from gdbext.target.image import Image

BASE = 0xC0_0000_0000
WORDS = (0x50_0000, 0x50_0040, 0x50_1000, 0x7F00_0000_0100)


class Memory:
    """Words from BASE on, cut into segments of their own arrays, each ``shift`` bytes off."""

    def __init__(self, words: Sequence[int], cuts: Sequence[int] = (), shift: int = 0) -> None:
        self.words, rows, self.owners = words, [], []
        bounds = [0, *sorted({cut for cut in cuts if 0 < cut < len(words)}), len(words)]
        for begin, end in pairwise(bounds):
            raw = bytes(shift) + struct.pack(f"<{end - begin}Q", *words[begin:end])
            whole = np.frombuffer(raw, np.uint8).copy()
            self.owners.append(whole)
            rows.append((BASE + 8 * begin, BASE + 8 * end, whole.ctypes.data + shift))
        self.image = Image(rows, self.owners)

    def pairs(self, begin: int, end: int) -> list[tuple[int, int, int]]:
        """(place, index in WORDS, data) of every pair that lies in the words [begin, end)."""
        inside = range(begin, end - 1)
        return [(i, WORDS.index(self.words[i]), self.words[i + 1]) for i in inside if self.words[i] in WORDS]


word = st.one_of(st.sampled_from(WORDS), st.integers(0, 60).map(lambda i: BASE + 8 * i), st.integers(0, (1 << 64) - 1))
memories = st.builds(
    Memory, st.lists(word, min_size=64, max_size=64), st.lists(st.integers(0, 64), max_size=4), st.integers(0, 7)
)
sorted_words = np.array(WORDS, np.uint64)
table = words.word_filter(sorted_words)
