/*
 * What it costs to list an archive and do nothing with it:
 *     bench_listing PREFIX [ENDPOINT]
 * Lists what `backups verify` lists (keys by AWS_* variables, path style) and prints the number of
 * objects.
 */
#include "base/mem.h"
#include "server/archive/source.h"

#include <stdio.h>

static const char *const folders[] = {"basebackups_005/", "wal_005/"};

static bool count(void *context, const struct source_object *object)
{
    (void)object;
    unsigned long *objects = context;
    ++*objects;
    return true;
}

int main(int argc, char **argv)
{
    struct error err;
    struct source *source = NULL;
    struct source_place place = {.prefix = argc > 1 ? argv[1] : "",
                                 .endpoint = argc > 2 ? argv[2] : NULL,
                                 .path_style = true};
    unsigned long objects = 0;
    if (!source_open(&place, &source, &err)) {
        fprintf(stderr, "bench_listing: %s\n", err.text);
        return 1;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (source_list(source, folders[i], count, &objects, &err) == SOURCE_DONE)
            continue;
        fprintf(stderr, "bench_listing: %s\n", err.text);
        source_close(source);
        return 1;
    }
    source_close(source);
    printf("%lu\n", objects);
    return 0;
}
