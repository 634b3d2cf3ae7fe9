#include "server/command_group.h"

#include <stdio.h>
#include <string.h>

static void print_usage(const struct command_group *group, FILE *out)
{
    fprintf(out, "usage: " PROGRAM " %s COMMAND [OPTION...]\n\n%scommands:\n", group->name,
            group->about);
    for (size_t i = 0; i < group->count; i++)
        fprintf(out, "  %-7s  %s\n", group->commands[i].name, group->commands[i].about);
    fputs("\nexamples:\n", out);
    for (size_t i = 0; i < group->count; i++)
        fputs(group->commands[i].help->examples, out);
    fprintf(out, "\n'" PROGRAM " %s COMMAND --help' tells about one of them.\n", group->name);
}

/* "issue, show or verify" */
static void add_names(const struct command_group *group, struct buf *text)
{
    for (size_t i = 0; i < group->count; i++)
        buf_addf(text, "%s%s",
                 i == 0                  ? ""
                 : i + 1 == group->count ? " or "
                                         : ", ",
                 group->commands[i].name);
}

static int unknown_command(const struct command_group *group, const char *name)
{
    struct error err;
    struct buf names = BUF(1024);
    struct nearest nearest = {.wanted = str_of(name)};
    for (size_t i = 0; i < group->count; i++)
        nearest_offer(&nearest, group->commands[i].name);
    add_names(group, &names);
    error_set_(&err, "%s: unknown command '%.100s', expected %s%s%s%s", group->name, name,
               buf_str(&names).data, nearest.name ? ": did you mean '" : "",
               nearest.name ? nearest.name : "", nearest.name ? "'" : "");
    buf_clear(&names);
    return command_usage_error(group->name, err.text);
}

int command_group_run(const struct command_group *group, int argc, char **argv)
{
    if (argc < 2) {
        print_usage(group, stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(group, stdout);
        return COMMAND_FINE;
    }
    for (size_t i = 0; i < group->count; i++)
        if (strcmp(argv[1], group->commands[i].name) == 0)
            return group->commands[i].run(argc - 1, argv + 1);
    return unknown_command(group, argv[1]);
}
