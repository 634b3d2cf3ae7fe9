#include "server/yaml.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void json_cleanup(json_t **tree)
{
    json_decref(*tree);
}

struct refusal {
    const char *text;
    const char *error;
};

static const struct refusal refusals[] = {
    {"a: *x", "line 1, column 4: an alias, expected the value itself"},
    {"a: &x 1\nb: *x", "line 2, column 4: an alias, expected the value itself"},
    {"a: 1\na: 2", "line 2, column 1: the key 'a' is there twice"},
    {"a: !!str 1", "line 1, column 4: a tag, expected a value without one"},
    {"a: !x {}", "line 1, column 4: a tag, expected a value without one"},
    {"- !x [1]", "line 1, column 3: a tag, expected a value without one"},
    {"!x a: 1", "line 1, column 1: a tag, expected a value without one"},
    {"<<: {a: b}", "line 1, column 1: a merge key, expected the keys themselves"},
    {"1: x", "line 1, column 1: a key that is not text (write it in quotes)"},
    {"true: x", "line 1, column 1: a key that is not text (write it in quotes)"},
    {"~: x", "line 1, column 1: a key that is not text (write it in quotes)"},
    {"\"a\\0b\": x", "line 1, column 1: a key that is not text (write it in quotes)"},
    {"? [a]\n: b", "line 1, column 3: a key that is not text"},
    {".inf: 1", "line 1, column 1: .inf is a number that JSON does not have"},
    {"a: -.INF", "line 1, column 4: -.INF is a number that JSON does not have"},
    {"a: .nan", "line 1, column 4: .nan is a number that JSON does not have"},
    {"a: 9223372036854775808", "line 1, column 4: the number 9223372036854775808 is too large"},
    {"a: 1e999", "line 1, column 4: the number 1e999 is too large"},
    {"a: 00000000001111111111222222222233333333334444444444555555555566666",
     "line 1, column 4: the number 0000000000111111111122222222223333333333 is too large"},
    {"a: 1.0123456789012345678901234567890123456789012345678901234567890123456789",
     "line 1, column 4: the number 1.01234567890123456789012345678901234567 is too large"},
    {"a: [", "line 2, column 1: did not find expected node content while parsing a flow node"},
    {"a:\n - b\n c", "line 4, column 1: could not find expected ':' while scanning a simple key"},
    {"--- [", "line 2, column 1: did not find expected node content while parsing a flow node"},
    {"--- \x01", "line 1, column 5: control characters are not allowed"},
    {"a: b\nc: \x01", "line 2, column 4: control characters are not allowed"},
    {"\xff", "line 1, column 1: invalid leading UTF-8 octet"},
    {"a: 1\n---\nb: 2", "line 2, column 1: a second document, expected only one"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct error err;
        assert_null(yaml_read(str_of(refusals[i].text), &err));
        assert_string_equal(err.text, refusals[i].error);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct error err;
    char deep[YAML_DEPTH_MAX + 1];
    memset(deep, '[', sizeof(deep));
    assert_null(yaml_read((struct str){deep, sizeof(deep)}, &err));
    assert_string_equal(err.text, "line 1, column 65: nested too deeply");

    struct buf many = BUF(4u * 1024 * 1024);
    for (size_t i = 0; i < YAML_NODES_MAX; i++)
        buf_add_text(&many, "- 1\n");
    assert_null(yaml_read(buf_str(&many), &err));
    assert_string_equal(err.text, "line 200000, column 3: too many values");
    buf_clear(&many);
}

struct reading {
    const char *text;
    const char *json;
};

static const struct reading readings[] = {
    {"\xef\xbb\xbf# made on Windows\r\na: 1\r\n", "{\"a\":1}"},
    {"", "null"},
    {"# only this", "null"},
    {"---\n", "null"},
    {"~", "null"},
    {"[null, Null, NULL, ~, \"null\"]", "[null,null,null,null,\"null\"]"},
    {"[true, True, FALSE, tRUE]", "[true,true,false,\"tRUE\"]"},
    {"[yes, no, on, off, y]", "[\"yes\",\"no\",\"on\",\"off\",\"y\"]"},
    {"[0, -1, +2, 007, 0644, 0o17, 0x1F, -0x10, 089]", "[0,-1,2,7,420,15,31,-16,89]"},
    {"[0o, 0o8, 0x, 0xG, 1_000, \"1\", '2']",
     "[\"0o\",\"0o8\",\"0x\",\"0xG\",\"1_000\",\"1\",\"2\"]"},
    {"[1.5, .5, 1e2, 1E+2, -2.5e-1]", "[1.5,0.5,100.0,100.0,-0.25]"},
    {"[., e5, 1e, 1e+, 1.2.3, 1x, -]", "[\".\",\"e5\",\"1e\",\"1e+\",\"1.2.3\",\"1x\",\"-\"]"},
    {"a: 2026-11-20", "{\"a\":\"2026-11-20\"}"},
    {"b: {c: [1, {d: \"\\0\"}]}\na: |\n  x\n  y\n",
     "{\"b\":{\"c\":[1,{\"d\":\"\\u0000\"}]},\"a\":\"x\\ny\\n\"}"},
    {"\"<<\": 1", "{\"<<\":1}"},
    {"{\"json\": [true, null, 1.25, \"\\u00e9\"]}", "{\"json\":[true,null,1.25,\"\xc3\xa9\"]}"},
};

static void test_readings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
        struct error err = {""};
        cleanup(json_cleanup) json_t *tree = yaml_read(str_of(readings[i].text), &err);
        assert_string_equal(err.text, "");
        autofree char *json = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
        assert_string_equal(json, readings[i].json);
    }
}

