#include "patches/pointer.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void refuse(const char *text, const char *expected)
{
    struct error err = {""};
    cleanup(buf_clear) struct buf token = BUF(8);
    struct str pointer = str_of(text);
    assert_false(pointer_next(&pointer, &token, &err));
    assert_string_equal(err.text, expected);
    assert_null(pointer.data);
}

static void refuses_what_is_no_pointer(void **state)
{
    (void)state;
    refuse("spec", "'spec' does not begin with '/'");
    refuse("/a~2/b", "'~' in 'a~2' is not followed by 0 or 1");
    refuse("/a~", "'~' in 'a~' is not followed by 0 or 1");
    refuse("/~/0", "'~' in '~' is not followed by 0 or 1");
    refuse("/123456789", "a token of 9 bytes, more than 8");
}

static void takes_tokens_off(void **state)
{
    (void)state;
    struct error err = {""};
    cleanup(buf_clear) struct buf token = BUF(100);
    struct str pointer = STR("/metadata/a~1b~0~01//-");
    const char *expected[] = {"metadata", "a/b~~1", "", "-"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(pointer_next(&pointer, &token, &err));
        assert_string_equal(buf_str(&token).data, expected[i]);
    }
    assert_false(pointer_next(&pointer, &token, &err));
    assert_non_null(pointer.data);
    assert_string_equal(err.text, "");
}

static void writes_tokens(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf pointer = BUF(100);
    pointer_add(&pointer, STR("harbor-pg-webhook/patched~1"));
    pointer_add(&pointer, STR(""));
    pointer_add_index(&pointer, 12);
    assert_string_equal(pointer.data, "/harbor-pg-webhook~1patched~01//12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_pointer),
        cmocka_unit_test(takes_tokens_off),
        cmocka_unit_test(writes_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
