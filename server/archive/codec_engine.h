/* What codec.c asks of each compression library: one file a library, one row of its table each. */
#ifndef SERVER_ARCHIVE_CODEC_ENGINE_H
#define SERVER_ARCHIVE_CODEC_ENGINE_H

#include "server/archive/codec.h"

/* What is left to read, and what is left to write to; a step moves both forward. */
struct codec_spans {
    struct str in;
    char *out;
    size_t room;
};

struct codec_engine {
    const char *suffix;
    void *(*open)(void); /* never NULL */
    void (*close)(void *state);
    /* CODEC_MORE, CODEC_END, or one of the failures with `err`. Is called again as long as there
     * is input left, or it has filled the room. */
    enum codec_status (*step)(void *state, struct codec_spans *spans, struct error *err);
};

extern const struct codec_engine codec_lz4;
extern const struct codec_engine codec_zstd;
extern const struct codec_engine codec_lzma;
extern const struct codec_engine codec_brotli;

#endif
