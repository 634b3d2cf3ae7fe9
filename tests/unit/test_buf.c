#include "base/buf.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void is_empty_and_stays_failed_beyond_the_limit(void **state)
{
    (void)state;
    struct buf buf = BUF(4);
    buf_add(&buf, STR("abcd"));
    assert_false(buf.failed);
    assert_string_equal(buf.data, "abcd");
    buf_add_char(&buf, 'e');
    assert_true(buf.failed);
    assert_int_equal(buf.length, 0);
    buf_add_text(&buf, "a");
    buf_addf(&buf, "%d", 1);
    assert_null(buf_reserve(&buf, 0));
    assert_string_equal(buf_str(&buf).data, "");
    assert_null(buf_take(&buf));
    buf_clear(&buf);
    assert_false(buf.failed);
    assert_int_equal(buf.limit, 4);
}

static void formatted_text_keeps_to_the_limit(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf buf = BUF(299);
    buf_addf(&buf, "%0300d", 0);
    assert_true(buf.failed);
}

static void grows_up_to_the_limit(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf buf = BUF(1000);
    for (int i = 0; i < 1000; i++)
        buf_add_char(&buf, (char)('a' + i % 26));
    assert_false(buf.failed);
    assert_int_equal(buf.length, 1000);
    assert_int_equal(buf.size, 1001);
    assert_int_equal(buf.data[999], 'a' + 999 % 26);
    assert_int_equal(buf.data[1000], '\0');
}

static void adds_text_of_every_kind(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf buf = BUF(1000);
    buf_add(&buf, STR_NONE);
    assert_string_equal(buf.data, "");
    buf_add_text(&buf, "a");
    buf_addf(&buf, "%s-%d", "b", 2);
    assert_string_equal(buf.data, "ab-2");
    buf_addf(&buf, "%0400d", 7);
    assert_int_equal(buf.length, 404);
    assert_string_equal(buf.data + 401, "007");
    memcpy(buf_reserve(&buf, 3), "xyz", 4);
    buf.length += 3;
    assert_string_equal(buf.data + 403, "7xyz");
}

static void escapes_json(void **state)
{
    (void)state;
    cleanup(buf_clear) struct buf buf = BUF(1000);
    buf_add_json_string(&buf, STR("a\"b\\c\n\r\t\b\x1f\0z\xc3\xa9/\x7f"));
    assert_string_equal(buf.data, "\"a\\\"b\\\\c\\n\\r\\t\\u0008\\u001f\\u0000z\xc3\xa9/\x7f\"");
    buf_add_json_string(&buf, STR(""));
    assert_true(str_ends(buf_str(&buf), STR("\"\"\"")));
}

static void hands_its_content_over(void **state)
{
    (void)state;
    struct buf buf = BUF(10);
    autofree char *nothing = buf_take(&buf);
    assert_string_equal(nothing, "");
    buf_add_text(&buf, "text");
    autofree char *text = buf_take(&buf);
    assert_string_equal(text, "text");
    assert_null(buf.data);
    assert_int_equal(buf.limit, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_and_stays_failed_beyond_the_limit),
        cmocka_unit_test(formatted_text_keeps_to_the_limit),
        cmocka_unit_test(grows_up_to_the_limit),
        cmocka_unit_test(adds_text_of_every_kind),
        cmocka_unit_test(escapes_json),
        cmocka_unit_test(hands_its_content_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
