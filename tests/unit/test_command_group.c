#include "server/command_group.h"

#include "tests/unit/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct command_help fetch_help = {.examples = "  fetch a stick\n"};
static const struct command_help roll_help = {.examples = "  roll over\n"};

/* Gives how many words it gets, and more when the first one is not its name. */
static int fetch(int argc, char **argv)
{
    return argc + (strcmp(argv[0], "fetch") == 0 ? 100 : 1000);
}

static int roll(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return COMMAND_FINDINGS;
}

static const struct command_of_group commands[] = {
    {"fetch", fetch, &fetch_help, "bring something"},
    {"roll", roll, &roll_help, "lie on the back"},
};
static const struct command_group group = {"dog", "What a dog can do.\n\n", commands, 2};

static void says(const char *word, int expected, const char *out_expected, const char *err_expected)
{
    char name[] = "dog";
    autofree char *first = xstrdup(word ? word : "");
    char second[] = "--now";
    struct capture out = capture_open(stdout);
    struct capture err = capture_open(stderr);
    int result = command_group_run(&group, word ? 3 : 1,
                                   (char *[]){name, word ? first : NULL, second, NULL});
    autofree char *err_text = capture_close(&err);
    autofree char *out_text = capture_close(&out);
    assert_int_equal(result, expected);
    assert_string_equal(out_text, out_expected);
    assert_string_equal(err_text, err_expected);
}

#define USAGE                                                                                      \
    "usage: harbor-pg-webhook dog COMMAND [OPTION...]\n\nWhat a dog can do.\n\ncommands:\n"        \
    "  fetch    bring something\n  roll     lie on the back\n\nexamples:\n"                        \
    "  fetch a stick\n  roll over\n\n"                                                             \
    "'harbor-pg-webhook dog COMMAND --help' tells about one of them.\n"

static void a_command_gets_the_rest_of_the_line(void **state)
{
    (void)state;
    says("fetch", 102, "", "");
    says("roll", COMMAND_FINDINGS, "", "");
}

static void help_is_told(void **state)
{
    (void)state;
    says("--help", COMMAND_FINE, USAGE, "");
    says("-h", COMMAND_FINE, USAGE, "");
    says(NULL, COMMAND_USAGE, "", USAGE);
}

#define TRY "\ntry 'harbor-pg-webhook dog --help'\n"

static void an_unknown_command_is_told(void **state)
{
    (void)state;
    says("fech", COMMAND_USAGE, "",
         "harbor-pg-webhook: dog: unknown command 'fech', expected fetch or roll: did you mean "
         "'fetch'" TRY);
    says("bark", COMMAND_USAGE, "",
         "harbor-pg-webhook: dog: unknown command 'bark', expected fetch or roll" TRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_gets_the_rest_of_the_line),
        cmocka_unit_test(help_is_told),
        cmocka_unit_test(an_unknown_command_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
