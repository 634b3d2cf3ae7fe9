/* The only file that knows libbrotlidec. The format has neither a mark at its beginning nor a
 * checksum: an altered byte is found only where it makes the stream impossible. Its window is never
 * larger than 16 MiB. */
#include "base/mem.h"
#include "server/archive/codec_engine.h"

#include <brotli/decode.h>

static void *brotli_open(void)
{
    return mem_checked(BrotliDecoderCreateInstance(NULL, NULL, NULL));
}

static void brotli_close(void *state)
{
    BrotliDecoderDestroyInstance(state);
}

static enum codec_status brotli_step(void *state, struct codec_spans *spans, struct error *err)
{
    const uint8_t *in = (const uint8_t *)spans->in.data;
    size_t in_left = spans->in.length;
    uint8_t *out = (uint8_t *)spans->out;
    size_t total = 0;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state, &in_left, &in, &spans->room, &out, &total);
    spans->in = (struct str){(const char *)in, in_left};
    spans->out = (char *)out;
    if (result == BROTLI_DECODER_RESULT_SUCCESS)
        return CODEC_END;
    if (result != BROTLI_DECODER_RESULT_ERROR)
        return CODEC_MORE;
    bool foreign = total == 0;
    error_set_(err, foreign ? "does not begin as a br stream does" : "is not a sound br stream");
    return foreign ? CODEC_FOREIGN : CODEC_DAMAGED;
}

const struct codec_engine codec_brotli = {"br", brotli_open, brotli_close, brotli_step};
