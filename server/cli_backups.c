#include "server/cli_backups.h"

#include "server/command.h"

#include <stdio.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} commands[] = {
    {"list", cli_backups_list, "find the archives of a bucket, or the backups of one archive"},
    {"verify", cli_backups_verify, "judge whether an archive can be restored, and how far"},
    {"watch", cli_backups_watch,
     "verify archives again and again, and serve the results as metrics"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_usage(FILE *out)
{
    fputs("usage: " PROGRAM " backups COMMAND [OPTION...]\n\n"
          "What WAL-G has archived in a bucket, looked at from outside the cluster. Nothing is\n"
          "ever written there.\n\ncommands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-7s %s\n", commands[i].name, commands[i].about);
    fputs("\nexamples:\n"
          "  " PROGRAM " backups list --bucket harbor-db-backups --region eu-central-1\n"
          "  " PROGRAM " backups verify --region eu-central-1 --max-backup-age 26h \\\n"
          "    --prefix s3://harbor-db-backups/spilo/postgresql-harbor-harbor/99e85b8a/wal/15\n"
          "\n'" PROGRAM " backups COMMAND --help' tells about one of them.\n",
          out);
}

static int unknown_command(const char *name)
{
    struct error err;
    struct nearest nearest = {.wanted = str_of(name)};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        nearest_offer(&nearest, commands[i].name);
    error_set_(&err, "backups: unknown command '%.100s', expected list, verify or watch%s%s%s",
               name, nearest.name ? ": did you mean '" : "", nearest.name ? nearest.name : "",
               nearest.name ? "'" : "");
    return command_usage_error("backups", err.text);
}

int cli_backups(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return COMMAND_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return COMMAND_FINE;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return unknown_command(argv[1]);
}
