#include "server/vault/store.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of its own for each test. */
static int make_folder(void **state)
{
    char template[] = "/tmp/test_vault_store.XXXXXX";
    *state = mkdtemp(template) ? xstrdup(template) : NULL;
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    autofree char *folder = *state;
    autofree char *command = xasprintf("rm -rf '%s'", folder);
    return system(command);
}

static struct vault_store *store_at(const char *place)
{
    struct error err = {""};
    struct vault_store *store = NULL;
    bool fine =
        vault_store_open(&(struct source_place){.prefix = place, .region = "x-1"}, &store, &err);
    assert_string_equal(err.text, "");
    assert_true(fine);
    return store;
}

static void place_is(const char *place, const char *stem, const char *name)
{
    struct vault_store *store = store_at(place);
    autofree char *full = vault_store_name(store, "x");
    if (stem)
        assert_string_equal(vault_store_stem(store), stem);
    else
        assert_null(vault_store_stem(store));
    assert_string_equal(full, name);
    vault_store_free(store);
}

static void a_place_is_a_folder_or_one_archive(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "key", 1);
    place_is("/", NULL, "/x");
    place_is("/tmp/a//", NULL, "/tmp/a/x");
    place_is("a", NULL, "a/x");
    place_is("a.cms", "a", "./x");
    place_is("/a.cms", "a", "/x");
    place_is("/tmp/a/b.cms", "b", "/tmp/a/x");
    place_is("/tmp/a.cms/", "a", "/tmp/x");
    place_is("s3://my.cms/a/b.cms", "b", "s3://my.cms/a/x");
    place_is("s3://my.cms/b.cms", "b", "s3://my.cms/x");
    place_is("s3://my.cms", NULL, "s3://my.cms/x");
}

static void what_is_no_bucket_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    struct vault_store *untouched = NULL;
    assert_false(vault_store_open(&(struct source_place){.prefix = "s3:///x"}, &untouched, &err));
    assert_true(err.text[0]);
    assert_null(untouched);
}

static void an_object_is_written_once(void **state)
{
    struct error err = {""};
    struct stat file;
    struct vault_store *store = store_at(*state);
    struct buf bytes = BUF(10);
    autofree char *path = vault_store_name(store, "a.cms");
    autofree char *expected = xasprintf("%s: is there already and is not replaced", path);
    assert_true(vault_store_put(store, "a.cms", STR("one"), &err));
    assert_false(vault_store_put(store, "a.cms", STR("two"), &err));
    assert_string_equal(err.text, expected);
    assert_int_equal(vault_store_get(store, "a.cms", &bytes, &err), SOURCE_DONE);
    assert_true(str_is(buf_str(&bytes), "one"));
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    buf_clear(&bytes);
    vault_store_free(store);
}

static void a_failed_write_leaves_nothing(void **state)
{
    struct error err = {""};
    autofree char *place = xasprintf("%s/none", (const char *)*state);
    struct vault_store *store = store_at(place);
    autofree char *expected = xasprintf("%s/a: cannot create: No such file or directory", place);
    assert_false(vault_store_put(store, "a", STR("one"), &err));
    assert_string_equal(err.text, expected);
    struct vault_listing listing = {0};
    assert_false(vault_store_list(store, &listing, &err));
    vault_store_free(store);
}

static void what_is_absent_or_too_large_is_told(void **state)
{
    struct error err = {""};
    struct vault_store *store = store_at(*state);
    struct buf bytes = BUF(2);
    assert_int_equal(vault_store_get(store, "a", &bytes, &err), SOURCE_ABSENT);
    assert_true(vault_store_put(store, "a", STR("one"), &err));
    assert_int_equal(vault_store_get(store, "a", &bytes, &err), SOURCE_UNKNOWN);
    autofree char *expected = xasprintf("%s/a: is larger than 2 bytes", (const char *)*state);
    assert_string_equal(err.text, expected);
    vault_store_free(store);
}

static void names_are_listed_in_order(void **state)
{
    struct error err = {""};
    struct vault_store *store = store_at(*state);
    struct vault_listing listing = {0};
    static const char *const names[] = {"c", "a", "b", "e", "d"};
    for (size_t i = 0; i < 5; i++)
        assert_true(vault_store_put(store, names[i], STR("x"), &err));
    autofree char *folder = xasprintf("%s/f", (const char *)*state);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_true(vault_store_list(store, &listing, &err));
    assert_int_equal(listing.count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(listing.names[i][0], "abcde"[i]);
    assert_true(vault_listing_has(&listing, "e"));
    assert_false(vault_listing_has(&listing, "f"));
    vault_listing_done(&listing);
    assert_false(vault_listing_has(&listing, "e"));
    vault_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_a_folder_or_one_archive),
        cmocka_unit_test(what_is_no_bucket_is_refused),
        cmocka_unit_test_setup_teardown(an_object_is_written_once, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_is_absent_or_too_large_is_told, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(names_are_listed_in_order, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
