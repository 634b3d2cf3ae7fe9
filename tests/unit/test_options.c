#include "server/options.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct option_row table[] = {
    {"config", "FILE", false, "the configuration"},
    {"dns", "NAME", true, "a name"},
    {"json", NULL, false, "for programs"},
    {0},
};

/* Words as main() gets them: the copied pointers lose their const, nobody writes through them. */
static bool parse(const char *const *words, size_t count, struct options *ret, struct error *err)
{
    char *argv[16];
    assert_true(count <= 16);
    memcpy(argv, words, count * sizeof(*argv));
    return options_parse(table, (int)count, argv, ret, err);
}

#define WORDS(...) ((const char *const[]){"x", __VA_ARGS__})
#define PARSE(options, err, ...)                                                                   \
    parse(WORDS(__VA_ARGS__), sizeof(WORDS(__VA_ARGS__)) / sizeof(char *), options, err)

#define REFUSED(expected, ...)                                                                     \
    do {                                                                                           \
        struct options refused_;                                                                   \
        struct error err_ = {""};                                                                  \
        assert_false(PARSE(&refused_, &err_, __VA_ARGS__));                                        \
        assert_string_equal(err_.text, expected);                                                  \
        options_done(&refused_);                                                                   \
    } while (0)

static void unknown_options_name_the_nearest(void **state)
{
    (void)state;
    REFUSED("unknown option '--conifg', did you mean '--config'", "--conifg", "f");
    REFUSED("unknown option '--conifg', did you mean '--config'", "--conifg=f");
    REFUSED("unknown option '--hlep', did you mean '--help'", "--hlep");
    REFUSED("unknown option '-json', did you mean '--json'", "-json");
    REFUSED("unknown option '--replicas'", "--replicas");
    REFUSED("unknown option '-c'", "-c");
    REFUSED("unknown option '--'", "--=x");
}

static void values_are_given_where_they_belong(void **state)
{
    (void)state;
    REFUSED("option '--config' needs a value (FILE)", "--config");
    REFUSED("option '--config' needs a value (FILE)", "--config", "--json");
    REFUSED("option '--config' needs a value (FILE), not an empty one", "--config=");
    REFUSED("option '--config' needs a value (FILE), not an empty one", "--config", "");
    REFUSED("option '--json' takes no value", "--json=yes");
    REFUSED("option '--config' is given twice", "--config", "a", "--config=b");
    REFUSED("option '--json' is given twice", "--json", "--json");
}

static void both_forms_and_arguments(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(PARSE(&options, &err, "--config", "-", "one", "--dns=a=b", "-", "--json", "--dns",
                      "b", "--", "--json", "-x"));
    assert_false(options.help);
    assert_string_equal(options_get(&options, "config", NULL), "-");
    assert_string_equal(options_value(&options, "dns", 0), "a=b");
    assert_string_equal(options_value(&options, "dns", 1), "b");
    assert_null(options_value(&options, "dns", 2));
    assert_true(options_has(&options, "json"));
    assert_int_equal(options.argument_count, 4);
    assert_string_equal(options.arguments[0], "one");
    assert_string_equal(options.arguments[1], "-");
    assert_string_equal(options.arguments[2], "--json");
    assert_string_equal(options.arguments[3], "-x");
    options_done(&options);
}

static void nothing_given(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(parse((const char *const[]){"x"}, 1, &options, &err));
    assert_false(options_has(&options, "json"));
    assert_string_equal(options_get(&options, "config", "default"), "default");
    assert_int_equal(options.argument_count, 0);
    options_done(&options);
    assert_true(options_parse(table, 0, NULL, &options, &err));
    options_done(&options);
}

static void help_wins_over_later_mistakes(void **state)
{
    (void)state;
    struct options options;
    struct error err;
    assert_true(PARSE(&options, &err, "--json", "--help", "--nonsense"));
    assert_true(options.help);
    options_done(&options);
    assert_true(PARSE(&options, &err, "-h"));
    assert_true(options.help);
    options_done(&options);
}

static void the_table_as_help_text(void **state)
{
    (void)state;
    struct buf text = BUF(1024);
    options_describe(table, &text);
    assert_string_equal(text.data, "  --config FILE  the configuration\n"
                                   "  --dns NAME     a name (may be repeated)\n"
                                   "  --json         for programs\n"
                                   "  --help         this text\n");
    buf_clear(&text);
}

static void nearest_prefers_the_fewest_edits(void **state)
{
    (void)state;
    struct nearest nearest = {.wanted = STR("pathc")};
    nearest_offer(&nearest, "serve");
    assert_null(nearest.name);
    nearest_offer(&nearest, "patch");
    nearest_offer(&nearest, "path");
    nearest_offer(&nearest, "paths");
    assert_string_equal(nearest.name, "path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_options_name_the_nearest),
        cmocka_unit_test(values_are_given_where_they_belong),
        cmocka_unit_test(both_forms_and_arguments),
        cmocka_unit_test(nothing_given),
        cmocka_unit_test(help_wins_over_later_mistakes),
        cmocka_unit_test(the_table_as_help_text),
        cmocka_unit_test(nearest_prefers_the_fewest_edits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
