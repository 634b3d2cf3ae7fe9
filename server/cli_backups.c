#include "server/cli_backups.h"

#include "server/command_group.h"

static const struct command_of_group commands[] = {
    {"list", cli_backups_list, &backups_list_help,
     "find the archives of a bucket, or the backups of one archive"},
    {"verify", cli_backups_verify, &backups_verify_help,
     "judge whether an archive can be restored, and how far"},
    {"watch", cli_backups_watch, &backups_watch_help,
     "verify archives again and again, and serve the results as metrics"},
};

#define ABOUT                                                                                      \
    "What WAL-G has archived in a bucket, looked at from outside the cluster. Nothing is\n"        \
    "ever written there.\n\n"

int cli_backups(int argc, char **argv)
{
    const struct command_group group = {"backups", ABOUT, commands,
                                        sizeof(commands) / sizeof(*commands)};
    return command_group_run(&group, argc, argv);
}
