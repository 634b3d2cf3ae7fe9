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

static void refuses_what_is_no_base64(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "A",    "AAA",  "AA=A", "A===", "====", "AAA\n", "AA-_", "AA==AAAA", /* padding inside */
        "AB==", "AAB=", /* bits that no byte holds */
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cleanup(buf_clear) struct buf bytes = BUF(100);
        assert_false(base64_read(str_of(texts[i]), &bytes));
    }
}

static void decodes_no_more_than_the_limit(void **state)
{
    (void)state;
    struct buf bytes = BUF(2);
    assert_false(base64_read(STR("AAAA"), &bytes));
    assert_true(bytes.failed);
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

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cleanup(buf_clear) struct buf bytes = BUF(100);
        assert_true(base64_read(str_of(cases[i].text), &bytes));
        assert_true(str_equal(buf_str(&bytes), cases[i].bytes));
    }
}

static void decodes_every_byte_it_encodes(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char byte = (char)i;
        cleanup(buf_clear) struct buf text = BUF(4);
        cleanup(buf_clear) struct buf bytes = BUF(1);
        base64_add(&text, (struct str){&byte, 1});
        assert_true(base64_read(buf_str(&text), &bytes));
        assert_true(str_equal(buf_str(&bytes), (struct str){&byte, 1}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_the_limit),
        cmocka_unit_test(refuses_what_is_no_base64),
        cmocka_unit_test(decodes_no_more_than_the_limit),
        cmocka_unit_test(encodes),
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_every_byte_it_encodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
