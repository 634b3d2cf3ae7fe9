#include "server/cli_place.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static const struct option_row rows[] = {
    CLI_PLACE_OPTIONS,
    {"age", "D", false, "an age"},
    {"least", "N", false, "a number"},
    {"rate", "BYTES/s", false, "a rate"},
    {0},
};

static void parse(const char *option, struct options *ret)
{
    struct error err;
    autofree char *word = xstrdup(option);
    char name[] = "command";
    char *argv[] = {name, word, NULL};
    assert_true(options_parse(rows, option[0] ? 2 : 1, argv, ret, &err));
    if (ret->given_count) /* the value is borrowed from a word that goes */
        ret->given[0].value = strchr(option, '=') ? strchr(option, '=') + 1 : "";
}

static void what_has_no_or_another_unit_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        const char *expected;
    } cases[] = {
        {"--age=26", "--age: '26' is not a duration, expected one of at least a second such as 26h "
                     "or 90m"},
        {"--age=999ms", "--age: '999ms' is not a duration, expected one of at least a second such "
                        "as 26h or 90m"},
        {"--age=1d", "--age: '1d' is not a duration, expected one of at least a second such as 26h "
                     "or 90m"},
        {"--least=0", "--least: '0' is not a number from 1 to 1000"},
        {"--least=1001", "--least: '1001' is not a number from 1 to 1000"},
        {"--least=two", "--least: 'two' is not a number from 1 to 1000"},
        {"--rate=10MiB", "--rate: '10MiB' is not a rate, expected one such as 10MiB/s"},
        {"--rate=0B/s", "--rate: '0B/s' is not a rate, expected one such as 10MiB/s"},
        {"--rate=10/s", "--rate: '10/s' is not a rate, expected one such as 10MiB/s"},
        {"--rate=/s", "--rate: '/s' is not a rate, expected one such as 10MiB/s"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err = {""};
        struct options options;
        int64_t seconds = 42;
        uint64_t number = 42;
        uint64_t rate = 42;
        parse(cases[i].option, &options);
        assert_false(cli_duration(&options, "age", 1, &seconds, &err) &&
                     cli_number(&options, "least", 1000, 2, &number, &err) &&
                     cli_rate(&options, "rate", 3, &rate, &err));
        assert_string_equal(err.text, cases[i].expected);
        options_done(&options);
    }
}

static void values_are_read_and_absent_ones_have_a_default(void **state)
{
    (void)state;
    static const struct {
        const char *option;
        int64_t seconds;
        uint64_t number;
        uint64_t rate;
    } cases[] = {
        {"", 1, 2, 3},
        {"--age=26h", 93600, 2, 3},
        {"--age=1500ms", 1, 2, 3},
        {"--least=1000", 1, 1000, 3},
        {"--rate=10MiB/s", 1, 2, 10485760},
        {"--rate=1B/s", 1, 2, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct error err;
        struct options options;
        int64_t seconds = 0;
        uint64_t number = 0;
        uint64_t rate = 0;
        parse(cases[i].option, &options);
        assert_true(cli_duration(&options, "age", 1, &seconds, &err));
        assert_true(cli_number(&options, "least", 1000, 2, &number, &err));
        assert_true(cli_rate(&options, "rate", 3, &rate, &err));
        assert_int_equal(seconds, cases[i].seconds);
        assert_int_equal(number, cases[i].number);
        assert_int_equal(rate, cases[i].rate);
        options_done(&options);
    }
}

static void a_place_is_what_the_options_say(void **state)
{
    (void)state;
    char words[][24] = {"command",    "--region=r",   "--endpoint=http://e",
                        "--ca=a.crt", "--path-style", "--credentials=keys"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[4], words[5], NULL};
    struct options options;
    struct error err;
    assert_true(options_parse(rows, 6, argv, &options, &err));
    struct source_place place = cli_place(&options, "s3://b/p");
    assert_string_equal(place.prefix, "s3://b/p");
    assert_string_equal(place.region, "r");
    assert_string_equal(place.endpoint, "http://e");
    assert_string_equal(place.ca, "a.crt");
    assert_string_equal(place.credentials, "keys");
    assert_true(place.path_style);
    options_done(&options);

    parse("", &options);
    place = cli_place(&options, "folder");
    assert_null(place.region);
    assert_null(place.endpoint);
    assert_null(place.ca);
    assert_null(place.credentials);
    assert_false(place.path_style);
    options_done(&options);
}

static void the_region_is_the_option_or_the_environment(void **state)
{
    (void)state;
    static const char missing[] = "--region is missing, expected the bucket's region (us-east-1 "
                                  "for a store without regions)";
    struct error err;
    struct source_place place = {.prefix = "s3://bucket"};
    unsetenv("AWS_REGION");
    unsetenv("AWS_DEFAULT_REGION");
    assert_false(cli_place_complete(&place, "from", &err));
    assert_string_equal(err.text, missing);
    place.prefix = "s3://B";
    assert_false(cli_place_complete(&place, "from", &err));
    assert_string_equal(err.text, "--from: bucket: 'B' is not a bucket, expected 3 to 63 of a-z, "
                                  "0-9, '-' and '.', a letter or digit at both ends");
    place.prefix = "./folder";
    assert_true(cli_place_complete(&place, "from", &err));
    place.prefix = "s3://bucket";
    setenv("AWS_DEFAULT_REGION", "second", 1);
    setenv("AWS_REGION", "", 1);
    assert_string_equal(cli_region(&place), "second");
    setenv("AWS_REGION", "first", 1);
    assert_string_equal(cli_region(&place), "first");
    assert_true(cli_place_complete(&place, "from", &err));
    place.region = "option";
    assert_string_equal(cli_region(&place), "option");
}

static void the_endpoint_is_the_option_or_the_environment(void **state)
{
    (void)state;
    static const char *const names[] = {"AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"};
    struct source_place place = {.prefix = "s3://b"};
    for (size_t i = 0; i < 3; i++)
        unsetenv(names[i]);
    assert_string_equal(cli_endpoint(&place), "");
    for (size_t i = 0; i < 3; i++) {
        setenv(names[i], names[i], 1);
        assert_string_equal(cli_endpoint(&place), names[i]);
    }
    place.endpoint = "option";
    assert_string_equal(cli_endpoint(&place), "option");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_no_or_another_unit_is_named),
        cmocka_unit_test(values_are_read_and_absent_ones_have_a_default),
        cmocka_unit_test(a_place_is_what_the_options_say),
        cmocka_unit_test(the_region_is_the_option_or_the_environment),
        cmocka_unit_test(the_endpoint_is_the_option_or_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
