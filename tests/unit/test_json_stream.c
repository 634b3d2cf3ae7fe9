#include "server/archive/json_stream.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *const names[] = {"{",    "}",      "[",    "]",     "key",
                                    "text", "number", "true", "false", "null"};

static void write_token(void *context, const struct json_token *token)
{
    struct buf *out = context;
    buf_addf(out, "%u%s", token->depth, names[token->kind]);
    if (token->kind >= JSON_TOKEN_KEY && token->kind <= JSON_TOKEN_NUMBER)
        buf_addf(out, "(%.*s%s)", STR_ARG(token->text), token->cut ? "..." : "");
    buf_add_char(out, ' ');
}

/* Feeds the text in pieces of `size` bytes; the tokens are added to `out`. */
static bool read_in(struct str text, size_t size, struct buf *out, struct error *err)
{
    struct json_stream json;
    json_stream_begin(&json, write_token, out);
    while (text.length) {
        struct str piece = {text.data, text.length < size ? text.length : size};
        if (!json_stream_feed(&json, piece, err))
            return false;
        text = str_skip(text, piece.length);
    }
    return json_stream_end(&json, err);
}

static void what_is_no_json(void **state)
{
    (void)state;
#define NO "is no JSON: "
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"", "is empty"},
        {" ", "is cut off: its JSON is not complete after 1 bytes"},
        {"{", "is cut off: its JSON is not complete after 1 bytes"},
        {"[1,", "is cut off: its JSON is not complete after 3 bytes"},
        {"\"a", "is cut off: its JSON is not complete after 2 bytes"},
        {"tru", "is cut off: its JSON is not complete after 3 bytes"},
        {"{} {", NO "byte 3 is '{', expected nothing more"},
        {"x", NO "byte 0 is 'x', expected a value"},
        {"\x01", NO "byte 0 is 0x01, expected a value"},
        {"\xff", NO "byte 0 is 0xff, expected a value"},
        {"]", NO "byte 0 is ']', expected a value"},
        {"[,", NO "byte 1 is ',', expected a value or ']'"},
        {"[1,]", NO "byte 3 is ']', expected a value"},
        {"[1}", NO "byte 2 is '}', expected ',' or the end of the container"},
        {"[1 2]", NO "byte 3 is '2', expected ',' or the end of the container"},
        {"{1", NO "byte 1 is '1', expected a key or '}'"},
        {"{]", NO "byte 1 is ']', expected a key or '}'"},
        {"{\"a\" 1", NO "byte 5 is '1', expected ':'"},
        {"{\"a\":}", NO "byte 5 is '}', expected a value"},
        {"{\"a\":1,}", NO "byte 7 is '}', expected a key"},
        {"{\"a\":1]", NO "byte 6 is ']', expected ',' or the end of the container"},
        {"trux", NO "byte 3 is in no true, false or null"},
        {"nul ", NO "byte 3 is in no true, false or null"},
        {"\"a\nb\"", NO "byte 2 is a control character in a text"},
        {"\"\\x\"", NO "byte 2 ends an escape that there is not"},
        {"\"\\u12g4\"", NO "byte 5 is no hexadecimal digit"},
        {"[01]", NO "before byte 3 is no number"},
        {"[-]", NO "before byte 2 is no number"},
        {"[1.]", NO "before byte 3 is no number"},
        {"[1.x]", NO "before byte 3 is no number"},
        {"[1e]", NO "before byte 3 is no number"},
        {"[1e+]", NO "before byte 4 is no number"},
        {"[1e5.]", NO "before byte 5 is no number"},
        {"[1-1]", NO "before byte 4 is no number"},
        {"1.", NO "before byte 2 is no number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t size = 1; size < 4; size++) {
            struct buf out = BUF(4096);
            struct error err = {""};
            if (read_in(str_of(cases[i].text), size, &out, &err))
                fail_msg("'%s' is taken for JSON", cases[i].text);
            assert_string_equal(err.text, cases[i].error);
            buf_clear(&out);
        }
}

