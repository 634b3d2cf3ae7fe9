/* The only file that knows libzstd. */
#include "base/mem.h"
#include "server/archive/codec_engine.h"

#include <zstd.h>
#include <zstd_errors.h>

/* CODEC_WINDOW_MAX as a power of two. */
#define WINDOW_LOG 25
_Static_assert(1u << WINDOW_LOG == CODEC_WINDOW_MAX, "the window is stated in one place");

static void *zstd_open(void)
{
    ZSTD_DStream *stream = mem_checked(ZSTD_createDStream());
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, WINDOW_LOG);
    return stream;
}

static void zstd_close(void *state)
{
    ZSTD_freeDStream(state);
}

static enum codec_status zstd_failure(size_t code, struct error *err)
{
    switch (ZSTD_getErrorCode(code)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        error_set_(err, "needs a zstd window of more than %u MiB, which is not held here",
                   CODEC_WINDOW_MAX >> 20);
        return CODEC_UNKNOWN;
    case ZSTD_error_prefix_unknown:
        error_set_(err, "does not begin as a zstd stream does");
        return CODEC_FOREIGN;
    case ZSTD_error_memory_allocation:
        (void)mem_checked(NULL);
        return CODEC_UNKNOWN;
    default:
        error_set_(err, "is not a sound zst stream: %s", ZSTD_getErrorName(code));
        return CODEC_DAMAGED;
    }
}

static enum codec_status zstd_step(void *state, struct codec_spans *spans, struct error *err)
{
    ZSTD_inBuffer in = {spans->in.data, spans->in.length, 0};
    ZSTD_outBuffer out = {spans->out, spans->room, 0};
    size_t hint = ZSTD_decompressStream(state, &out, &in);
    if (ZSTD_isError(hint))
        return zstd_failure(hint, err);
    spans->in = str_skip(spans->in, in.pos);
    spans->out += out.pos;
    spans->room -= out.pos;
    return hint == 0 ? CODEC_END : CODEC_MORE;
}

const struct codec_engine codec_zstd = {"zst", zstd_open, zstd_close, zstd_step};
