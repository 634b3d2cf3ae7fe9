#include "server/archive/source_kind.h"

#include "base/mem.h"
#include "server/s3.h"

struct bucket {
    struct s3 *s3;
    char *above; /* what stands before each key: "" or "path/" */
};

/* A listing under way. */
struct visit {
    const struct bucket *bucket;
    struct str whole; /* what each key has to begin with */
    source_visit visit;
    void *context;
    bool foreign; /* an object of another prefix came */
};

static enum source_status status_of(enum s3_status status)
{
    static const enum source_status statuses[] = {
        [S3_DONE] = SOURCE_DONE,      [S3_STOPPED] = SOURCE_STOPPED, [S3_ABSENT] = SOURCE_ABSENT,
        [S3_EXISTS] = SOURCE_UNKNOWN, [S3_UNKNOWN] = SOURCE_UNKNOWN,
    };
    return statuses[status];
}

/* Consoles leave an empty object "path/" where a person made a folder: that is nothing. */
static bool visit_object(void *context, const struct s3_object *object)
{
    struct visit *visit = context;
    visit->foreign = !str_starts(object->key, visit->whole);
    if (visit->foreign)
        return false;
    if (!object->folder && !object->size && str_ends(object->key, STR("/")))
        return true;
    struct source_object found = {str_skip(object->key, strlen(visit->bucket->above)), object->size,
                                  object->modified};
    return visit->visit(visit->context, &found);
}

static enum source_status list(void *it, const char *prefix, bool folders, source_visit visit,
                               void *context, struct error *err)
{
    const struct bucket *bucket = it;
    autofree char *whole = xasprintf("%s%s", bucket->above, prefix);
    struct visit own = {bucket, str_of(whole), visit, context, false};
    enum s3_status status = s3_list(bucket->s3, whole, folders, visit_object, &own, err);
    if (!own.foreign)
        return status_of(status);
    error_set_(err, "the store lists objects that do not begin with '%s'", whole);
    return SOURCE_UNKNOWN;
}

static enum source_status read_object(void *it, const char *key, source_bytes take, void *context,
                                      struct error *err)
{
    const struct bucket *bucket = it;
    autofree char *whole = xasprintf("%s%s", bucket->above, key);
    return status_of(s3_get(bucket->s3, whole, take, context, err));
}

static void cancel(void *it)
{
    const struct bucket *bucket = it;
    s3_cancel(bucket->s3);
}

static void close_bucket(void *it)
{
    struct bucket *bucket = it;
    s3_free(bucket->s3);
    free(bucket->above);
    free(bucket);
}

static const struct source_kind kind = {list, read_object, cancel, close_bucket};

const struct source_kind *source_s3_open(const struct source_place *place, void **ret,
                                         struct error *err)
{
    autofree char *name = NULL;
    autofree char *path = NULL;
    struct s3 *s3 = NULL;
    if (!s3_split(place->prefix, &name, &path, err))
        return NULL;
    struct s3_place where = {name,      place->region,      place->endpoint,
                             place->ca, place->credentials, place->path_style};
    if (!s3_new(&where, &s3, err))
        return NULL;
    struct bucket *bucket = xcalloc(1, sizeof(*bucket));
    *bucket = (struct bucket){s3, xasprintf("%s%s", path, *path ? "/" : "")};
    *ret = bucket;
    return &kind;
}
