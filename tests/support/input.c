#include "tests/support/input.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

#define FILE_MAX (16u * 1024 * 1024)

json_t *json_file(const char *path, struct error *err)
{
    cleanup(buf_clear) struct buf text = BUF(FILE_MAX);
    if (!file_read(path, &text, err))
        return NULL;
    json_error_t why;
    json_t *tree =
        json_loadb(text.data ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &why);
    if (!tree)
        error_set_(err, "%s: line %d: %s", path, why.line, why.text);
    return tree;
}

static __attribute__((noreturn)) void give_up(const char *text)
{
    printf("%s\n0 passed, 1 failed\n", text);
    exit(1);
}

json_t *recorded_review(const char *name)
{
    struct error err;
    autofree char *path = xasprintf("%s/tests/data/reviews/%s.json", SOURCE_ROOT, name);
    json_t *review = json_file(path, &err);
    if (!review)
        give_up(err.text);
    json_t *request = json_object_get(review, "request");
    json_object_del(json_object_get(json_object_get(request, "object"), "metadata"),
                    "managedFields");
    json_object_del(json_object_get(json_object_get(request, "oldObject"), "metadata"),
                    "managedFields");
    return review;
}

struct config *configuration(const char *path)
{
    autofree char *whole = xasprintf("%s/%s", SOURCE_ROOT, path);
    cleanup(strlist_clear) struct strlist mistakes = {0};
    struct config *config = config_load(whole, RECORDED_AT, &mistakes);
    autofree char *text = strlist_join(&mistakes, "; ");
    if (!config)
        give_up(text);
    return config;
}
