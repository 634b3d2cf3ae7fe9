#include "patches/doc.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* Texts that are refused, and what the error says. */
static const struct {
    struct str text;
    const char *error;
} refused[] = {
    {STR(""), "byte 0: the text ends, expected an object or an array"},
    {STR(" \n"), "byte 2: the text ends, expected an object or an array"},
    {STR("\"x\""), "byte 0: found '\"', expected an object or an array"},
    {STR("1"), "byte 0: found '1', expected an object or an array"},
    {STR("\xef\xbb\xbf[]"), "byte 0: found 0xef, expected an object or an array"},
    {STR("{} x"), "byte 3: found 'x', expected the end of the text"},
    {STR("[]\0"), "byte 2: found 0x00, expected the end of the text"},
    {STR("["), "byte 1: the text ends, expected a value"},
    {STR("[1,]"), "byte 3: found ']', expected a value"},
    {STR("[1 2]"), "byte 3: found '2', expected ',' or ']'"},
    {STR("[1}"), "byte 2: found '}', expected ',' or ']'"},
    {STR("[[]"), "byte 3: the text ends, expected ',' or ']'"},
    {STR("[1\0]"), "byte 2: found 0x00, expected ',' or ']'"},
    {STR("[\xff]"), "byte 1: found 0xff, expected a value"},
    {STR("{1:2}"), "byte 1: found '1', expected a key"},
    {STR("{\"a\":1,}"), "byte 7: found '}', expected a key"},
    {STR("{\"a\" 1}"), "byte 5: found '1', expected ':'"},
    {STR("{\"a\":}"), "byte 5: found '}', expected a value"},
    {STR("{\"a\":1"), "byte 6: the text ends behind a number"},
    {STR("{\"a\":[]"), "byte 7: the text ends, expected ',' or '}'"},
    {STR("{\"a\":[]]"), "byte 7: found ']', expected ',' or '}'"},
    {STR("[nul]"), "byte 1: found 'n', expected a value"},
    {STR("[tru"), "byte 1: found 't', expected a value"},
    {STR("[falsey]"), "byte 6: found 'y', expected ',' or ']'"},
    {STR("[-]"), "byte 2: found ']', expected a digit"},
    {STR("[01]"), "byte 1: a number with a leading zero"},
    {STR("[-00]"), "byte 1: a number with a leading zero"},
    {STR("[1.]"), "byte 3: found ']', expected a digit"},
    {STR("[1.x]"), "byte 3: found 'x', expected a digit"},
    {STR("[1e]"), "byte 3: found ']', expected a digit"},
    {STR("[1E+]"), "byte 4: found ']', expected a digit"},
    {STR("[1.5e"), "byte 5: the text ends, expected a digit"},
    {STR("[12"), "byte 3: the text ends behind a number"},
    {STR("[9223372036854775808]"), "byte 1: an integer beyond 64 bits"},
    {STR("[-9223372036854775809]"), "byte 1: an integer beyond 64 bits"},
    {STR("[18446744073709551616]"), "byte 1: an integer beyond 64 bits"},
    {STR("[1e309]"), "byte 1: a number that is too large"},
    {STR("[-1.8e308]"), "byte 1: a number that is too large"},
    {STR("[\"abc"), "byte 5: the text ends inside a string"},
    {STR("[\"abc\\"), "byte 6: the text ends inside a string"},
    {STR("[\"a\nb\"]"), "byte 3: a control character in a string"},
    {STR("[\"a\0b\"]"), "byte 3: a control character in a string"},
    {STR("[\"0123456789abcdef\x1f\"]"), "byte 18: a control character in a string"},
    {STR("[\"\\x\"]"), "byte 2: an unknown escape in a string"},
    {STR("[\"\\\0\"]"), "byte 2: an unknown escape in a string"},
    {STR("[\"\\u12\"]"), "byte 2: '\\u' without four hexadecimal digits"},
    {STR("[\"\\u12g4\"]"), "byte 2: '\\u' without four hexadecimal digits"},
    {STR("[\"\\u"), "byte 2: '\\u' without four hexadecimal digits"},
    {STR("[\"\\u0000\"]"), "byte 2: '\\u0000' in a string"},
    {STR("{\"\\u0000\":1}"), "byte 2: '\\u0000' in a string"},
    {STR("[\"\\ud800\"]"), "byte 2: a surrogate without its other half"},
    {STR("[\"\\ud800\\ud800\"]"), "byte 2: a surrogate without its other half"},
    {STR("[\"\\ud800\\n\"]"), "byte 2: a surrogate without its other half"},
    {STR("[\"\\ud800\\u0041\"]"), "byte 2: a surrogate without its other half"},
    {STR("[\"\\udc00\"]"), "byte 2: a surrogate without its other half"},
    {STR("[\"\x80\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xc0\xaf\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xc3x\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xe0\x9f\xbf\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xed\xa0\x80\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xf0\x8f\xbf\xbf\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xf4\x90\x80\x80\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xf5\x80\x80\x80\"]"), "byte 2: what is not UTF-8"},
    {STR("[\"\xe2\x82"), "byte 2: what is not UTF-8"},
    {STR("{\"env\":1,\"env\":2}"), "byte 9: duplicate key 'env'"},
    {STR("{\"env\":1,\"b\":2,\"\\u0065nv\":3}"), "byte 15: duplicate key '\\u0065nv'"},
    {STR("{\"\":1,\"\":2}"), "byte 6: duplicate key ''"},
    {STR("{\"managedFields\":{\"a\":1,\"a\":2}}"), "byte 24: duplicate key 'a'"},
    {STR("{\"managedFields\":[1,]}"), "byte 20: found ']', expected a value"},
    {STR("[[[[1]]]]"), "byte 4: nested deeper than 4 levels"},
    {STR("[[[[[]]]]]"), "byte 4: nested deeper than 4 levels"},
};

