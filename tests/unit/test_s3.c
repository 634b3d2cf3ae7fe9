#include "server/s3.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static int clear_environment(void **state)
{
    (void)state;
    static const char *const names[] = {
        "AWS_REGION",   "AWS_DEFAULT_REGION",      "AWS_ENDPOINT_URL",  "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT", "AWS_S3_FORCE_PATH_STYLE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unsetenv(names[i]);
    setenv("AWS_ACCESS_KEY_ID", "id", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "key", 1);
    return 0;
}

static void what_is_no_place_in_s3_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *place, *text;
    } cases[] = {
        {"/folder", "'/folder' does not start with 's3://'"},
        {"gs://bucket/x", "'gs://bucket/x' does not start with 's3://'"},
        {"s3://", "bucket: '' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a letter "
                  "or digit at both ends"},
        {"s3://Bucket/x", "bucket: 'Bucket' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and "
                          "'.', a letter or digit at both ends"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        char *bucket = NULL;
        char *path = NULL;
        assert_false(s3_split(cases[i].place, &bucket, &path, &err));
        assert_string_equal(err.text, cases[i].text);
        assert_null(bucket);
        assert_null(path);
    }
}

static void a_path_longer_than_any_key_is_refused(void **state)
{
    (void)state;
    struct error err = {""};
    char *bucket = NULL;
    char *path = NULL;
    autofree char *place = xasprintf("s3://bucket/%01025d", 7);
    assert_false(s3_split(place, &bucket, &path, &err));
    assert_string_equal(err.text, "the path is longer than 1024 bytes");
}

static void a_place_is_taken_apart(void **state)
{
    (void)state;
    static const struct {
        const char *place, *bucket, *path;
    } cases[] = {
        {"s3://bucket", "bucket", ""},
        {"s3://bucket/", "bucket", ""},
        {"s3://bucket/a", "bucket", "a"},
        {"s3://bucket//a/b c//", "bucket", "a/b c"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        autofree char *bucket = NULL;
        autofree char *path = NULL;
        assert_true(s3_split(cases[i].place, &bucket, &path, &err));
        assert_string_equal(bucket, cases[i].bucket);
        assert_string_equal(path, cases[i].path);
    }
}

static void expect_none(const struct s3_place *place, const char *text)
{
    struct error err = {""};
    struct s3 *s3 = NULL;
    assert_false(s3_new(place, &s3, &err));
    assert_null(s3);
    assert_string_equal(err.text, text);
}

static void an_incomplete_place_is_refused(void **state)
{
    (void)state;
    expect_none(&(struct s3_place){.bucket = "bucket"},
                "no region for S3: expected --region NAME or AWS_REGION (a store without regions: "
                "us-east-1)");
    setenv("AWS_REGION", "", 1);
    setenv("AWS_DEFAULT_REGION", "a b", 1);
    expect_none(&(struct s3_place){.bucket = "bucket"},
                "region: 'a b' is not a region, expected one such as 'eu-central-1'");
    setenv("AWS_ENDPOINT", "host", 1);
    expect_none(&(struct s3_place){.bucket = "bucket", .region = "x"},
                "endpoint: 'host' is not an endpoint, expected 'http://host' or "
                "'https://host:port'");
    unsetenv("AWS_ACCESS_KEY_ID");
    expect_none(&(struct s3_place){.bucket = "bucket", .region = "x", .endpoint = "http://h"},
                "no keys for S3: expected --credentials DIR, AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE");
}

static bool never(void *context, const struct s3_object *object)
{
    (void)context, (void)object;
    fail();
    return false;
}

static void after_a_cancel_nobody_is_asked(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3 *s3;
    struct s3_object object;
    struct s3_place place = {
        .bucket = "bucket", .region = "x", .endpoint = "http://127.0.0.1:9", .path_style = true};
    assert_true(s3_new(&place, &s3, &err));
    s3_cancel(s3);
    assert_int_equal(s3_list(s3, "", false, never, NULL, &err), S3_UNKNOWN);
    assert_string_equal(err.text, "stopped");
    assert_int_equal(s3_get(s3, "key", NULL, NULL, &err), S3_UNKNOWN);
    assert_int_equal(s3_head(s3, "key", &object, &err), S3_UNKNOWN);
    assert_int_equal(s3_put(s3, "key", STR("it"), &err), S3_UNKNOWN);
    assert_string_equal(err.text, "stopped");
    s3_free(s3);
}

static void no_object_has_a_longer_key(void **state)
{
    (void)state;
    struct error err = {""};
    struct s3 *s3;
    struct s3_object object;
    struct s3_place place = {.bucket = "bucket", .region = "x", .endpoint = "http://127.0.0.1:9"};
    autofree char *key = xasprintf("%01025d", 7);
    assert_true(s3_new(&place, &s3, &err));
    assert_int_equal(s3_get(s3, key, NULL, NULL, &err), S3_ABSENT);
    assert_int_equal(s3_head(s3, key, &object, &err), S3_ABSENT);
    assert_int_equal(s3_put(s3, key, STR("it"), &err), S3_UNKNOWN);
    assert_string_equal(err.text, "a key has at most 1024 bytes, this one has 1025");
    s3_free(s3);
}

#define TEST(test) cmocka_unit_test_setup(test, clear_environment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_no_place_in_s3_is_refused),
        TEST(a_path_longer_than_any_key_is_refused),
        TEST(a_place_is_taken_apart),
        TEST(an_incomplete_place_is_refused),
        TEST(after_a_cancel_nobody_is_asked),
        TEST(no_object_has_a_longer_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
