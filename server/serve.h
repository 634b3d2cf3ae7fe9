/* The server process from its start to its orderly end. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

/* Serves with the configuration of the file (NULL: the defaults) until SIGTERM or SIGINT, then
 * drains; a second one cuts the drain short; SIGHUP reads the configuration again. Must be called
 * before any other thread runs. Returns the exit status: 0 after a drain, 1 when it could not
 * start. */
int serve(const char *config_path);

#endif
