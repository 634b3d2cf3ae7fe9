#include "server/archive/place.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void paths_that_spilo_does_not_make_have_no_scope(void **state)
{
    (void)state;
    static const char *const paths[] = {"",
                                        "wal",
                                        "wal/15",
                                        "spilo/wal/15",
                                        "spilo//wal/15",
                                        "spilo/c/wal",
                                        "spilo/c/15",
                                        "spilo/c/wal/x",
                                        "spilo/c/wal/1500",
                                        "backups/spilo/c/wal/15",
                                        "spilo/c d/wal/15",
                                        "spilo/c/u u/wal/15",
                                        "c/wal/15"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct archive_place place = {0};
        place_read(&place, STR("b"), str_of(paths[i]));
        if (place.scope.data)
            fail_msg("'%s' has scope '%.*s'", paths[i], STR_ARG(place.scope));
        assert_false(place_fits_configmap(&place));
    }
}

static void both_layouts_are_read_backwards(void **state)
{
    (void)state;
    static const struct {
        const char *path, *scope, *suffix, *version;
    } rows[] = {
        {"spilo/c/99e8/wal/15", "c", "/99e8", "15"},
        {"spilo/ns-c/wal/9", "ns-c", "", "9"},
        {"spilo/c/99e8/more/wal/15", "c", "/99e8/more", "15"},
        {"spilo/wal/wal/15", "wal", "", "15"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct archive_place place = {.region = STR("r"), .endpoint = STR("")};
        place_read(&place, STR("b"), str_of(rows[i].path));
        assert_true(str_is(place.scope, rows[i].scope));
        assert_true(str_is(place.suffix, rows[i].suffix));
        assert_true(str_is(place.version, rows[i].version));
        assert_true(place_fits_configmap(&place));
        place.endpoint = STR("http://e");
        assert_false(place_fits_configmap(&place));
    }
}

static void check(const char *path, const char *region, const char *endpoint, const char *yaml,
                  const char *json)
{
    struct buf out = BUF(65536);
    struct archive_place place = {.region = str_of(region), .endpoint = str_of(endpoint)};
    place_read(&place, STR("b-1"), str_of(path));
    place_yaml(&place, &out);
    assert_string_equal(buf_str(&out).data, yaml);
    buf_clear(&out);
    place_json(&place, &out);
    assert_string_equal(buf_str(&out).data, json);
    buf_clear(&out);
}

#define CREDENTIALS                                                                                \
    "    credentials:\n"                                                                           \
    "      secret: {name: harbor-pg-restore, accessKeyId: CLONE_AWS_ACCESS_KEY_ID, "               \
    "secretAccessKey: CLONE_AWS_SECRET_ACCESS_KEY}\n"

static void what_is_not_known_is_left_to_be_filled_in(void **state)
{
    (void)state;
    check("spilo/ns-c/wal/12", "", "",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: harbor-pg-restore}\ndata:\n"
          "  CLONE_SCOPE: \"ns-c\"\n"
          "  CLONE_WAL_S3_BUCKET: \"b-1\"\n"
          "  CLONE_WAL_BUCKET_SCOPE_SUFFIX: \"\"\n"
          "  CLONE_AWS_REGION: \"\"   # fill in: the bucket's region\n",
          "\"configMap\":{\"CLONE_SCOPE\":\"ns-c\",\"CLONE_WAL_S3_BUCKET\":\"b-1\","
          "\"CLONE_WAL_BUCKET_SCOPE_SUFFIX\":\"\",\"CLONE_AWS_REGION\":\"\"},\"profile\":null");
}

