#include "server/archive/source.h"

#include "base/mem.h"
#include "server/archive/source_kind.h"

struct source {
    const struct source_kind *kind;
    void *it;
    char *name;
};

bool source_open(const struct source_place *place, struct source **ret, struct error *err)
{
    bool s3 = str_find(str_of(place->prefix), STR("://")) >= 0;
    void *it = NULL;
    const struct source_kind *kind =
        s3 ? source_s3_open(place, &it, err) : source_folder_open(place, &it, err);
    if (!kind)
        return false;
    struct source *source = xcalloc(1, sizeof(*source));
    *source = (struct source){kind, it, xstrdup(place->prefix)};
    *ret = source;
    return true;
}

void source_close(struct source *source)
{
    if (!source)
        return;
    source->kind->close(source->it);
    free(source->name);
    free(source);
}

const char *source_name(const struct source *source)
{
    return source->name;
}

enum source_status source_list(struct source *source, const char *prefix, source_visit visit,
                               void *context, struct error *err)
{
    return source->kind->list(source->it, prefix, false, visit, context, err);
}

enum source_status source_list_folder(struct source *source, const char *prefix, source_visit visit,
                                      void *context, struct error *err)
{
    return source->kind->list(source->it, prefix, true, visit, context, err);
}

enum source_status source_read(struct source *source, const char *key, source_bytes take,
                               void *context, struct error *err)
{
    return source->kind->read(source->it, key, take, context, err);
}

void source_cancel(struct source *source)
{
    source->kind->cancel(source->it);
}
