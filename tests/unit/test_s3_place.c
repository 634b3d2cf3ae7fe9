#include "patches/s3_place.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

typedef bool question(struct str text, struct error *err);

struct sample {
    const char *text;
    const char *error; /* NULL: valid */
};

static void ask(question *valid, const struct sample *samples)
{
    for (; samples->text; samples++) {
        struct error err = {""};
        assert_int_equal(valid(str_of(samples->text), &err), !samples->error);
        assert_string_equal(err.text, samples->error ? samples->error : "");
    }
}

#define NO_BUCKET                                                                                  \
    " is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', a letter or digit at both ends"

static void test_bucket(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "''" NO_BUCKET},
        {"ab", "'ab'" NO_BUCKET},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234",
         "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234'" NO_BUCKET},
        {"Backups", "'Backups'" NO_BUCKET},
        {"backUps", "'backUps'" NO_BUCKET},
        {"back_ups", "'back_ups'" NO_BUCKET},
        {"-backups", "'-backups'" NO_BUCKET},
        {"backups.", "'backups.'" NO_BUCKET},
        {"back ups", "'back ups'" NO_BUCKET},
        {"back\nups", "'back?ups'" NO_BUCKET},
        {"s3://backups", "'s3://backups' has a scheme, expected the bare name of the bucket"},
        {"backups/", "'backups/' has a '/', expected the bare name of the bucket"},
        {"backups/a", "'backups/a' has a '/', expected the bare name of the bucket"},
        {"harbor-db.backups1", NULL},
        {"abc", NULL},
        {NULL},
    };
    ask(s3_bucket_valid, samples);
}

static void test_scope(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "is empty, expected the name of the source cluster"},
        {"a/b", "'a/b' has a '/', expected the bare name of the source cluster"},
        {"a b", "'a b' is not a cluster, expected letters, digits, '-', '_' and '.'"},
        {"postgresql-harbor-harbor", NULL},
        {NULL},
    };
    static const struct sample prefixes[] = {
        {"/a", "'/a' starts with '/', expected text such as 'namespace-'"},
        {"a//b", "'a//b' has an empty part ('//')"},
        {"a b", "'a b' has a character that is no letter, digit or one of /-_.:=+@~"},
        {"", NULL},
        {"harbor-", NULL},
        {"team/harbor-", NULL},
        {NULL},
    };
    ask(s3_scope_valid, samples);
    ask(s3_scope_prefix_valid, prefixes);
}

static void test_suffix(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"abc", "'abc' does not start with '/'"},
        {"/", "'/' ends with '/', which spilo adds itself"},
        {"/a/", "'/a/' ends with '/', which spilo adds itself"},
        {"/a/wal", "'/a/wal' ends with '/wal', which spilo adds itself"},
        {"/a//b", "'/a//b' has an empty part ('//')"},
        {"/a?b", "'/a?b' has a character that is no letter, digit or one of /-_.:=+@~"},
        {"", NULL},
        {"/99e85b8a-3f92-4c86-8d42-5056348c1e7e", NULL},
        {"/a/b", NULL},
        {NULL},
    };
    ask(s3_suffix_valid, samples);
}

static void test_prefix(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "'' does not start with 's3://'"},
        {"bucket/path/wal", "'bucket/path/wal' does not start with 's3://'"},
        {"gs://bucket/path", "'gs://bucket/path' does not start with 's3://'"},
        {"s3://", "''" NO_BUCKET},
        {"s3://bucket", "'s3://bucket' has no path, expected 's3://bucket/path/wal'"},
        {"s3://bucket/", "'s3://bucket/' has no path, expected 's3://bucket/path/wal'"},
        {"s3://bucket/wal", "'s3://bucket/wal' has no path, expected 's3://bucket/path/wal'"},
        {"s3://bucket/wal/12", "'s3://bucket/wal/12' has no path, expected "
                               "'s3://bucket/path/wal'"},
        {"s3://s3://bucket/a", "'s3:'" NO_BUCKET},
        {"s3://Bucket/a", "'Bucket'" NO_BUCKET},
        {"s3://bucket/a//b", "'bucket/a//b' has an empty part ('//')"},
        {"s3://bucket/a b",
         "'bucket/a b' has a character that is no letter, digit or one of /-_.:=+@~"},
        {"s3://bucket/a:b", "'a:b' is not a cluster, expected letters, digits, '-', '_' and '.'"},
        {"s3://bucket/spilo/a/uid/wal/12/", NULL},
        {"s3://bucket/a", NULL},
        {NULL},
    };
    ask(s3_prefix_valid, samples);
}

