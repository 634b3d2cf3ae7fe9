#include "base/base64.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void keeps_to_the_limit(void **state)
{
    (void)state;
    struct buf buf = BUF(7);
    base64_add(&buf, STR("foob"));
    assert_true(buf.failed);
}

static const struct {
    struct str bytes;
    const char *text;
} cases[] = {
    /* RFC 4648 10 */
    {STR(""), ""},
    {STR("f"), "Zg=="},
    {STR("fo"), "Zm8="},
    {STR("foo"), "Zm9v"},
    {STR("foob"), "Zm9vYg=="},
    {STR("fooba"), "Zm9vYmE="},
    {STR("foobar"), "Zm9vYmFy"},
    {STR("\xff\xfe\xfd\0"), "//79AA=="},
    {STR("\xfb\xff"), "+/8="},
};

static void encodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup(buf_clear) struct buf buf = BUF(100);
        buf_add_char(&buf, '>');
        base64_add(&buf, cases[i].bytes);
        assert_string_equal(buf.data + 1, cases[i].text);
        assert_int_equal(buf.length, 1 + strlen(cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_the_limit),
        cmocka_unit_test(encodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