static void a_configmap_says_it_all(void **state)
{
    (void)state;
    check("spilo/c/99e8/wal/15", "eu-central-1", "",
          "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: harbor-pg-restore}\ndata:\n"
          "  CLONE_SCOPE: \"c\"\n"
          "  CLONE_WAL_S3_BUCKET: \"b-1\"\n"
          "  CLONE_WAL_BUCKET_SCOPE_SUFFIX: \"/99e8\"\n"
          "  CLONE_AWS_REGION: \"eu-central-1\"\n",
          "\"configMap\":{\"CLONE_SCOPE\":\"c\",\"CLONE_WAL_S3_BUCKET\":\"b-1\","
          "\"CLONE_WAL_BUCKET_SCOPE_SUFFIX\":\"/99e8\",\"CLONE_AWS_REGION\":\"eu-central-1\"},"
          "\"profile\":null");
}

static void an_endpoint_or_another_path_needs_a_profile(void **state)
{
    (void)state;
    check(
        "spilo/c/99e8/wal/15", "r", "http://e",
        "restoreProfiles:\n  found:\n    s3:\n      bucket: \"b-1\"\n      scope: \"c\"\n"
        "      suffix: \"/99e8\"\n      region: \"r\"\n      endpoint: \"http://e\"\n" CREDENTIALS,
        "\"configMap\":null,\"profile\":{\"s3\":{\"bucket\":\"b-1\",\"scope\":\"c\","
        "\"suffix\":\"/99e8\",\"region\":\"r\",\"endpoint\":\"http://e\"}}");
    check("x/spilo/c/wal/15", "r", "",
          "restoreProfiles:\n  found:\n    s3:\n      prefix: \"s3://b-1/x/spilo/c/wal\"\n"
          "      region: \"r\"\n" CREDENTIALS,
          "\"configMap\":null,\"profile\":{\"s3\":{\"prefix\":\"s3://b-1/x/spilo/c/wal\","
          "\"region\":\"r\"}}");
    check("x/y", "", "",
          "restoreProfiles:\n  found:\n    s3:\n      prefix: \"s3://b-1/x/y\"\n"
          "      region: \"\"   # fill in: the bucket's region\n" CREDENTIALS,
          "\"configMap\":null,\"profile\":{\"s3\":{\"prefix\":\"s3://b-1/x/y\",\"region\":\"\"}}");
}

static void a_number_is_a_version_only_below_wal(void **state)
{
    (void)state;
    check("15", "r", "",
          "restoreProfiles:\n  found:\n    s3:\n      prefix: \"s3://b-1/15\"\n"
          "      region: \"r\"\n" CREDENTIALS,
          "\"configMap\":null,\"profile\":{\"s3\":{\"prefix\":\"s3://b-1/15\",\"region\":\"r\"}}");
    check("wal/15", "r", "",
          "restoreProfiles:\n  found:\n    s3:\n      prefix: \"s3://b-1/wal\"\n"
          "      region: \"r\"\n" CREDENTIALS,
          "\"configMap\":null,\"profile\":{\"s3\":{\"prefix\":\"s3://b-1/wal\",\"region\":\"r\"}}");
}

static void a_bucket_that_is_not_known_is_left_to_be_filled_in(void **state)
{
    (void)state;
    struct buf out = BUF(65536);
    struct archive_place place = {.region = STR("r"), .endpoint = STR("")};
    place_read(&place, STR(""), STR("spilo/c/wal/15"));
    place_yaml(&place, &out);
    assert_true(str_find(buf_str(&out),
                         STR("  CLONE_WAL_S3_BUCKET: \"\"   # fill in: the bucket's name\n")) > 0);
    buf_clear(&out);
    place_read(&place, STR(""), STR(""));
    place_yaml(&place, &out);
    assert_true(str_find(buf_str(&out),
                         STR("  prefix: \"\"   # fill in: s3://BUCKET/.../wal, without")) > 0);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_spilo_does_not_make_have_no_scope),
        cmocka_unit_test(both_layouts_are_read_backwards),
        cmocka_unit_test(what_is_not_known_is_left_to_be_filled_in),
        cmocka_unit_test(a_configmap_says_it_all),
        cmocka_unit_test(an_endpoint_or_another_path_needs_a_profile),
        cmocka_unit_test(a_number_is_a_version_only_below_wal),
        cmocka_unit_test(a_bucket_that_is_not_known_is_left_to_be_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
