/* The only file that knows liblz4. WAL-G writes one frame an object, with a checksum of its
 * content at the end, which the library compares. */
#include "base/mem.h"
#include "server/archive/codec_engine.h"

#include <lz4frame.h>

struct lz4 {
    LZ4F_dctx *context;
    bool begun; /* the header of the frame was read */
};

static void *lz4_open(void)
{
    struct lz4 *lz4 = xcalloc(1, sizeof(*lz4));
    LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION);
    (void)mem_checked(lz4->context);
    return lz4;
}

static void lz4_close(void *state)
{
    struct lz4 *lz4 = state;
    LZ4F_freeDecompressionContext(lz4->context);
    free(lz4);
}

static enum codec_status lz4_failure(const struct lz4 *lz4, size_t code, struct error *err)
{
    const char *name = LZ4F_getErrorName(code);
    if (!lz4->begun && strcmp(name, "ERROR_frameType_unknown") == 0) {
        error_set_(err, "does not begin as an lz4 stream does");
        return CODEC_FOREIGN;
    }
    error_set_(err, "is not a sound lz4 stream: %s", name);
    return CODEC_DAMAGED;
}

static enum codec_status lz4_step(void *state, struct codec_spans *spans, struct error *err)
{
    struct lz4 *lz4 = state;
    size_t written = spans->room;
    size_t taken = spans->in.length;
    size_t hint = LZ4F_decompress(lz4->context, spans->out, &written, spans->in.data, &taken, NULL);
    if (LZ4F_isError(hint))
        return lz4_failure(lz4, hint, err);
    lz4->begun = lz4->begun || written > 0;
    spans->in = str_skip(spans->in, taken);
    spans->out += written;
    spans->room -= written;
    return hint == 0 ? CODEC_END : CODEC_MORE;
}

const struct codec_engine codec_lz4 = {"lz4", lz4_open, lz4_close, lz4_step};
