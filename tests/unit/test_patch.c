#include "patches/patch.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void stays_failed_beyond_the_limit(void **state)
{
    (void)state;
    struct buf text = BUF(40);
    struct patch patch;
    patch_open(&patch, &text);
    patch_add(&patch, STR("/a"), STR("1"));
    patch_add(&patch, STR("/b"), STR("2"));
    patch_close(&patch);
    assert_true(text.failed);
    assert_int_equal(text.length, 0);
}

static void fails_with_a_value_that_did_not_fit(void **state)
{
    (void)state;
    struct buf text = BUF(1000);
    struct patch patch;
    patch_open(&patch, &text);
    patch_add(&patch, STR("/a"), STR("1"));
    patch_add(&patch, STR("/b"), STR(""));
    patch_close(&patch);
    assert_true(text.failed);
    assert_int_equal(text.length, 0);
}

static void is_empty_without_operations(void **state)
{
    (void)state;
    struct buf text = BUF(40);
    struct patch patch;
    patch_open(&patch, &text);
    patch_close(&patch);
    assert_int_equal(text.length, 0);
    assert_null(text.data);
}

static void writes_operations_in_order(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf text = BUF(1000);
    struct patch patch;
    patch_open(&patch, &text);
    patch_replace(&patch, STR("/spec/env/0/value"), STR("\"x\""));
    patch_add(&patch, STR("/metadata/annotations/a~1\"b"), STR("{\"c\":[1]}"));
    patch_remove(&patch, STR("/spec/env/7"));
    patch_close(&patch);
    assert_int_equal(patch.operations, 3);
    assert_string_equal(text.data,
                        "[{\"op\":\"replace\",\"path\":\"/spec/env/0/value\",\"value\":\"x\"},"
                        "{\"op\":\"add\",\"path\":\"/metadata/annotations/a~1\\\"b\","
                        "\"value\":{\"c\":[1]}},{\"op\":\"remove\",\"path\":\"/spec/env/7\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_failed_beyond_the_limit),
        cmocka_unit_test(fails_with_a_value_that_did_not_fit),
        cmocka_unit_test(is_empty_without_operations),
        cmocka_unit_test(writes_operations_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
