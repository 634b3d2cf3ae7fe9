/*
 * Where archives lie: a folder of a bucket, or a folder here. Objects are written once, never
 * replaced and never deleted.
 */
#ifndef SERVER_VAULT_STORE_H
#define SERVER_VAULT_STORE_H

#include "base/strlist.h"
#include "server/archive/source.h"

struct vault_store;

/* Takes copies; talks to nobody yet. The place's prefix is a folder, or one archive when it ends
 * with ".cms". The caller frees. */
bool vault_store_open(const struct source_place *place, struct vault_store **ret, struct error *err)
    __attribute__((warn_unused_result));
void vault_store_free(struct vault_store *store);
void vault_store_drop(struct vault_store **store); /* for cleanup() */

/* The beginning of the names of the one archive that the place is; NULL for a folder. Borrowed. */
const char *vault_store_stem(const struct vault_store *store);

/* "s3://bucket/folder/name"; the caller frees. */
char *vault_store_name(const struct vault_store *store, const char *name)
    __attribute__((warn_unused_result));

/* Writes an object. Fails when there is one of that name. */
bool vault_store_put(struct vault_store *store, const char *name, struct str bytes,
                     struct error *err) __attribute__((warn_unused_result));

/* Adds an object to the buffer, whose limit is the largest one accepted. SOURCE_ABSENT has no error
 * text. */
enum source_status vault_store_get(struct vault_store *store, const char *name, struct buf *bytes,
                                   struct error *err) __attribute__((warn_unused_result));

/* Names of objects, sorted: those of archives by time. Beside them those of folders, each with its
 * "/"; what a terminal would not show as it is is left out. */
struct vault_listing {
    char **names;
    size_t count;
    struct strlist folders;
};

/* Most objects of a folder. */
#define VAULT_LISTING_MAX 100000

/* All objects directly in the folder. The caller frees. */
bool vault_store_list(struct vault_store *store, struct vault_listing *ret, struct error *err)
    __attribute__((warn_unused_result));
void vault_listing_done(struct vault_listing *listing);
bool vault_listing_has(const struct vault_listing *listing, const char *name);

/* What to say of a folder without an archive, with the folders in it: one of them may be meant. The
 * caller frees. */
char *vault_listing_empty(const struct vault_store *store, const struct vault_listing *listing,
                          const char *wanted) __attribute__((warn_unused_result));

#endif