static void tokens(void **state)
{
    (void)state;
    static const struct {
        const char *text, *tokens;
    } cases[] = {
        {"{}", "0{ 0} "},
        {" [ ] ", "0[ 0] "},
        {"7", "0number(7) "},
        {"\"\"", "0text() "},
        {"[true,false,null]", "0[ 1true 1false 1null 0] "},
        {"[-0,1.5,2E+10,3e-1,4e1]",
         "0[ 1number(-0) 1number(1.5) 1number(2E+10) 1number(3e-1) 1number(4e1) 0] "},
        {"{\"a\":{\"b\":[\"c\"]},\"d\":1}",
         "0{ 1key(a) 1{ 2key(b) 2[ 3text(c) 2] 1} 1key(d) 1number(1) 0} "},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "0text(\"\\/\b\f\n\r\t) "},
        {"\"\\u0041\\u00e9\\u20AC\"", "0text(A\xc3\xa9\xe2\x82\xac) "},
        {"\"\\ud83d\\ude00\"", "0text(\xf0\x9f\x98\x80) "},
        {"\"\\ud83dx\\ude00\"", "0text(\xef\xbf\xbdx\xef\xbf\xbd) "},
        {"\"\\ud83d\\n\\ude00\"", "0text(\xef\xbf\xbd\n\xef\xbf\xbd) "},
        {"\"\\ud83d\\ud83d\\ude00\"", "0text(\xef\xbf\xbd\xf0\x9f\x98\x80) "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t size = 1; size < 5; size++) {
            struct buf out = BUF(4096);
            struct error err = {""};
            if (!read_in(str_of(cases[i].text), size, &out, &err))
                fail_msg("'%s' %s", cases[i].text, err.text);
            assert_string_equal(out.data, cases[i].tokens);
            buf_clear(&out);
        }
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct buf text = BUF(4096), out = BUF(65536);
    struct error err;
    for (int i = 0; i < JSON_STREAM_DEPTH; i++)
        buf_add_text(&text, "[");
    for (int i = 0; i < JSON_STREAM_DEPTH; i++)
        buf_add_text(&text, "]");
    assert_true(read_in(buf_str(&text), 5, &out, &err));
    buf_clear(&text);
    for (int i = 0; i <= JSON_STREAM_DEPTH; i++)
        buf_add_text(&text, "[");
    assert_false(read_in(buf_str(&text), 5, &out, &err));
    assert_string_equal(err.text, "is nested deeper than 64 at byte 64");
    buf_clear(&text);
    buf_clear(&out);
}

static void kinds_of_deep_containers_are_remembered(void **state)
{
    (void)state;
    struct buf text = BUF(4096), out = BUF(65536);
    struct error err;
    for (int i = 0; i < JSON_STREAM_DEPTH / 2; i++)
        buf_add_text(&text, "[{\"a\":");
    buf_add_text(&text, "1");
    for (int i = 0; i < JSON_STREAM_DEPTH / 2; i++)
        buf_add_text(&text, "}]");
    assert_true(read_in(buf_str(&text), 7, &out, &err));
    buf_clear(&text);
    buf_clear(&out);
}

struct lengths {
    size_t length;
    bool cut;
};

static void take_length(void *context, const struct json_token *token)
{
    struct lengths *lengths = context;
    *lengths = (struct lengths){token->text.length, token->cut};
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct lengths lengths = {0};
    struct json_stream json;
    struct error err;
    autofree char *fits = xasprintf("\"%*s\"", JSON_STREAM_TEXT, "");
    autofree char *longer = xasprintf("\"%*s\\ud83d\\ude00\"", JSON_STREAM_TEXT - 1, "");
    autofree char *number = xasprintf("%0*d", JSON_STREAM_TEXT + 1, 1);
    number[0] = '1';
    json_stream_begin(&json, take_length, &lengths);
    assert_true(json_stream_feed(&json, str_of(fits), &err));
    assert_int_equal(lengths.length, JSON_STREAM_TEXT);
    assert_false(lengths.cut);
    json_stream_begin(&json, take_length, &lengths);
    assert_true(json_stream_feed(&json, str_of(longer), &err));
    assert_int_equal(lengths.length, JSON_STREAM_TEXT);
    assert_true(lengths.cut);
    json_stream_begin(&json, take_length, &lengths);
    assert_true(json_stream_feed(&json, str_of(number), &err));
    assert_false(json_stream_end(&json, &err));
    assert_string_equal(err.text, "is no JSON: before byte 1025 is no number");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_json),
        cmocka_unit_test(tokens),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(kinds_of_deep_containers_are_remembered),
        cmocka_unit_test(long_texts_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
