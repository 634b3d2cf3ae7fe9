#include "patches/variables.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_sorted(void **state)
{
    (void)state;
    size_t count;
    const struct variable *table = variables(&count);
    assert_int_equal(count, 104); /* every name of the groups that spilo reads */
    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(variable_find(str_of(table[i].name)), &table[i]);
        assert_true(strlen(table[i].meaning) > 0);
        if (i)
            assert_true(strcmp(table[i - 1].name, table[i].name) < 0);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "CLONE_",
        "USEWALG_RESTORE",          /* a spelling that nobody reads */
        "CLONE_AWS_DEFAULT_REGION", /* ignored for certain */
        "CLONE_AWS_SESSION_TOKEN",
        "CLONE_AWS_CA_BUNDLE",
        "CLONE_USE_OLD_LOCALES", /* read without CLONE_ only */
        "CLONE_BACKUP_SCHEDULE",
        "CLONE_CLONE_METHOD",
        "METHOD", /* read with CLONE_ only */
        "TARGET_TIME",
        "STANDBY_HOST",
        "AWS_REGIO",
        "AWS_REGIONS",
        "aws_region",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_null(variable_find(str_of(names[i])));
}

static void test_found(void **state)
{
    (void)state;
    const struct variable *region = variable_find(STR("AWS_REGION"));
    assert_string_equal(region->name, "AWS_REGION");
    assert_ptr_equal(variable_find(STR("CLONE_AWS_REGION")), region);
    assert_ptr_equal(variable_find(STR("CLONE_no_proxy")), variable_find(STR("no_proxy")));
    assert_int_equal(variable_find(STR("CLONE_METHOD"))->prefix, VARIABLE_CLONE_ONLY);
    assert_int_equal(variable_find(STR("USE_OLD_LOCALES"))->prefix, VARIABLE_OWN_ONLY);
    assert_string_equal(variable_find(STR("CLONE_TARGET_TIMELINE"))->since, "2.1-p6");
    assert_string_equal(variable_find(STR("CLONE_AWS_ROLE_ARN"))->since, "2.1-p7");
}

/* What a name is set to where it cannot be removed; empty unless spilo takes that for a value. */
static void test_neutral(void **state)
{
    (void)state;
    size_t count;
    const struct variable *table = variables(&count);
    for (size_t i = 0; i < count; i++) {
        const char *expected = "";
        if (strcmp(table[i].name, "CLONE_TARGET_INCLUSIVE") == 0)
            expected = "true";
        if (strcmp(table[i].name, "CLONE_TARGET_TIMELINE") == 0)
            expected = "latest";
        if (strcmp(table[i].name, "CLONE_PORT") == 0)
            expected = "5432";
        if (strcmp(table[i].name, "CLONE_USE_WALG") == 0 ||
            strcmp(table[i].name, "USE_WALG_BACKUP") == 0)
            expected = "true"; /* what spilo sets for S3; without it an endpoint loses its region */
        assert_string_equal(table[i].neutral, expected);
    }
}

struct near {
    const char *name;
    bool clone;
    const char *nearest; /* NULL: none */
};

static void test_nearest(void **state)
{
    (void)state;
    static const struct near samples[] = {
        {"", true, NULL},
        {"X", true, NULL},
        {"CLONE_X", false, NULL},
        {"PATH", true, NULL},
        {"CLONE_QQQQQQQQQQQQQQQQ", true, NULL},
        {"CLONE_AWS_DEFAULT_REGION", true, "CLONE_AWS_REGION"},
        {"CLONE_SCOP", true, "CLONE_SCOPE"},
        {"CLONE_TARGET_TIM", true, "CLONE_TARGET_TIME"},
        {"TARGET_TIM", false, NULL},
        {"AWS_REGION", true, "CLONE_AWS_REGION"},
        {"USEWALG_RESTORE", false, "USE_WALG_RESTORE"},
        {"CLONE_USE_OLD_LOCALE", false, "USE_OLD_LOCALES"},
        {"BACKUP_SCHEDUL", false, "BACKUP_SCHEDULE"},
        {"BACKUP_SCHEDULE", true, NULL},
        {"CLONE_WALG_S3_PREFIX_", true, "CLONE_WALG_S3_PREFIX"},
    };
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        autofree char *found = variable_nearest(str_of(samples[i].name), samples[i].clone);
        if (samples[i].nearest)
            assert_string_equal(found, samples[i].nearest);
        else
            assert_null(found);
    }
}

static void test_secret(void **state)
{
    (void)state;
    static const char *const shown[] = {"",   "CLONE_SCOPE", "AWS_REGION",
                                        "KE", "PASS_WORD",   "WALG_S3_PREFIX"};
    static const char *const hidden[] = {
        "AWS_ACCESS_KEY_ID",   "CLONE_AWS_SECRET_ACCESS_KEY", "MY_TOKEN", "db_password", "Keyed",
        "SSH_PRIVATE_KEY_PATH"};
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        assert_false(variable_is_secret(str_of(shown[i])));
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        assert_true(variable_is_secret(str_of(hidden[i])));

    size_t count;
    const struct variable *table = variables(&count);
    for (size_t i = 0; i < count; i++)
        if (table[i].secret)
            assert_true(variable_is_secret(str_of(table[i].name)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),  cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_found),   cmocka_unit_test(test_neutral),
        cmocka_unit_test(test_nearest), cmocka_unit_test(test_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
