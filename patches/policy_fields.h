/*
 * The keys of `database`, `restoreProfiles` and `backupProfiles`, and the structs they are read
 * into before anybody judges the values. docs/configuration.md is made from the tables.
 */
#ifndef PATCHES_POLICY_FIELDS_H
#define PATCHES_POLICY_FIELDS_H

#include "patches/fields.h"

struct database_fields {
    char *image;
    struct strlist replace_images;
    struct strlist pg_hba;
    unsigned locales; /* the place in old, image */
    bool patch_live_clusters;
    char *postgresql_version;
};

struct s3_fields {
    char *bucket;
    char *scope;
    char *scope_prefix;
    char *suffix;
    char *region;
    char *endpoint;
    char *prefix;
};

struct target_fields {
    char *time;
    char *timeline;
    const json_t *inclusive;
};

struct credential_fields {
    const json_t *secret;
    const json_t *workload_identity;
};

struct secret_fields {
    char *name;
    char *access_key_id;
    char *secret_access_key;
};

struct identity_fields {
    char *role_arn;
    char *token_file;
};

/* A variable by reference: {secret: {name, key}}. */
struct reference_fields {
    char *name;
    char *key;
};

/* Of all kinds of profile; a kind fills what its table has. */
struct profile_fields {
    unsigned from;
    struct s3_fields s3;
    struct target_fields target;
    struct credential_fields credentials;
    const json_t *env;
    char *source_locales;
    const json_t *clusters;
    struct strlist except;
    char *own_archive;
    char *schedule;
    uint64_t retain;
};

extern const struct field policy_database_fields[]; /* struct database_fields */
extern const struct field policy_enabled_fields[];  /* struct profile_fields, as the next two */
extern const struct field policy_restore_fields[];
extern const struct field policy_backup_fields[];
extern const struct field policy_secret_fields[];    /* struct secret_fields */
extern const struct field policy_identity_fields[];  /* struct identity_fields */
extern const struct field policy_reference_fields[]; /* struct { struct reference_fields } */

#endif
