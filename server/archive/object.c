#include "server/archive/object.h"

struct reading {
    struct codec *codec;
    codec_take take;
    codec_take stored;
    void *context;
    enum codec_status status;
    struct error *err;
};

static bool take_stored(void *context, struct str bytes)
{
    struct reading *reading = context;
    if (reading->stored && !reading->stored(reading->context, bytes)) {
        reading->status = CODEC_STOPPED;
        return false;
    }
    reading->status =
        codec_feed(reading->codec, bytes, reading->take, reading->context, reading->err);
    return reading->status <= CODEC_END;
}

static enum object_status status_of(enum codec_status status)
{
    switch (status) {
    case CODEC_MORE:
    case CODEC_END:
        return OBJECT_WHOLE;
    case CODEC_STOPPED:
        return OBJECT_STOPPED;
    case CODEC_FOREIGN:
        return OBJECT_FOREIGN;
    case CODEC_DAMAGED:
        return OBJECT_DAMAGED;
    case CODEC_UNKNOWN:
        break;
    }
    return OBJECT_CODEC_UNKNOWN;
}

static enum object_status read_with(struct source *source, const char *key, struct reading *reading)
{
    switch (source_read(source, key, take_stored, reading, reading->err)) {
    case SOURCE_DONE:
        return status_of(codec_end(reading->codec, reading->err));
    case SOURCE_STOPPED:
        return status_of(reading->status);
    case SOURCE_ABSENT:
        error_set_(reading->err, "is not there");
        return OBJECT_ABSENT;
    case SOURCE_UNKNOWN:
        break;
    }
    return OBJECT_NOT_READ;
}

enum object_status object_read(struct source *source, const char *key, codec_take take,
                               codec_take stored, void *context, struct error *err)
{
    struct str suffix;
    codec_split(str_of(key), &suffix);
    struct reading reading = {.codec = codec_new(suffix, err),
                              .take = take,
                              .stored = stored,
                              .context = context,
                              .status = CODEC_MORE,
                              .err = err};
    if (!reading.codec)
        return OBJECT_CODEC_UNKNOWN;
    enum object_status status = read_with(source, key, &reading);
    codec_free(reading.codec);
    return status;
}

static bool add_text(void *context, struct str bytes)
{
    struct buf *text = context;
    buf_add(text, bytes);
    return !text->failed;
}

enum object_status object_read_small(struct source *source, const char *key, struct buf *text,
                                     struct error *err)
{
    enum object_status status = object_read(source, key, add_text, NULL, text, err);
    if (status != OBJECT_STOPPED)
        return status;
    error_set_(err, "holds more than %zu bytes", text->limit);
    return OBJECT_DAMAGED;
}
