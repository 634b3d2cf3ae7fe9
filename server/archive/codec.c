#include "server/archive/codec.h"

#include "base/mem.h"
#include "server/archive/codec_engine.h"

#define OUT_BYTES (64u * 1024)

/* What passes on is what came in. */
static void *plain_open(void)
{
    return NULL;
}

static void plain_close(void *state)
{
    (void)state;
}

static enum codec_status plain_step(void *state, struct codec_spans *spans, struct error *err)
{
    (void)state;
    (void)err;
    size_t count = spans->in.length < spans->room ? spans->in.length : spans->room;
    memcpy(spans->out, spans->in.data, count);
    spans->in = str_skip(spans->in, count);
    spans->out += count;
    spans->room -= count;
    return CODEC_MORE;
}

static const struct codec_engine codec_plain = {"", plain_open, plain_close, plain_step};

static const struct codec_engine *const engines[] = {
    &codec_lz4, &codec_zstd, &codec_lzma, &codec_brotli, &codec_plain,
};

#define ENGINE_COUNT (sizeof(engines) / sizeof(engines[0]))

/* What WAL-G also reads or writes. */
static const char *const unread[] = {"lzo", "gz"};

struct codec {
    const struct codec_engine *engine;
    void *state;
    bool fed;   /* at least one byte has come in */
    bool ended; /* the stream has said that it is over */
    bool failed;
    char out[OUT_BYTES];
};

static const struct codec_engine *find_engine(struct str suffix)
{
    for (size_t i = 0; i < ENGINE_COUNT; i++)
        if (str_is(suffix, engines[i]->suffix))
            return engines[i];
    return NULL;
}

static bool is_unread(struct str suffix)
{
    for (size_t i = 0; i < sizeof(unread) / sizeof(unread[0]); i++)
        if (str_is(suffix, unread[i]))
            return true;
    return false;
}

struct str codec_split(struct str key, struct str *ret_suffix)
{
    size_t dot = key.length;
    while (dot > 0 && key.data[dot - 1] != '.' && key.data[dot - 1] != '/')
        dot--;
    struct str suffix = str_skip(key, dot);
    if (dot > 0 && key.data[dot - 1] == '.' && suffix.length > 0 &&
        (find_engine(suffix) || is_unread(suffix))) {
        *ret_suffix = suffix;
        return (struct str){key.data, dot - 1};
    }
    *ret_suffix = STR("");
    return key;
}

struct codec *codec_new(struct str suffix, struct error *err)
{
    const struct codec_engine *engine = find_engine(suffix);
    if (!engine) {
        error_set_(err, "is compressed as '.%.*s', which is not read here", STR_ARG(suffix));
        return NULL;
    }
    struct codec *codec = xmalloc(sizeof(*codec));
    codec->engine = engine;
    codec->state = engine->open();
    codec->fed = false;
    codec->ended = false;
    codec->failed = false;
    return codec;
}

void codec_free(struct codec *codec)
{
    if (!codec)
        return;
    codec->engine->close(codec->state);
    free(codec);
}

static enum codec_status failed(struct codec *codec, enum codec_status status)
{
    codec->failed = status != CODEC_STOPPED;
    return status;
}

/* A library that neither reads nor writes would be asked for ever. */
static enum codec_status stuck(const struct codec *codec, struct error *err)
{
    error_set_(err, "is not a sound %s stream", codec->engine->suffix);
    return CODEC_DAMAGED;
}

enum codec_status codec_feed(struct codec *codec, struct str bytes, codec_take take, void *context,
                             struct error *err)
{
    struct codec_spans spans = {.in = bytes, .room = 1};
    codec->fed = codec->fed || bytes.length > 0;
    while (!codec->ended && (spans.in.length > 0 || spans.room == 0)) {
        size_t before = spans.in.length;
        spans.out = codec->out;
        spans.room = sizeof(codec->out);
        enum codec_status status = codec->engine->step(codec->state, &spans, err);
        size_t count = sizeof(codec->out) - spans.room;
        if (status == CODEC_MORE && count == 0 && before > 0 && spans.in.length == before)
            status = stuck(codec, err);
        if (status > CODEC_STOPPED)
            return failed(codec, status);
        codec->ended = status == CODEC_END;
        if (count > 0 && !take(context, (struct str){codec->out, count}))
            return CODEC_STOPPED;
    }
    if (spans.in.length == 0)
        return codec->ended ? CODEC_END : CODEC_MORE;
    error_set_(err, "goes on behind the end of its %s stream", codec->engine->suffix);
    return failed(codec, CODEC_DAMAGED);
}

enum codec_status codec_end(const struct codec *codec, struct error *err)
{
    if (codec->ended || codec->engine == &codec_plain)
        return CODEC_END;
    error_set_(err,
               codec->fed ? "ends in the middle of its %s stream" : "is empty, not a %s stream",
               codec->engine->suffix);
    return CODEC_DAMAGED;
}
