#include "server/cli_serve.h"

#include "server/command.h"
#include "server/serve.h"

static const struct option_row options_table[] = {
    {"config", "FILE", false, "the configuration, watched for changes (all defaults)"},
    {0},
};

static const struct command_help help = {
    .name = "serve",
    .synopsis = "[--config FILE]",
    .about = "Runs the server: admission over TLS on one port, /livez, /readyz and /metrics on\n"
             "another. A changed configuration or certificate is taken over while it runs; SIGHUP\n"
             "asks for that at once. SIGTERM and SIGINT drain and end it, a second one cuts the\n"
             "drain short.\n"
             "\n"
             "Exit status: 0 after a drain, 1 when the configuration is wrong or it cannot start,\n"
             "2 usage.\n",
    .options = options_table,
    .examples = "  harbor-pg-webhook serve --config /etc/harbor-pg-webhook/config.yaml\n",
};

int cli_serve(int argc, char **argv)
{
    struct options options;
    int result;
    if (!command_options(&help, argc, argv, 0, &options, &result))
        return result;
    const char *config = options_get(&options, "config", NULL);
    options_done(&options);
    return serve(config);
}
