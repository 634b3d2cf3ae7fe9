#include "server/archive/source.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/strlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder with an archive "in" and something "out" of it. */
struct place {
    char *path, *in;
    struct source *source;
};

static struct place *place_of(void **state)
{
    return *state;
}

static void run(const char *format, const char *path)
{
    autofree char *command = xasprintf("cd '%s' && %s", path, format);
    assert_int_equal(system(command), 0);
}

static int begin(void **state)
{
    struct error err = {""};
    struct place *place = xcalloc(1, sizeof(*place));
    *state = place;
    place->path = xstrdup("/tmp/test_source.XXXXXX");
    assert_non_null(mkdtemp(place->path));
    place->in = xasprintf("%s/in", place->path);
    run("mkdir -p in/wal_005 in/base/part out && echo secret >out/it && printf 12345 >in/wal_005/a "
        "&& touch -d @7 in/wal_005/a && printf 1 >in/wal_005/ab && printf 22 >in/base/part/b && "
        "touch in/top && mkfifo in/pipe",
        place->path);
    assert_true(source_open(&(struct source_place){.prefix = place->in}, &place->source, &err));
    return 0;
}

static int end(void **state)
{
    struct place *place = place_of(state);
    run("chmod -R u+rwX in out && rm -r in out", place->path);
    source_close(place->source);
    rmdir(place->path);
    free(place->path);
    free(place->in);
    free(place);
    return 0;
}

static bool add_object(void *context, const struct source_object *object)
{
    strlist_addf(context, "%.*s %llu", STR_ARG(object->key), (unsigned long long)object->size);
    return true;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef enum source_status (*list_function)(struct source *source, const char *prefix,
                                            source_visit visit, void *context, struct error *err);

/* The objects as "key size", sorted, with blanks between. */
static void expect_list(struct source *source, list_function list, const char *prefix,
                        const char *expected)
{
    struct error err = {""};
    struct strlist found = {0};
    assert_int_equal(list(source, prefix, add_object, &found, &err), SOURCE_DONE);
    if (found.count)
        qsort(found.items, found.count, sizeof(*found.items), by_text);
    autofree char *text = strlist_join(&found, ", ");
    assert_string_equal(text, expected);
    strlist_clear(&found);
}

static void expect_unknown_list(struct source *source, const char *prefix, const char *text)
{
    struct error err = {""};
    struct strlist found = {0};
    assert_int_equal(source_list(source, prefix, add_object, &found, &err), SOURCE_UNKNOWN);
    assert_string_equal(err.text, text);
    strlist_clear(&found);
}

static bool add_bytes(void *context, struct str bytes)
{
    buf_add(context, bytes);
    return true;
}

static enum source_status read_key(struct source *source, const char *key, struct buf *content,
                                   struct error *err)
{
    *content = BUF(1u << 20);
    *err = (struct error){""};
    return source_read(source, key, add_bytes, content, err);
}

static void expect_not_read(struct source *source, const char *key, enum source_status status,
                            const char *text)
{
    struct error err;
    struct buf content;
    assert_int_equal(read_key(source, key, &content, &err), status);
    assert_string_equal(err.text, text);
    assert_int_equal(content.length, 0);
    buf_clear(&content);
}

static void a_place_that_cannot_be_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *prefix, *text;
    } cases[] = {
        {"", "the prefix is empty, expected 's3://bucket/path' or a folder"},
        {"gs://bucket/path", "'gs://bucket/path' does not start with 's3://'"},
        {"s3://bucket/path", "no region for S3: expected --region NAME or AWS_REGION (a store "
                             "without regions: us-east-1)"},
    };
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        struct source *source = NULL;
        assert_false(source_open(&(struct source_place){.prefix = cases[i].prefix}, &source, &err));
        assert_null(source);
        assert_string_equal(err.text, cases[i].text);
    }
}

static void a_folder_that_is_not_there_is_no_empty_archive(void **state)
{
    struct error err = {""};
    struct source *source;
    autofree char *path = xasprintf("%s/none", place_of(state)->path);
    autofree char *text = xasprintf("cannot open the folder '%s': No such file or directory", path);
    assert_true(source_open(&(struct source_place){.prefix = path}, &source, &err));
    assert_string_equal(source_name(source), path);
    expect_unknown_list(source, "", text);
    expect_not_read(source, "key", SOURCE_UNKNOWN, text);
    source_close(source);
}

static void a_link_is_not_followed(void **state)
{
    struct source *source = place_of(state)->source;
    static const char text[] =
        "'%s' is a symbolic link, and is not followed; look at the folder that it leads to";
    autofree char *folder = xasprintf(text, "link/");
    autofree char *below = xasprintf(text, "link/it");
    autofree char *file = xasprintf(text, "wal_005/file");
    autofree char *listed = xasprintf(text, "link");
    run("ln -s ../out link && ln -s ../../out/it wal_005/file", place_of(state)->in);
    expect_unknown_list(source, "li", listed);
    expect_unknown_list(source, "link/", folder);
    expect_unknown_list(source, "wal_005/", file);
    expect_not_read(source, "link/it", SOURCE_UNKNOWN, below);
    expect_not_read(source, "wal_005/file", SOURCE_UNKNOWN, file);
}

