/* The keys of the configuration file, for the reader and for the reference page. */
#ifndef SERVER_CONFIG_FIELDS_H
#define SERVER_CONFIG_FIELDS_H

#include "patches/fields.h"

/* What the file holds at its top: the process's own sections, read into a struct config, and the
 * trees that the policy reads. */
struct file_fields {
    const json_t *server, *tls, *log;
    const json_t *database, *restore_profiles, *backup_profiles;
};

extern const struct field config_file_fields[];   /* struct file_fields */
extern const struct field config_server_fields[]; /* struct config_server */
extern const struct field config_tls_fields[];    /* struct config_tls */
extern const struct field config_log_fields[];    /* struct config_log */

#endif
