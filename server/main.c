#include "base/error.h"
#include "server/cli_backups.h"
#include "server/cli_certs.h"
#include "server/cli_check.h"
#include "server/cli_explain.h"
#include "server/cli_patch.h"
#include "server/cli_secrets.h"
#include "server/cli_serve.h"
#include "server/cli_version.h"
#include "server/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static const struct command commands[] = {
    {"serve", cli_serve, "run the server"},
    {"patch", cli_patch, "decide offline and print the patch, the object or a diff"},
    {"explain", cli_explain, "decide offline and tell why, rule by rule"},
    {"check", cli_check, "find every mistake in a configuration and in restore ConfigMaps"},
    {"certs", cli_certs, "issue, show and verify certificates"},
    {"backups", cli_backups, "find archives of WAL-G, verify them, and watch them"},
    {"secrets", cli_secrets, "keep Secrets outside the cluster, encrypted, and restore them"},
    {"version", cli_version, "print the version and those of the libraries"},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
    fputs("usage: " PROGRAM " COMMAND [OPTION...]\n"
          "\n"
          "A mutating admission webhook that repairs Harbor's PostgreSQL resources and turns a\n"
          "namespace label into a restore or a backup.\n"
          "\n"
          "commands:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].about);
    fputs("\n"
          "examples:\n"
          "  " PROGRAM " serve --config webhook.yaml\n"
          "  kubectl get postgresql -n harbor -o yaml | " PROGRAM " patch --output diff\n"
          "  " PROGRAM " explain --profile enabled pod.yaml\n"
          "\n"
          "'" PROGRAM " COMMAND --help' tells about one of them.\n",
          out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    bool option = name[0] == '-';
    struct nearest nearest = {.wanted = str_of(name)};
    for (size_t i = 0; i < COMMAND_COUNT && !option; i++)
        nearest_offer(&nearest, commands[i].name);
    nearest_offer(&nearest, option ? "--help" : "help");

    struct error err;
    error_set_(&err, "unknown %s '%s'%s%s%s", option ? "option" : "command", name,
               nearest.name ? ", did you mean '" : "", nearest.name ? nearest.name : "",
               nearest.name ? "'" : "");
    return command_usage_error("", err.text);
}

static int run_command(const char *name, int argc, char **argv)
{
    const struct command *command = find_command(name);
    return command ? command->run(argc, argv) : unknown_command(name);
}

/* "help patch" is "patch --help". */
static int run_help(int argc, char **argv)
{
    if (argc > 1) {
        char option[] = "--help";
        return run_command(argv[1], 2, (char *[]){argv[1], option, NULL});
    }
    print_usage(stdout);
    return COMMAND_FINE;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return COMMAND_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return run_help(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0)
        name = "version";
    return run_command(name, argc - 1, argv + 1);
}

/* What was printed may still be in a buffer: a full disk or a closed pipe shows only now. */
static bool output_written(void)
{
    bool failed_before = ferror(stdout);
    bool flushed = fflush(stdout) == 0;
    if (flushed && !failed_before)
        return true;
    char text[128];
    fprintf(stderr, PROGRAM ": standard output: cannot write: %s\n",
            error_errno(flushed ? EIO : errno, text, sizeof(text)));
    return false;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write(), told like any other */
    int result = run(argc, argv);
    return output_written() ? result : COMMAND_FAILED;
}
