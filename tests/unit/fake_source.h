/*
 * A source of objects in memory, in place of server/archive/source.c: keys in the order of their
 * bytes, as S3 lists them. Counts what it was asked for.
 */
#ifndef TESTS_UNIT_FAKE_SOURCE_H
#define TESTS_UNIT_FAKE_SOURCE_H

#include "base/mem.h"
#include "server/archive/source.h"

struct fake_object {
    char *key;
    uint64_t size;
    int64_t modified;
    const char *content; /* NULL: not to be read */
};

struct source {
    const char *name;
    const char *broken; /* listings whose prefix begins so fail; NULL: none */
    struct fake_object *objects;
    size_t count, room;
    size_t listings, visits;
};

static inline void fake_put(struct source *source, const char *key, int64_t modified,
                            const char *content)
{
    if (source->count == source->room) {
        source->room = source->room ? 2 * source->room : 64;
        source->objects = xrealloc(source->objects, source->room * sizeof(*source->objects));
    }
    source->objects[source->count++] = (struct fake_object){
        xstrdup(key), content && content[0] ? strlen(content) : 1, modified, content};
}

static inline int fake_compare(const void *a, const void *b)
{
    return strcmp(((const struct fake_object *)a)->key, ((const struct fake_object *)b)->key);
}

static inline void fake_sort(struct source *source)
{
    if (source->count)
        qsort(source->objects, source->count, sizeof(*source->objects), fake_compare);
}

static inline void fake_done(struct source *source)
{
    for (size_t i = 0; i < source->count; i++)
        free(source->objects[i].key);
    free(source->objects);
}

const char *source_name(const struct source *source)
{
    return source->name;
}

static enum source_status fake_list(struct source *source, const char *prefix, bool folders,
                                    source_visit visit, void *context, struct error *err)
{
    size_t length = strlen(prefix);
    struct str last = STR_NONE;
    source->listings++;
    if (source->broken && strncmp(prefix, source->broken, strlen(source->broken)) == 0) {
        error_set_(err, "AccessDenied");
        return SOURCE_UNKNOWN;
    }
    for (size_t i = 0; i < source->count; i++) {
        const struct fake_object *it = &source->objects[i];
        if (strncmp(it->key, prefix, length) != 0)
            continue;
        struct source_object object = {str_of(it->key), it->size, it->modified};
        const char *slash = folders ? strchr(it->key + length, '/') : NULL;
        if (slash) {
            struct str folder = {it->key, (size_t)(slash + 1 - it->key)};
            if (str_equal(folder, last))
                continue;
            last = folder;
            object = (struct source_object){folder, 0, 0};
        }
        source->visits++;
        if (!visit(context, &object))
            return SOURCE_STOPPED;
    }
    return SOURCE_DONE;
}

enum source_status source_list(struct source *source, const char *prefix, source_visit visit,
                               void *context, struct error *err)
{
    return fake_list(source, prefix, false, visit, context, err);
}

enum source_status source_list_folder(struct source *source, const char *prefix, source_visit visit,
                                      void *context, struct error *err)
{
    return fake_list(source, prefix, true, visit, context, err);
}

enum source_status source_read(struct source *source, const char *key, source_bytes take,
                               void *context, struct error *err)
{
    for (size_t i = 0; i < source->count; i++) {
        const struct fake_object *it = &source->objects[i];
        if (strcmp(it->key, key) != 0 || !it->content)
            continue;
        return take(context, str_of(it->content)) ? SOURCE_DONE : SOURCE_STOPPED;
    }
    error_set_(err, "there is no such object");
    return SOURCE_ABSENT;
}

#endif
