/* What a kind of source has to give: the two halves behind source.h. */
#ifndef SERVER_ARCHIVE_SOURCE_KIND_H
#define SERVER_ARCHIVE_SOURCE_KIND_H

#include "server/archive/source.h"

/* `it` is what the kind's own function below has made; the rest is as in source.h. */
struct source_kind {
    enum source_status (*list)(void *it, const char *prefix, bool folders, source_visit visit,
                               void *context, struct error *err);
    enum source_status (*read)(void *it, const char *key, source_bytes take, void *context,
                               struct error *err);
    void (*cancel)(void *it);
    void (*close)(void *it);
};

/* Each gives its kind and *ret. */
const struct source_kind *source_s3_open(const struct source_place *place, void **ret,
                                         struct error *err) __attribute__((warn_unused_result));
const struct source_kind *source_folder_open(const struct source_place *place, void **ret,
                                             struct error *err) __attribute__((warn_unused_result));

#endif
