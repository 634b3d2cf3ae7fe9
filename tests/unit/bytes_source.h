/* A source of objects in memory whose content is any bytes, in place of server/archive/source.c. */
#ifndef TESTS_UNIT_BYTES_SOURCE_H
#define TESTS_UNIT_BYTES_SOURCE_H

#include "base/buf.h"
#include "base/mem.h"
#include "server/archive/source.h"

#define SOURCE_OBJECTS_MAX 64
#define SOURCE_OBJECT_MAX (4u * 1024 * 1024)

struct bytes_object {
    const char *key; /* a literal, or kept by the test */
    struct buf content;
    bool forbidden, fleeting; /* cannot be read; is gone once it has been listed */
};

struct source {
    struct bytes_object objects[SOURCE_OBJECTS_MAX];
    size_t count;
    bool no_list;
};

static inline struct bytes_object *bytes_put(struct source *source, const char *key,
                                             struct str content)
{
    struct bytes_object *object = NULL;
    for (size_t i = 0; i < source->count; i++)
        if (strcmp(source->objects[i].key, key) == 0)
            object = &source->objects[i];
    if (!object)
        object = &source->objects[source->count++];
    buf_clear(&object->content);
    *object = (struct bytes_object){.key = key, .content = BUF(SOURCE_OBJECT_MAX)};
    buf_add(&object->content, content);
    return object;
}

static inline void bytes_done(struct source *source)
{
    for (size_t i = 0; i < source->count; i++)
        buf_clear(&source->objects[i].content);
}

enum source_status source_list(struct source *source, const char *prefix, source_visit visit,
                               void *context, struct error *err)
{
    if (source->no_list) {
        error_set_(err, "AccessDenied");
        return SOURCE_UNKNOWN;
    }
    for (size_t i = 0; i < source->count; i++) {
        const struct bytes_object *it = &source->objects[i];
        struct source_object object = {str_of(it->key), it->content.length, 1000};
        if (str_starts(object.key, str_of(prefix)) && !visit(context, &object))
            return SOURCE_STOPPED;
    }
    return SOURCE_DONE;
}

enum source_status source_read(struct source *source, const char *key, source_bytes take,
                               void *context, struct error *err)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct bytes_object *it = &source->objects[i];
        if (strcmp(it->key, key) != 0 || it->fleeting)
            continue;
        if (it->forbidden) {
            error_set_(err, "AccessDenied");
            return SOURCE_UNKNOWN;
        }
        struct str rest = buf_str(&it->content);
        while (rest.length) { /* in pieces, as a network would */
            struct str piece = {rest.data, rest.length < 5000 ? rest.length : 5000};
            if (!take(context, piece))
                return SOURCE_STOPPED;
            rest = str_skip(rest, piece.length);
        }
        return SOURCE_DONE;
    }
    return SOURCE_ABSENT;
}

#endif