static void refuses_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct error err = {""};
        struct doc *doc = NULL;
        assert_false(doc_read(refused[i].text, 4, &doc, &err));
        assert_string_equal(err.text, refused[i].error);
        assert_null(doc);
    }
}

static void cuts_a_long_duplicate_key_at_a_character(void **state)
{
    (void)state;
    struct error err;
    struct doc *doc = NULL;
    struct buf text = BUF(4096);
    buf_add_text(&text, "{");
    for (int i = 0; i < 2; i++)
        buf_addf(&text, "%s\"%063d\xc3\xa9 and more\":1", i ? "," : "", 0);
    buf_add_text(&text, "}");
    assert_false(doc_read(buf_str(&text), 4, &doc, &err));
    char expected[128];
    snprintf(expected, sizeof(expected), "byte 80: duplicate key '%063d'", 0);
    assert_string_equal(err.text, expected);
    buf_clear(&text);
}

static void refuses_a_text_that_is_too_large(void **state)
{
    (void)state;
    struct error err;
    struct doc *doc = NULL;
    struct str text = {"", (size_t)DOC_TEXT_MAX + 1};
    assert_false(doc_read(text, 4, &doc, &err));
    assert_string_equal(err.text, "268435457 bytes, more than 268435456");
}

/* An object with `count` keys, and one more that repeats `again` when it is not negative. */
static struct doc *many_keys(struct buf *text, size_t count, long again, struct error *err)
{
    struct doc *doc = NULL;
    for (size_t i = 0; i < count; i++)
        buf_addf(text, "%c\"a common start %zu and end\":%zu", i ? ',' : '{', i, i);
    if (again >= 0)
        buf_addf(text, ",\"a common start %ld and end\":0", again);
    buf_add_text(text, "}");
    err->text[0] = '\0';
    return doc_read(buf_str(text), 4, &doc, err) ? doc : NULL;
}

static void finds_a_duplicate_among_many_keys(void **state)
{
    (void)state;
    const size_t counts[] = {1, 16, 63, 64, 65, 66, 1000, 100000};
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct error err;
        struct buf text = BUF(16u << 20);
        struct doc *doc = many_keys(&text, counts[i], -1, &err);
        assert_string_equal(err.text, "");
        assert_int_equal(value_count(doc_root(doc)), counts[i]);
        doc_free(doc);
        buf_clear(&text);

        doc = many_keys(&text, counts[i], (long)counts[i] / 2, &err);
        assert_null(doc);
        struct str found = str_of(err.text);
        char expected[64];
        snprintf(expected, sizeof(expected), "duplicate key 'a common start %zu and end'",
                 counts[i] / 2);
        assert_true(str_ends(found, str_of(expected)));
        unsigned long place;
        place = strtoul(err.text + strlen("byte "), NULL, 10);
        assert_true(text.length - place < 50);
        buf_clear(&text);
    }
}

/* Keys whose hashes are equal: only their middles differ, or lengths that the first byte hides. */
static void tells_many_similar_keys_apart(void **state)
{
    (void)state;
    struct error err;
    struct buf text = BUF(1u << 20);
    for (int i = 0; i < 200; i++)
        buf_addf(&text, "%c\"12345678%04d12345678\":0", i ? ',' : '{', i);
    buf_add_text(&text, ",\"a2345678-12345678\":0,\"b2345678--12345678\":0}");
    cleanup(doc_cleanup) struct doc *doc = NULL;
    assert_true(doc_read(buf_str(&text), 4, &doc, &err));
    assert_int_equal(value_count(doc_root(doc)), 202);
    buf_clear(&text);
}

