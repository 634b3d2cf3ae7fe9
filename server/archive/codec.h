/*
 * Decompresses the objects of an archive as a stream, by what their names end with. Knows where a
 * stream ends: what is cut off, or goes on behind its end, is damaged. Memory is bounded whatever
 * the bytes say.
 */
#ifndef SERVER_ARCHIVE_CODEC_H
#define SERVER_ARCHIVE_CODEC_H

#include "base/error.h"
#include "base/str.h"

/* Largest window (zstd, lzma) that is held in memory, in bytes; WAL-G's own writers use at most
 * 8 MiB. A stream that needs more is CODEC_UNKNOWN. */
#define CODEC_WINDOW_MAX (32u * 1024 * 1024)

enum codec_status {
    CODEC_MORE,    /* everything was taken; the stream may go on */
    CODEC_END,     /* the stream is whole */
    CODEC_STOPPED, /* the callback returned false */
    CODEC_FOREIGN, /* does not even begin as such a stream does: encrypted, or another's bytes */
    CODEC_DAMAGED, /* cut off, altered, or longer than its end */
    CODEC_UNKNOWN, /* cannot be told: a format that is not read here, or too large a window */
};

/* The key without the suffix of its compression, which *ret_suffix gets without its dot ("" for
 * none): "000000010000000000000003.lz4" is "000000010000000000000003" and "lz4". Both borrowed. */
struct str codec_split(struct str key, struct str *ret_suffix);

struct codec;

/* A decompressor for "lz4", "zst", "lzma" (the format of .lzma files), "br", or "" (bytes as they
 * are). NULL with `err` for a suffix that WAL-G has but that is not read here ("lzo", "gz"). The
 * caller frees. */
struct codec *codec_new(struct str suffix, struct error *err) __attribute__((warn_unused_result));
void codec_free(struct codec *codec);

/* Takes the next bytes of the object and passes on what comes out, in pieces of at most 64 KiB. Of
 * a status from CODEC_FOREIGN on, `err` says what was found; nothing more may be fed then. */
typedef bool (*codec_take)(void *context, struct str bytes);
enum codec_status codec_feed(struct codec *codec, struct str bytes, codec_take take, void *context,
                             struct error *err) __attribute__((warn_unused_result));

/* The object has no more bytes: CODEC_END, or CODEC_DAMAGED when the stream is not at its end. */
enum codec_status codec_end(const struct codec *codec, struct error *err)
    __attribute__((warn_unused_result));

#endif
