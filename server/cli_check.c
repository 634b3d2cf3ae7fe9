#include "server/cli_check.h"

#include "base/file.h"
#include "base/mem.h"
#include "server/check.h"
#include "server/command.h"
#include "server/config.h"

#include <stdio.h>
#include <time.h>

/* Largest manifest file, and most lines of findings, in bytes. */
#define INPUT_MAX (64u * 1024 * 1024)
#define LINES_MAX (64u * 1024 * 1024)

static const struct option_row options_table[] = {
    {"config", "FILE", false, "the configuration of the server (its defaults)"},
    {0},
};

static const struct command_help help = {
    .name = "check",
    .synopsis = "[--config FILE] [FILE...]",
    .about = "Finds every mistake in the configuration, profiles included, and in the restore\n"
             "ConfigMaps that the FILEs (\"-\": standard input) hold as YAML or JSON. Prints one\n"
             "line for each finding and a summary; other objects are named and skipped. No value\n"
             "that could be a secret is shown.\n"
             "\n"
             "Exit status: 0 no mistake (there may be warnings), 1 mistakes, 2 usage.\n",
    .options = options_table,
    .examples = "  harbor-pg-webhook check --config webhook.yaml\n"
                "  harbor-pg-webhook check --config webhook.yaml harbor-pg-restore.yaml\n"
                "  kubectl get configmap -n harbor harbor-pg-restore -o yaml | harbor-pg-webhook "
                "check -\n",
};

static void config_cleanup(struct config **config)
{
    config_unref(*config);
}

/* The configuration to check the manifests against: the defaults when it cannot be used. */
static struct config *check_config(const char *path, int64_t now, struct check_report *report)
{
    struct strlist mistakes = {0};
    struct config *config = config_load(path, now, &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        check_mistake(mistakes.items[i], report);
    if (mistakes.dropped) {
        autofree char *line = xasprintf("%s: and %zu more", path, mistakes.dropped);
        check_mistake(line, report);
    }
    if (config && path)
        check_profiles(path, config->policy, report);
    strlist_clear(&mistakes);
    return config ? config : config_load(NULL, now, &mistakes);
}

static void check_file(const char *path, const struct policy *policy, int64_t now,
                       struct check_report *report)
{
    struct error err;
    struct buf text = BUF(INPUT_MAX);
    const char *name = str_is(str_of(path), "-") ? "standard input" : path;
    if (file_read(path, &text, &err))
        check_manifests(name, buf_str(&text), policy, now, report);
    else
        check_mistake(err.text, report);
    buf_clear(&text);
}

static void print_report(const struct check_report *report)
{
    fputs(report->lines->failed ? "too many findings to print\n" : buf_str(report->lines).data,
          stdout);
    printf("%zu mistake%s, %zu warning%s\n", report->mistakes, report->mistakes == 1 ? "" : "s",
           report->warnings, report->warnings == 1 ? "" : "s");
}

int cli_check(int argc, char **argv)
{
    struct options options;
    int result;
    if (!command_options(&help, argc, argv, SIZE_MAX, &options, &result))
        return result;
    int64_t now = (int64_t)time(NULL);
    struct buf lines = BUF(LINES_MAX);
    struct check_report report = {.lines = &lines};
    cleanup(config_cleanup) struct config *config =
        check_config(options_get(&options, "config", NULL), now, &report);
    for (size_t i = 0; i < options.argument_count; i++)
        check_file(options.arguments[i], config->policy, now, &report);
    print_report(&report);
    buf_clear(&lines);
    options_done(&options);
    return report.mistakes ? COMMAND_FAILED : COMMAND_FINE;
}