static struct doc *read_text(const char *text)
{
    struct error err = {""};
    struct doc *doc = NULL;
    if (!doc_read(str_of(text), DOC_DEPTH_MAX, &doc, &err))
        fail_msg("%s: %s", text, err.text);
    return doc;
}

static void assert_str(struct str found, const char *expected)
{
    if (!str_is(found, expected))
        fail_msg("found '%.*s', expected '%s'", STR_ARG(found), expected);
}

static void accepts_the_largest_numbers(void **state)
{
    (void)state;
    struct doc *doc = read_text("[9223372036854775807,-9223372036854775808,-0,0.0,1e-400,"
                                "1.7976931348623157e308, 12E+3 ]");
    assert_int_equal(value_count(doc_root(doc)), 7);
    struct value each = value_first(doc_root(doc));
    assert_str(value_raw(each), "9223372036854775807");
    each = value_next(each);
    assert_str(value_raw(each), "-9223372036854775808");
    assert_int_equal(value_type(each), VALUE_NUMBER);
    doc_free(doc);
}

static void decodes_escapes(void **state)
{
    (void)state;
    cleanup(doc_cleanup) struct doc *doc =
        read_text("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"a\\u0041\\u00e9\\u20aC\\uD83d\\uDe00 and a "
                  "long tail that is plain\",\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\"\"]");
    struct value each = value_first(doc_root(doc));
    assert_str(value_text(each), "\"\\/\b\f\n\r\t");
    each = value_next(each);
    assert_str(value_text(each),
               "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and a long tail that is plain");
    each = value_next(each);
    assert_str(value_text(each), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    each = value_next(each);
    assert_str(value_text(each), "");
}

static void checks_managed_fields_without_keeping_them(void **state)
{
    (void)state;
    cleanup(doc_cleanup) struct doc *doc =
        read_text("{\"managedFields\":[{\"k:{\\\"a\\\":1}\":{}}],\"name\":\"a\\nb\","
                  "\"inner\":{\"managedFields\":\"text\"}}");
    struct value fields = value_get(doc_root(doc), "managedFields");
    assert_int_equal(value_type(fields), VALUE_SKIPPED);
    assert_true(value_present(fields));
    assert_str(value_raw(fields), "[{\"k:{\\\"a\\\":1}\":{}}]");
    assert_null(value_first(fields).doc);
    assert_int_equal(value_count(fields), 0);
    assert_str(value_text(value_next(fields)), "a\nb");
    assert_str(value_text(value_at(doc_root(doc), "inner.managedFields")), "text");
}

/* Text around the steps of the scanner for strings, which takes sixteen bytes at once. */
static void scans_strings_of_every_length(void **state)
{
    (void)state;
    char text[256];
    char plain[65];
    for (int length = 0; length < 64; length++) {
        memset(plain, 'x', sizeof(plain));
        plain[length] = '\0';
        snprintf(text, sizeof(text), "[\"%s\",\"%s\\n\"]", plain, plain);
        cleanup(doc_cleanup) struct doc *doc = read_text(text);
        struct value each = value_first(doc_root(doc));
        assert_str(value_text(each), plain);
        plain[length] = '\n';
        plain[length + 1] = '\0';
        assert_str(value_text(value_next(each)), plain);
    }
}

static void accepts_the_deepest_text(void **state)
{
    (void)state;
    char text[2 * DOC_DEPTH_MAX + 1] = "";
    memset(text, '[', DOC_DEPTH_MAX);
    memset(text + DOC_DEPTH_MAX, ']', DOC_DEPTH_MAX);
    cleanup(doc_cleanup) struct doc *doc = read_text(text);
    assert_int_equal(value_count(doc_root(doc)), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_wrong),
        cmocka_unit_test(cuts_a_long_duplicate_key_at_a_character),
        cmocka_unit_test(refuses_a_text_that_is_too_large),
        cmocka_unit_test(finds_a_duplicate_among_many_keys),
        cmocka_unit_test(tells_many_similar_keys_apart),
        cmocka_unit_test(accepts_the_largest_numbers),
        cmocka_unit_test(decodes_escapes),
        cmocka_unit_test(checks_managed_fields_without_keeping_them),
        cmocka_unit_test(scans_strings_of_every_length),
        cmocka_unit_test(accepts_the_deepest_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
