#include "server/archive/watch_run.h"
#include "server/cli_backups.h"
#include "server/command.h"

static const struct option_row watch_options[] = {
    {"config", "FILE", false, "what to watch, and how often; required"},
    {0},
};

const struct command_help backups_watch_help = {
    .name = "backups watch",
    .synopsis = "--config FILE",
    .about =
        "Verifies the archives of a file again and again, as 'backups verify' does, logs what\n"
        "it finds and serves the result: /metrics, /livez and /readyz. SIGTERM and SIGINT end\n"
        "it at once.\n"
        "\n"
        "Exit status: 0 when it was asked to end; 1 when the file is wrong, each mistake in\n"
        "its own line, or the port cannot be had; 2 usage.\n",
    .options = watch_options,
    .examples = "  harbor-pg-webhook backups watch --config watch.yaml\n",
};

int cli_backups_watch(int argc, char **argv)
{
    int result;
    struct options options;
    if (!command_options(&backups_watch_help, argc, argv, 0, &options, &result))
        return result;
    const char *config = options_get(&options, "config", NULL);
    options_done(&options);
    if (!config)
        return command_usage_error(backups_watch_help.name, "--config is missing, expected a file");
    return watch_run(config);
}
