"""The ways to compress that WAL-G can be set to, by the suffix of the objects."""

import lzma

import brotli
import lz4.frame
import zstandard


def _lzma(content: bytes) -> bytes:
    return lzma.compress(content, lzma.FORMAT_ALONE, preset=1)


COMPRESS = {
    "lz4": lambda content: lz4.frame.compress(content, content_checksum=True),
    "zst": zstandard.ZstdCompressor().compress,
    "lzma": _lzma,
    "br": lambda content: brotli.compress(content, quality=1),
    "lzo": lambda content: b"\x89LZO" + content,  # of WAL-G 0.x; only by name
}
DECOMPRESS = {
    "lz4": lz4.frame.decompress,
    "zst": lambda content: zstandard.ZstdDecompressor().decompressobj().decompress(content),
    "lzma": lzma.decompress,
    "br": brotli.decompress,
}
