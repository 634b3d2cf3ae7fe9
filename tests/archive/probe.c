/* What the tests of S3 and of folders look through: one call of source.h or of s3.h a run.
 * Exit status: 0 done, 1 unknown (the error on standard error), 2 usage, 3 absent, 4 exists. */
#include "base/file.h"
#include "base/mem.h"
#include "server/archive/source.h"
#include "server/cli_place.h"
#include "server/s3.h"

#include <stdio.h>

static const struct option_row options_table[] = {CLI_PLACE_OPTIONS, {0}};

/* What a run was asked for. */
struct wanted {
    struct source_place place;
    const char *key;  /* or what keys begin with */
    const char *file; /* that is written */
};

static int told(int status, const struct error *err)
{
    if (status)
        fprintf(stderr, "%s\n", err->text);
    return status;
}

static bool print_object(void *context, const struct source_object *object)
{
    struct buf line = BUF(8 * SOURCE_KEY_MAX);
    (void)context;
    buf_addf(&line, "[%llu, %lld, ", (unsigned long long)object->size, (long long)object->modified);
    buf_add_json_string(&line, object->key);
    printf("%s]\n", line.data);
    buf_clear(&line);
    return true;
}

static bool print_bytes(void *context, struct str bytes)
{
    (void)context;
    return fwrite(bytes.data, 1, bytes.length, stdout) == bytes.length;
}

typedef enum source_status (*list_function)(struct source *source, const char *prefix,
                                            source_visit visit, void *context, struct error *err);

static const int exits[] = {
    [SOURCE_DONE] = 0, [SOURCE_STOPPED] = 1, [SOURCE_ABSENT] = 3, [SOURCE_UNKNOWN] = 1};

static int list_by(const struct wanted *wanted, list_function lister)
{
    struct error err = {""};
    struct source *source;
    if (!source_open(&wanted->place, &source, &err))
        return told(2, &err);
    enum source_status status = lister(source, wanted->key, print_object, NULL, &err);
    source_close(source);
    return told(exits[status], &err);
}

static int list(const struct wanted *wanted)
{
    return list_by(wanted, source_list);
}

static int list_folder(const struct wanted *wanted)
{
    return list_by(wanted, source_list_folder);
}

static int read_object(const struct wanted *wanted)
{
    struct error err = {""};
    struct source *source;
    if (!source_open(&wanted->place, &source, &err))
        return told(2, &err);
    enum source_status status = source_read(source, wanted->key, print_bytes, NULL, &err);
    source_close(source);
    return told(exits[status], &err);
}

static int put(const struct wanted *wanted)
{
    struct error err = {""};
    struct s3 *s3 = NULL;
    autofree char *bucket = NULL;
    autofree char *path = NULL;
    struct buf content = BUF(64u << 20);
    if (!s3_split(wanted->place.prefix, &bucket, &path, &err))
        return told(2, &err);
    struct s3_place place = {bucket,           wanted->place.region,      wanted->place.endpoint,
                             wanted->place.ca, wanted->place.credentials, wanted->place.path_style};
    if (!file_read(wanted->file, &content, &err) || !s3_new(&place, &s3, &err))
        return told(2, &err);
    autofree char *key = xasprintf("%s%s%s", path, *path ? "/" : "", wanted->key);
    enum s3_status status = s3_put(s3, key, buf_str(&content), &err);
    buf_clear(&content);
    s3_free(s3);
    return told(status == S3_DONE ? 0 : status == S3_EXISTS ? 4 : 1, &err);
}

static const struct {
    const char *name;
    size_t arguments;
    int (*run)(const struct wanted *wanted);
} commands[] = {
    {"list", 3, list},
    {"list-folder", 3, list_folder},
    {"read", 3, read_object},
    {"put", 4, put},
};

int main(int argc, char **argv)
{
    struct options options;
    struct error err = {"usage: probe COMMAND PREFIX KEY [FILE] [OPTION...]"};
    int result = 2;
    if (!options_parse(options_table, argc, argv, &options, &err))
        result = told(2, &err);
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (options.argument_count != commands[i].arguments ||
            !str_is(str_of(options.arguments[0]), commands[i].name))
            continue;
        struct wanted wanted = {cli_place(&options, options.arguments[1]), options.arguments[2],
                                options.argument_count > 3 ? options.arguments[3] : NULL};
        result = commands[i].run(&wanted);
    }
    options_done(&options);
    return result;
}
