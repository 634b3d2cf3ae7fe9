/* The only file that knows liblzma. WAL-G writes the older format of .lzma files, which has no
 * checksum: an altered byte is found only where it makes the stream impossible. */
#include "base/mem.h"
#include "server/archive/codec_engine.h"

#include <lzma.h>

/* The dictionary and the state beside it. */
#define MEMORY_MAX (CODEC_WINDOW_MAX + 8u * 1024 * 1024)

static void *lzma_open(void)
{
    lzma_stream *stream = xmalloc(sizeof(*stream));
    *stream = (lzma_stream)LZMA_STREAM_INIT;
    return mem_checked(lzma_alone_decoder(stream, MEMORY_MAX) == LZMA_OK ? stream : NULL);
}

static void lzma_close(void *state)
{
    lzma_end(state);
    free(state);
}

static enum codec_status lzma_failure(lzma_ret code, struct error *err)
{
    switch (code) {
    case LZMA_MEMLIMIT_ERROR:
        error_set_(err, "needs an lzma dictionary of more than %u MiB, which is not held here",
                   CODEC_WINDOW_MAX >> 20);
        return CODEC_UNKNOWN;
    case LZMA_FORMAT_ERROR:
        error_set_(err, "does not begin as an lzma stream does");
        return CODEC_FOREIGN;
    case LZMA_MEM_ERROR:
        (void)mem_checked(NULL);
        return CODEC_UNKNOWN;
    default:
        error_set_(err, "is not a sound lzma stream");
        return CODEC_DAMAGED;
    }
}

static enum codec_status lzma_step(void *state, struct codec_spans *spans, struct error *err)
{
    lzma_stream *stream = state;
    stream->next_in = (const uint8_t *)spans->in.data;
    stream->avail_in = spans->in.length;
    stream->next_out = (uint8_t *)spans->out;
    stream->avail_out = spans->room;
    lzma_ret code = lzma_code(stream, LZMA_RUN);
    /* "No progress is possible": nothing is left to read, and nothing was waiting to come out. */
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
        return lzma_failure(code, err);
    spans->in = str_skip(spans->in, spans->in.length - stream->avail_in);
    spans->out = (char *)stream->next_out;
    spans->room = stream->avail_out;
    return code == LZMA_STREAM_END ? CODEC_END : CODEC_MORE;
}

const struct codec_engine codec_lzma = {"lzma", lzma_open, lzma_close, lzma_step};