static void test_region(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "is empty, expected a region such as 'eu-central-1'"},
        {"eu central", "'eu central' is not a region, expected one such as 'eu-central-1'"},
        {"https://s3", "'https://s3' is not a region, expected one such as 'eu-central-1'"},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345",
         "'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345' is not a region, "
         "expected one such as 'eu-central-1'"},
        {"eu-central-1", NULL},
        {"RegionOne", NULL},
        {NULL},
    };
    ask(s3_region_valid, samples);
}

#define NO_ENDPOINT " is not an endpoint, expected 'http://host' or 'https://host:port'"

static void test_endpoint(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"", "''" NO_ENDPOINT},
        {"minio:9000", "'minio:9000'" NO_ENDPOINT},
        {"http://", "'http://'" NO_ENDPOINT},
        {"http+path://minio", "'http+path://minio'" NO_ENDPOINT},
        {"https://minio/path", "'https://minio/path'" NO_ENDPOINT},
        {"https://:9000", "'https://:9000'" NO_ENDPOINT},
        {"https://user:canary@minio", "names a user, expected 'https://host' without one"},
        {"https://minio.storage.svc:9000", NULL},
        {"http://[::1]:9000", NULL},
        {NULL},
    };
    ask(s3_endpoint_valid, samples);
}

static void test_timeline(void **state)
{
    (void)state;
#define NO_TIMELINE " is not a timeline, expected 'latest', 'current' or a number from 1"
    static const struct sample samples[] = {
        {"", "''" NO_TIMELINE},
        {"0", "'0'" NO_TIMELINE},
        {"-1", "'-1'" NO_TIMELINE},
        {"Latest", "'Latest'" NO_TIMELINE},
        {"4294967296", "'4294967296'" NO_TIMELINE},
        {"latest", NULL},
        {"current", NULL},
        {"1", NULL},
        {"4294967295", NULL},
        {NULL},
    };
    ask(s3_timeline_valid, samples);
}

static void test_long_text_is_cut(void **state)
{
    (void)state;
    struct error err;
    char text[120];
    memset(text, 'x', sizeof(text));
    text[94] = '\xe2'; /* a character of three bytes across the cut */
    text[95] = '\x82';
    text[96] = '\xac';
    assert_false(s3_suffix_valid((struct str){text, sizeof(text)}, &err));
    char expected[160];
    snprintf(expected, sizeof(expected), "'%.94s...' does not start with '/'", text);
    assert_string_equal(err.text, expected);
}

struct place {
    const char *prefix, *path, *scope;
};

static void test_paths(void **state)
{
    (void)state;
    static const struct place places[] = {
        {"s3://bucket/spilo/pg/uid/wal/12/", "bucket/spilo/pg/uid", "pg"},
        {"s3://bucket/spilo/pg/uid/wal", "bucket/spilo/pg/uid", "pg"},
        {"s3://bucket/spilo/pg/wal//", "bucket/spilo/pg", "pg"},
        {"s3://bucket/spilo/pg", "bucket/spilo/pg", "pg"},
        {"s3://bucket/a/b/wal/16", "bucket/a/b", "b"},
        {"s3://bucket/a/16", "bucket/a/16", "16"},
        {"s3://bucket/wal/wal", "bucket/wal", "wal"},
        {"s3://bucket/a/firewall", "bucket/a/firewall", "firewall"},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct error err;
        struct str prefix = str_of(places[i].prefix);
        assert_true(s3_prefix_valid(prefix, &err));
        assert_true(str_is(s3_prefix_path(prefix), places[i].path));
        assert_true(str_is(s3_prefix_scope(prefix), places[i].scope));
    }
    autofree char *path = s3_path(STR("bucket"), STR("ns-"), STR("pg"), STR("/uid"));
    assert_string_equal(path, "bucket/spilo/ns-pg/uid");
    autofree char *bare = s3_path(STR("bucket"), STR_NONE, STR("pg"), STR(""));
    assert_string_equal(bare, "bucket/spilo/pg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket),   cmocka_unit_test(test_scope),
        cmocka_unit_test(test_suffix),   cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_region),   cmocka_unit_test(test_endpoint),
        cmocka_unit_test(test_timeline), cmocka_unit_test(test_long_text_is_cut),
        cmocka_unit_test(test_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