static void no_key_leads_out_of_the_folder(void **state)
{
    static const char *const keys[] = {
        "../out/it", "wal_005/../../out/it", "./top", "/etc/passwd", "wal_005//a", "..", ""};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        expect_not_read(place_of(state)->source, keys[i], SOURCE_ABSENT, "there is no such file");
    expect_list(place_of(state)->source, source_list, "../out/", "");
}

static void what_is_no_file_is_absent(void **state)
{
    static const char *const keys[] = {"none", "none/none", "top/none", "wal_005", "pipe"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        expect_not_read(place_of(state)->source, keys[i], SOURCE_ABSENT, "there is no such file");
}

static void a_name_that_cannot_be_is_absent(void **state)
{
    autofree char *name = xasprintf("%0300d", 7);
    expect_not_read(place_of(state)->source, name, SOURCE_ABSENT, "there is no such file");
    expect_list(place_of(state)->source, source_list, name, "");
}

/* Root may open everything: the memory of this process stands for a file on a broken disk. */
static void what_cannot_be_read_is_unknown(void **state)
{
    (void)state;
    struct error err = {""};
    struct source *source;
    assert_true(source_open(&(struct source_place){.prefix = "/proc/self"}, &source, &err));
    expect_not_read(source, "mem", SOURCE_UNKNOWN, "cannot read 'mem': Input/output error");
    source_close(source);
}

static void what_is_too_deep_is_unknown(void **state)
{
    run("mkdir -p d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d", place_of(state)->in);
    expect_unknown_list(place_of(state)->source, "",
                        "'d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/d/' is deeper than any archive");
}

static void objects_below_a_prefix_are_listed(void **state)
{
    struct source *source = place_of(state)->source;
    expect_list(source, source_list, "", "base/part/b 2, top 0, wal_005/a 5, wal_005/ab 1");
    expect_list(source, source_list, "wal_005/", "wal_005/a 5, wal_005/ab 1");
    expect_list(source, source_list, "wal_005/ab", "wal_005/ab 1");
    expect_list(source, source_list, "wal", "wal_005/a 5, wal_005/ab 1");
    expect_list(source, source_list, "none/", "");
    expect_list(source, source_list, "top/", "");
    expect_list(source, source_list_folder, "", "base/ 0, top 0, wal_005/ 0");
    expect_list(source, source_list_folder, "base/", "base/part/ 0");
    expect_list(source, source_list_folder, "none/", "");
}

static bool check_time(void *context, const struct source_object *object)
{
    *(int64_t *)context = object->modified;
    return false;
}

static void times_are_those_of_the_files(void **state)
{
    struct error err;
    int64_t modified = 0;
    assert_int_equal(source_list(place_of(state)->source, "wal_005/a", check_time, &modified, &err),
                     SOURCE_STOPPED);
    assert_true(modified == 7 || modified > 1000000000);
}

static void a_file_is_read(void **state)
{
    struct error err;
    struct buf content;
    assert_int_equal(read_key(place_of(state)->source, "wal_005/a", &content, &err), SOURCE_DONE);
    assert_string_equal(content.data, "12345");
    buf_clear(&content);
    assert_int_equal(read_key(place_of(state)->source, "top", &content, &err), SOURCE_DONE);
    assert_int_equal(content.length, 0);
}

static bool refuse_bytes(void *context, struct str bytes)
{
    (void)context, (void)bytes;
    return false;
}

static void who_reads_can_stop(void **state)
{
    struct error err;
    assert_int_equal(source_read(place_of(state)->source, "wal_005/a", refuse_bytes, NULL, &err),
                     SOURCE_STOPPED);
}

static void after_a_cancel_nothing_is_read(void **state)
{
    source_cancel(place_of(state)->source);
    expect_unknown_list(place_of(state)->source, "", "stopped");
    expect_not_read(place_of(state)->source, "wal_005/a", SOURCE_UNKNOWN, "stopped");
}

#define WITH_PLACE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_that_cannot_be_is_refused),
        WITH_PLACE(a_folder_that_is_not_there_is_no_empty_archive),
        WITH_PLACE(a_link_is_not_followed),
        WITH_PLACE(no_key_leads_out_of_the_folder),
        WITH_PLACE(what_is_no_file_is_absent),
        WITH_PLACE(a_name_that_cannot_be_is_absent),
        cmocka_unit_test(what_cannot_be_read_is_unknown),
        WITH_PLACE(what_is_too_deep_is_unknown),
        WITH_PLACE(objects_below_a_prefix_are_listed),
        WITH_PLACE(times_are_those_of_the_files),
        WITH_PLACE(a_file_is_read),
        WITH_PLACE(who_reads_can_stop),
        WITH_PLACE(after_a_cancel_nothing_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
