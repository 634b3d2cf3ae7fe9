#include "server/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define HELP_MAX 65536

int command_usage_error(const char *command, const char *text)
{
    fprintf(stderr, PROGRAM ": %s\ntry '" PROGRAM " %s%s--help'\n", text, command,
            command[0] ? " " : "");
    return COMMAND_USAGE;
}

int command_failed(const char *text)
{
    fprintf(stderr, PROGRAM ": %s\n", text);
    return COMMAND_FAILED;
}

static int print_help(const struct command_help *help)
{
    struct buf text = BUF(HELP_MAX);
    buf_addf(&text, "usage: " PROGRAM " %s%s%s\n\n%s\noptions:\n", help->name,
             help->synopsis[0] ? " " : "", help->synopsis, help->about);
    options_describe(help->options, &text);
    buf_addf(&text, "\nexamples:\n%s", help->examples);
    fputs(buf_str(&text).data, stdout);
    buf_clear(&text);
    return COMMAND_FINE;
}

bool command_options(const struct command_help *help, int argc, char **argv, size_t most,
                     struct options *ret, int *ret_result)
{
    struct error err;
    struct options options;
    bool parsed = options_parse(help->options, argc, argv, &options, &err);
    if (parsed && !options.help && options.argument_count > most)
        parsed = error_set(&err, "unexpected argument '%s'", options.arguments[most]);
    if (parsed && !options.help) {
        *ret = options;
        return true;
    }
    *ret_result = parsed ? print_help(help) : command_usage_error(help->name, err.text);
    options_done(&options);
    return false;
}

bool command_colour(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && (!no_color || !no_color[0]) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

size_t command_width(void)
{
    enum { LEAST = 60, MOST = 100 };
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_col > MOST)
        return MOST;
    return size.ws_col < LEAST ? LEAST : size.ws_col;
}