static void test_documents(void **state)
{
    (void)state;
    struct error err;
    cleanup(json_cleanup) json_t *none = yaml_read_all(STR(""), &err);
    assert_int_equal(json_array_size(none), 0);
    cleanup(json_cleanup) json_t *two =
        yaml_read_all(STR("---\na: 1\n---\n# empty\n---\n- 2\n...\n"), &err);
    autofree char *json = json_dumps(two, JSON_COMPACT);
    assert_string_equal(json, "[{\"a\":1},[2]]");
    assert_null(yaml_read_all(STR("a: 1\n---\n[\n"), &err));
    assert_string_equal(
        err.text, "line 4, column 1: did not find expected node content while parsing a flow node");
}

static void test_written(void **state)
{
    (void)state;
    const char *json =
        "{\"plain\":\"a "
        "text\",\"number\":1,\"real\":0.1,\"whole\":3.0,\"third\":0.3333333333333333,"
        "\"true\":true,\"false\":false,\"none\":null,\"empty\":{},\"list\":[],\"items\":[{\"a\":1,"
        "\"b\":\"2\"},[\"no\"]],\"words\":[\"True\",\"yes\",\"OFF\",\"\",\"1.5\",\"-x\",\"=\","
        "\"a: b\",\"# c\",\"{\"],\"lines\":\"x\\ny\\n\",\"tab\":\"a\\tb\",\"nul\":\"\\u0000\"}";
    const char *text = "plain: a text\nnumber: 1\nreal: 0.1\nwhole: 3.0\n"
                       "third: 0.3333333333333333\n\"true\": true\n\"false\": false\nnone: null\n"
                       "empty: {}\nlist: []\nitems:\n- a: 1\n  b: \"2\"\n- - \"no\"\nwords:\n"
                       "- \"True\"\n- \"yes\"\n- \"OFF\"\n- \"\"\n- \"1.5\"\n- \"-x\"\n- \"=\"\n"
                       "- 'a: b'\n- '# c'\n- '{'\nlines: |\n  x\n  y\ntab: \"a\\tb\"\n"
                       "nul: \"\\0\"\n";
    struct error err = {""};
    cleanup(json_cleanup) json_t *tree = json_loads(json, JSON_ALLOW_NUL, NULL);
    struct buf written = BUF(4096);
    yaml_write(tree, &written);
    assert_string_equal(written.data, text);
    cleanup(json_cleanup) json_t *again = yaml_read(buf_str(&written), &err);
    assert_true(json_equal(tree, again));
    buf_clear(&written);
}

static void test_write_limit(void **state)
{
    (void)state;
    cleanup(json_cleanup) json_t *tree = json_pack("{s:s}", "a", "a longer text");
    struct buf written = BUF(4);
    yaml_write(tree, &written);
    assert_true(written.failed);
    buf_clear(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_readings), cmocka_unit_test(test_documents),
        cmocka_unit_test(test_written),  cmocka_unit_test(test_write_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
