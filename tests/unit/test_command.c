#include "server/command.h"

#include "tests/unit/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/ioctl.h>

static const struct option_row rows[] = {{"config", "FILE", false, "the configuration"}, {0}};
static const struct command_help certs_help = {"certs issue", "[FILE]", "Issues.\n", rows,
                                               "  harbor-pg-webhook certs issue\n"};
static const struct command_help top_help = {"", "", "Does it.\n", rows, "  none\n"};

/* What a command line gives: a result with texts, or options. */
struct outcome {
    bool read;
    int result;
    char *out;
    char *err;
};

static struct outcome run(const struct command_help *help, size_t most, const char *word,
                          const char *other)
{
    autofree char *first = xstrdup(word ? word : "");
    autofree char *second = xstrdup(other ? other : "");
    char name[] = "command";
    char *argv[] = {name, first, second, NULL};
    struct options options;
    struct outcome outcome = {.result = -1};
    struct capture out = capture_open(stdout);
    struct capture err = capture_open(stderr);
    outcome.read =
        command_options(help, 1 + !!word + !!other, argv, most, &options, &outcome.result);
    outcome.err = capture_close(&err);
    outcome.out = capture_close(&out);
    if (outcome.read)
        options_done(&options);
    return outcome;
}

static void outcome_done(struct outcome *outcome)
{
    free(outcome->out);
    free(outcome->err);
}

#define TRY "\ntry 'harbor-pg-webhook certs issue --help'\n"

static void a_wrong_command_line_is_told_on_stderr(void **state)
{
    (void)state;
    static const struct {
        size_t most;
        const char *word, *other;
        const char *expected;
    } cases[] = {
        {1, "--conifg", NULL,
         "harbor-pg-webhook: unknown option '--conifg', did you mean '--config'" TRY},
        {1, "--config", NULL, "harbor-pg-webhook: option '--config' needs a value (FILE)" TRY},
        {0, "a", NULL, "harbor-pg-webhook: unexpected argument 'a'" TRY},
        {1, "a", "b", "harbor-pg-webhook: unexpected argument 'b'" TRY},
        {0, "--", "-h", "harbor-pg-webhook: unexpected argument '-h'" TRY},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct outcome outcome = run(&certs_help, cases[i].most, cases[i].word, cases[i].other);
        assert_false(outcome.read);
        assert_int_equal(outcome.result, COMMAND_USAGE);
        assert_string_equal(outcome.err, cases[i].expected);
        assert_string_equal(outcome.out, "");
        outcome_done(&outcome);
    }
}

static void a_usage_error_says_where_the_help_is(void **state)
{
    (void)state;
    struct capture err = capture_open(stderr);
    int of_program = command_usage_error("", "no command");
    int of_command = command_usage_error("patch", "two files");
    autofree char *text = capture_close(&err);
    assert_int_equal(of_program, COMMAND_USAGE);
    assert_int_equal(of_command, COMMAND_USAGE);
    assert_string_equal(text, "harbor-pg-webhook: no command\ntry 'harbor-pg-webhook --help'\n"
                              "harbor-pg-webhook: two files\n"
                              "try 'harbor-pg-webhook patch --help'\n");
}

static void a_failure_is_told_on_stderr(void **state)
{
    (void)state;
    struct capture err = capture_open(stderr);
    int result = command_failed("no luck");
    autofree char *text = capture_close(&err);
    assert_int_equal(result, COMMAND_FAILED);
    assert_string_equal(text, "harbor-pg-webhook: no luck\n");
}

static void the_help_is_told_on_stdout(void **state)
{
    (void)state;
    struct outcome outcome = run(&certs_help, 0, "too much", "--help");
    assert_false(outcome.read);
    assert_int_equal(outcome.result, COMMAND_FINE);
    assert_string_equal(outcome.err, "");
    assert_string_equal(outcome.out, "usage: harbor-pg-webhook certs issue [FILE]\n\nIssues.\n\n"
                                     "options:\n"
                                     "  --config FILE  the configuration\n"
                                     "  --help         this text\n\n"
                                     "examples:\n  harbor-pg-webhook certs issue\n");
    outcome_done(&outcome);
    outcome = run(&top_help, 0, "-h", NULL);
    assert_memory_equal(outcome.out, "usage: harbor-pg-webhook \n\nDoes it.\n\noptions:\n", 46);
    outcome_done(&outcome);
}

static void a_right_command_line_is_read_in_silence(void **state)
{
    (void)state;
    struct outcome outcome = run(&certs_help, 1, "--config=f", "a");
    assert_true(outcome.read);
    assert_int_equal(outcome.result, -1);
    assert_string_equal(outcome.out, "");
    assert_string_equal(outcome.err, "");
    outcome_done(&outcome);
}

static void a_file_is_not_coloured(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    struct capture out = capture_open(stdout);
    bool colour = command_colour();
    free(capture_close(&out));
    assert_false(colour);
}

static bool colour_with(const char *terminal, const char *no_color)
{
    if (terminal)
        setenv("TERM", terminal, 1);
    else
        unsetenv("TERM");
    if (no_color)
        setenv("NO_COLOR", no_color, 1);
    else
        unsetenv("NO_COLOR");
    return command_colour();
}

static void a_terminal_is_coloured_unless_somebody_objects(void **state)
{
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(terminal, STDOUT_FILENO);
    bool unset = colour_with(NULL, NULL);
    bool dumb = colour_with("dumb", NULL);
    bool objected = colour_with("xterm", "1");
    bool fine = colour_with("xterm", NULL);
    bool empty = colour_with("xterm", "");
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(terminal);
    assert_false(unset);
    assert_false(dumb);
    assert_false(objected);
    assert_true(fine);
    assert_true(empty);
}

static size_t width_of(unsigned short columns)
{
    struct winsize size = {.ws_row = 24, .ws_col = columns};
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(terminal, STDOUT_FILENO);
    ioctl(terminal, TIOCSWINSZ, &size);
    size_t width = command_width();
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(terminal);
    return width;
}

static void a_text_is_as_wide_as_the_terminal_within_reason(void **state)
{
    (void)state;
    assert_int_equal(width_of(0), 100);
    assert_int_equal(width_of(20), 60);
    assert_int_equal(width_of(80), 80);
    assert_int_equal(width_of(300), 100);
    struct capture out = capture_open(stdout);
    size_t of_a_file = command_width();
    free(capture_close(&out));
    assert_int_equal(of_a_file, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_command_line_is_told_on_stderr),
        cmocka_unit_test(a_usage_error_says_where_the_help_is),
        cmocka_unit_test(a_failure_is_told_on_stderr),
        cmocka_unit_test(the_help_is_told_on_stdout),
        cmocka_unit_test(a_right_command_line_is_read_in_silence),
        cmocka_unit_test(a_file_is_not_coloured),
        cmocka_unit_test(a_terminal_is_coloured_unless_somebody_objects),
        cmocka_unit_test(a_text_is_as_wide_as_the_terminal_within_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
