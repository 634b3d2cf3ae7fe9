/* Puts a changed configuration file into use while the server runs, or says why not. */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/log.h"
#include "server/metrics.h"
#include "server/snapshot.h"

/* Reads the file again. If it has no mistakes, in form or in a profile's values, it becomes the
 * configuration of the snapshot, and true is returned; if it has, each is logged and the old one
 * stays. Changes that only a restart puts into use are logged. */
bool reload_config(const char *path, struct snapshot *snapshot, struct log *log,
                   struct metrics *metrics);

/* Logs each mistake in the profiles' values as an error; returns how many there are. */
size_t reload_log_problems(const struct policy *policy, const char *message, struct log *log);

/* Adds the paths of the keys that differ and are only read at the start. */
void reload_restarts(const struct config *old, const struct config *new, struct strlist *keys);

#endif
