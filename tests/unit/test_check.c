#include "server/check.h"

#include "base/mem.h"
#include "server/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW 1795000000 /* 2026-11-18 */

#define RIGHT_DATA                                                                                 \
    "data: {CLONE_SCOPE: postgresql-harbor-harbor, CLONE_WAL_S3_BUCKET: backups, "                 \
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX: /uid, CLONE_AWS_REGION: eu-central-1}\n"
#define CONFIGMAP "kind: ConfigMap\nmetadata: {name: harbor-pg-restore, namespace: harbor}\n"

struct sample {
    const char *text;
    const char *lines;
    size_t mistakes, warnings;
};

static const struct sample samples[] = {
    {"", "f: no document in it\n", 1, 0},
    {"a: [", "f: line 2, column 1: did not find expected node content while parsing a flow node\n",
     1, 0},
    {CONFIGMAP RIGHT_DATA, "", 0, 0},
    {"{\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"harbor-pg-restore\"},\"data\":{"
     "\"CLONE_SCOPE\":\"a/b\",\"CLONE_WAL_S3_BUCKET\":\"s3://b\","
     "\"CLONE_WAL_BUCKET_SCOPE_SUFFIX\":\"\",\"CLONE_AWS_ACCESS_KEY_ID\":\"AKIA-canary\"}}",
     "f: ConfigMap default/harbor-pg-restore: data.CLONE_SCOPE: 'a/b' has a '/', expected the bare "
     "name of the source cluster\n"
     "f: ConfigMap default/harbor-pg-restore: data.CLONE_WAL_S3_BUCKET: 's3://b' has a scheme, "
     "expected the bare name of the bucket\n"
     "f: ConfigMap default/harbor-pg-restore: data.CLONE_AWS_REGION is missing\n"
     "f: ConfigMap default/harbor-pg-restore: data.CLONE_AWS_ACCESS_KEY_ID is a secret: it belongs "
     "in Secret 'harbor-pg-restore'\n",
     4, 0},
    {"kind: List\nitems:\n- kind: Secret\n  metadata: {name: s}\n- 5\n- kind: ConfigMap\n"
     "  metadata: {name: other}\n",
     "f: skipped: Secret default/s: not a ConfigMap\n"
     "f: skipped: (no kind) default/(no name): not a ConfigMap\n"
     "f: skipped: ConfigMap default/other: not a restore ConfigMap by its name or label\n",
     0, 0},
    {CONFIGMAP "data: {\"a\\0\": x}\n",
     "f: line 3, column 8: a key that is not text (write it in quotes)\n", 1, 0},
    {CONFIGMAP RIGHT_DATA "other: \"a\\0\"\n---\n" CONFIGMAP RIGHT_DATA
                          "immutable: true\n---\nkind: \"a\\nb\"\n",
     "f: ConfigMap harbor/harbor-pg-restore: as compact JSON: byte 246: '\\u0000' in a string\n"
     "f: skipped: a?b default/(no name): not a ConfigMap\n",
     1, 0},
};

static void test_manifests(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct config *config = config_load(NULL, NOW, &mistakes);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct buf lines = BUF(65536);
        struct check_report report = {.lines = &lines};
        check_manifests("f", str_of(samples[i].text), config->policy, NOW, &report);
        assert_string_equal(buf_str(&lines).data, samples[i].lines);
        assert_int_equal(report.mistakes, samples[i].mistakes);
        assert_int_equal(report.warnings, samples[i].warnings);
        buf_clear(&lines);
    }
    config_unref(config);
}

static void test_warnings(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct config *config = config_load(NULL, NOW, &mistakes);
    struct buf lines = BUF(65536);
    struct check_report report = {.lines = &lines};
    check_manifests("f",
                    STR("kind: ConfigMap\nmetadata: {name: harbor-pg-restore}\n"
                        "data: {CLONE_SCOPE: a, CLONE_WAL_S3_BUCKET: backups, CLONE_AWS_REGION: x, "
                        "CLONE_WAL_BUCKET_SCOPE_SUFFIX: /uid, CLONE_AWS_DEFAULT_REGION: x}\n"),
                    config->policy, NOW, &report);
    assert_string_equal(lines.data,
                        "f: warning: ConfigMap default/harbor-pg-restore: "
                        "data.CLONE_AWS_DEFAULT_REGION is a name that spilo does not read, did you "
                        "mean 'CLONE_AWS_REGION'\n");
    assert_int_equal(report.mistakes, 0);
    assert_int_equal(report.warnings, 1);
    buf_clear(&lines);
    config_unref(config);
}

static void test_profiles(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct config *config =
        config_parse("f", STR("restoreProfiles: {enabled: {ownArchive: maybe}}"), NOW, &mistakes);
    struct buf lines = BUF(65536);
    struct check_report report = {.lines = &lines};
    check_profiles("f", config->policy, &report);
    assert_string_equal(lines.data,
                        "f: restoreProfiles.enabled.ownArchive: 'maybe' is not 'verified' or "
                        "empty\n");
    assert_int_equal(report.mistakes, 1);
    buf_clear(&lines);
    config_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifests),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
