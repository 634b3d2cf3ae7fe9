/* `backups watch` from its start to its end: looks at each archive once an interval, one after the
 * other, logs what it finds and serves the numbers. */
#ifndef SERVER_ARCHIVE_WATCH_RUN_H
#define SERVER_ARCHIVE_WATCH_RUN_H

/* Runs with the configuration of the file until SIGTERM or SIGINT, and then ends at once. Must be
 * called before any other thread runs. Returns the exit status: 0, or 1 when it could not start. */
int watch_run(const char *config_path);

#endif
