#include "server/s3_keys.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = {
    "AWS_ACCESS_KEY_ID",     "AWS_SECRET_ACCESS_KEY",       "AWS_SESSION_TOKEN",   "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ENDPOINT_URL_STS"};

#define NAME_COUNT (sizeof(names) / sizeof(*names))

static char *folder(void **state)
{
    return *state;
}

static int begin(void **state)
{
    char *path = xstrdup("/tmp/test_s3_keys.XXXXXX");
    *state = path;
    for (size_t i = 0; i < NAME_COUNT; i++)
        unsetenv(names[i]);
    return mkdtemp(path) ? 0 : -1;
}

static int end(void **state)
{
    autofree char *path = folder(state);
    for (size_t i = 0; i < NAME_COUNT; i++) {
        autofree char *file = xasprintf("%s/%s", path, names[i]);
        unlink(file);
    }
    return rmdir(path);
}

static void write_file(void **state, const char *name, const char *content)
{
    struct error err = {""};
    autofree char *path = xasprintf("%s/%s", folder(state), name);
    assert_true(file_write(path, str_of(content), 0600, &err));
}

static void expect_none(const char *path, const char *text)
{
    struct error err = {""};
    struct s3_keys *keys = NULL;
    assert_false(s3_keys_new(path, "x", NULL, &keys, &err));
    assert_null(keys);
    assert_string_equal(err.text, text);
}

static void without_any_keys_all_ways_are_told(void **state)
{
    (void)state;
    expect_none(NULL, "no keys for S3: expected --credentials DIR, AWS_ACCESS_KEY_ID and "
                      "AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE");
}

static void half_of_a_pair_is_none(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    expect_none(NULL, "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not");
    setenv("AWS_ACCESS_KEY_ID", "", 1);
    setenv("AWS_ROLE_ARN", "arn", 1);
    expect_none(NULL, "AWS_ROLE_ARN is set, but AWS_WEB_IDENTITY_TOKEN_FILE is not");
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/token", 1);
    setenv("AWS_ENDPOINT_URL_STS", "sts", 1);
    expect_none(NULL, "AWS_ENDPOINT_URL_STS: 'sts' is not an endpoint, expected 'http://host' or "
                      "'https://host:port'");
}

static void what_is_no_key_is_not_sent_and_not_told(void **state)
{
    (void)state;
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "sec ret", 1);
    expect_none(NULL, "AWS_SECRET_ACCESS_KEY: is empty, or has blanks or line ends inside");
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_SESSION_TOKEN", "to\nken", 1);
    expect_none(NULL, "AWS_SESSION_TOKEN: is empty, or has blanks or line ends inside");
}

static void a_folder_has_to_be_whole(void **state)
{
    autofree char *id = xasprintf("--credentials: %s/AWS_ACCESS_KEY_ID: cannot open: No such file "
                                  "or directory",
                                  folder(state));
    autofree char *key = xasprintf("--credentials: %s/AWS_SECRET_ACCESS_KEY: is empty, or has "
                                   "blanks or line ends inside",
                                   folder(state));
    autofree char *token = xasprintf("--credentials: %s/AWS_SESSION_TOKEN: is empty, or has blanks "
                                     "or line ends inside",
                                     folder(state));
    expect_none(folder(state), id);
    write_file(state, "AWS_ACCESS_KEY_ID", "id");
    write_file(state, "AWS_SECRET_ACCESS_KEY", "\n");
    expect_none(folder(state), key);
    write_file(state, "AWS_SECRET_ACCESS_KEY", "key");
    write_file(state, "AWS_SESSION_TOKEN", "a b");
    expect_none(folder(state), token);
}

static void expect_key(struct s3_keys *keys, const char *id, const char *key, const char *token)
{
    struct error err = {""};
    struct s3_key found;
    assert_true(s3_keys_get(keys, NULL, 0, &found, &err));
    assert_string_equal(found.id, id);
    assert_string_equal(found.key, key);
    if (token)
        assert_string_equal(found.token, token);
    else
        assert_null(found.token);
}

static void variables_are_taken_without_what_is_around_them(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3_keys *keys;
    setenv("AWS_ACCESS_KEY_ID", " id\n", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "key\n", 1);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    setenv("AWS_ROLE_ARN", "arn", 1);
    assert_true(s3_keys_new(NULL, "x", NULL, &keys, &err));
    assert_string_equal(s3_keys_origin(keys), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    expect_key(keys, "id", "key", "token");
    s3_keys_forget(keys);
    expect_key(keys, "id", "key", "token");
    s3_keys_free(keys);
}

static void a_folder_is_read_each_time(void **state)
{
    struct error err = {""};
    struct s3_keys *keys;
    struct s3_key found;
    setenv("AWS_ACCESS_KEY_ID", "other", 1);
    write_file(state, "AWS_ACCESS_KEY_ID", "id\n");
    write_file(state, "AWS_SECRET_ACCESS_KEY", "key\n");
    assert_true(s3_keys_new(folder(state), "x", NULL, &keys, &err));
    assert_string_equal(s3_keys_origin(keys), folder(state));
    expect_key(keys, "id", "key", NULL);
    write_file(state, "AWS_ACCESS_KEY_ID", "newer");
    write_file(state, "AWS_SESSION_TOKEN", "token\n");
    expect_key(keys, "newer", "key", "token");
    write_file(state, "AWS_SESSION_TOKEN", "\n");
    expect_key(keys, "newer", "key", NULL);
    write_file(state, "AWS_ACCESS_KEY_ID", "");
    assert_false(s3_keys_get(keys, NULL, 0, &found, &err));
    s3_keys_free(keys);
}

static void an_identity_without_a_token_asks_nobody(void **state)
{
    struct error err = {""};
    struct s3_keys *keys;
    struct s3_key found;
    autofree char *token = xasprintf("%s/token", folder(state));
    autofree char *text = xasprintf("AWS_WEB_IDENTITY_TOKEN_FILE: %s: cannot open: No such file or "
                                    "directory",
                                    token);
    setenv("AWS_ROLE_ARN", "arn", 1);
    setenv("AWS_WEB_IDENTITY_TOKEN_FILE", token, 1);
    assert_true(s3_keys_new(NULL, "x", NULL, &keys, &err));
    assert_string_equal(s3_keys_origin(keys), "AWS_WEB_IDENTITY_TOKEN_FILE");
    assert_false(s3_keys_get(keys, NULL, 0, &found, &err));
    assert_string_equal(err.text, text);
    s3_keys_free(keys);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(without_any_keys_all_ways_are_told),
        WITH_FOLDER(half_of_a_pair_is_none),
        WITH_FOLDER(what_is_no_key_is_not_sent_and_not_told),
        WITH_FOLDER(a_folder_has_to_be_whole),
        WITH_FOLDER(variables_are_taken_without_what_is_around_them),
        WITH_FOLDER(a_folder_is_read_each_time),
        WITH_FOLDER(an_identity_without_a_token_asks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
