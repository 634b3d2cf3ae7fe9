#include "server/vault/store.h"

#include "base/file.h"
#include "base/mem.h"
#include "server/s3.h"
#include "server/vault/manifest.h"

#define S3_SCHEME "s3://"

struct vault_store {
    char *folder; /* "s3://bucket/folder", or the path of one */
    char *stem;   /* of the one archive that it is; NULL */
    struct source *source;
    struct s3 *s3; /* NULL: a folder here */
    char *path;    /* in the bucket */
};

/* A bucket's name may end like that of an archive. */
static bool is_archive(struct str place)
{
    struct str path =
        str_starts(place, STR(S3_SCHEME)) ? str_skip(place, strlen(S3_SCHEME)) : place;
    return str_ends(place, STR(VAULT_ARCHIVE_END)) &&
           (path.length == place.length || str_find(path, STR("/")) >= 0);
}

/* "folder/name.cms" taken apart; everything else is a folder. */
static void split(const char *place, struct vault_store *store)
{
    struct str text = str_of(place);
    while (text.length > 1 && text.data[text.length - 1] == '/')
        text.length--;
    if (!is_archive(text)) {
        store->folder = xstrndup(text.data, text.length);
        return;
    }
    size_t at = text.length;
    while (at > 0 && text.data[at - 1] != '/')
        at--;
    store->stem = xstrndup(text.data + at, text.length - at - strlen(VAULT_ARCHIVE_END));
    store->folder = at == 0 ? xstrdup(".") : at == 1 ? xstrdup("/") : xstrndup(text.data, at - 1);
}

static bool open_bucket(const struct source_place *place, struct vault_store *store,
                        struct error *err)
{
    autofree char *bucket = NULL;
    if (!s3_split(store->folder, &bucket, &store->path, err))
        return false;
    const struct s3_place where = {
        .bucket = bucket,
        .region = place->region,
        .endpoint = place->endpoint,
        .ca = place->ca,
        .credentials = place->credentials,
        .path_style = place->path_style,
    };
    return s3_new(&where, &store->s3, err);
}

bool vault_store_open(const struct source_place *place, struct vault_store **ret, struct error *err)
{
    cleanup(vault_store_drop) struct vault_store *store = xcalloc(1, sizeof(*store));
    split(place->prefix, store);
    struct source_place where = *place;
    where.prefix = store->folder;
    bool bucket = str_starts(str_of(store->folder), STR(S3_SCHEME));
    if ((bucket && !open_bucket(place, store, err)) || !source_open(&where, &store->source, err))
        return false;
    *ret = TAKE(store);
    return true;
}

void vault_store_free(struct vault_store *store)
{
    if (!store)
        return;
    source_close(store->source);
    s3_free(store->s3);
    free(store->folder);
    free(store->stem);
    free(store->path);
    free(store);
}

void vault_store_drop(struct vault_store **store)
{
    vault_store_free(*store);
}

const char *vault_store_stem(const struct vault_store *store)
{
    return store->stem;
}

char *vault_store_name(const struct vault_store *store, const char *name)
{
    return xasprintf("%s/%s", strcmp(store->folder, "/") == 0 ? "" : store->folder, name);
}

/* ---- writing ---- */

static bool put_object(struct vault_store *store, const char *name, struct str bytes,
                       struct error *err)
{
    autofree char *key = xasprintf("%s%s%s", store->path, store->path[0] ? "/" : "", name);
    switch (s3_put(store->s3, key, bytes, err)) {
    case S3_DONE:
        return true;
    case S3_EXISTS:
        return error_set(err, "%s/%s: is there already and is not replaced", store->folder, name);
    default:
        return false;
    }
}

bool vault_store_put(struct vault_store *store, const char *name, struct str bytes,
                     struct error *err)
{
    if (store->s3)
        return put_object(store, name, bytes, err);
    autofree char *path = vault_store_name(store, name);
    return file_create(path, bytes, 0600, err);
}

/* ---- reading ---- */

static bool take(void *context, struct str bytes)
{
    struct buf *all = context;
    buf_add(all, bytes);
    return !all->failed;
}

enum source_status vault_store_get(struct vault_store *store, const char *name, struct buf *bytes,
                                   struct error *err)
{
    enum source_status status = source_read(store->source, name, take, bytes, err);
    if (status != SOURCE_STOPPED)
        return status;
    autofree char *full = vault_store_name(store, name);
    error_set_(err, "%s: is larger than %zu bytes", full, bytes->limit);
    return SOURCE_UNKNOWN;
}

static bool visit(void *context, const struct source_object *object)
{
    struct vault_listing *listing = context;
    if (str_ends(object->key, STR("/"))) {
        autofree char *name = xstrndup(object->key.data, object->key.length);
        if (vault_is_line(name))
            strlist_add(&listing->folders, object->key);
        return true;
    }
    if (listing->count == VAULT_LISTING_MAX)
        return false;
    if ((listing->count & (listing->count - 1)) == 0)
        listing->names = xrealloc(listing->names, (listing->count * 2 + 1) * sizeof(char *));
    listing->names[listing->count++] = xstrndup(object->key.data, object->key.length);
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool vault_store_list(struct vault_store *store, struct vault_listing *ret, struct error *err)
{
    cleanup(vault_listing_done) struct vault_listing listing = {0};
    switch (source_list_folder(store->source, "", visit, &listing, err)) {
    case SOURCE_DONE:
        break;
    case SOURCE_STOPPED:
        return error_set(err, "%s: has more than %d objects; name one archive", store->folder,
                         VAULT_LISTING_MAX);
    case SOURCE_ABSENT:
        return error_set(err, "%s: there is no such folder", store->folder);
    case SOURCE_UNKNOWN:
        return false;
    }
    if (listing.count)
        qsort(listing.names, listing.count, sizeof(*listing.names), by_name);
    if (listing.folders.count)
        qsort(listing.folders.items, listing.folders.count, sizeof(*listing.folders.items),
              by_name);
    *ret = listing;
    listing = (struct vault_listing){0};
    return true;
}

void vault_listing_done(struct vault_listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
    strlist_clear(&listing->folders);
    *listing = (struct vault_listing){0};
}

bool vault_listing_has(const struct vault_listing *listing, const char *name)
{
    return listing->count &&
           bsearch(&name, listing->names, listing->count, sizeof(*listing->names), by_name) != NULL;
}

char *vault_listing_empty(const struct vault_store *store, const struct vault_listing *listing,
                          const char *wanted)
{
    autofree char *place = vault_store_name(store, "");
    autofree char *folders = strlist_join(&listing->folders, " ");
    return xasprintf("%s: holds no archive%s%s%s", place, wanted,
                     folders[0] ? "; its folders are " : "", folders);
}
