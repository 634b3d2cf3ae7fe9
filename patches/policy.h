/*
 * What the operator of the webhook has configured, as the decisions read it: immutable once parsed.
 * The text form is YAML in a file, but YAML is mere syntax: this takes the tree.
 */
#ifndef PATCHES_POLICY_H
#define PATCHES_POLICY_H

#include "base/error.h"
#include "base/strlist.h"
#include "patches/image.h"

#include <jansson.h>

/* Names that are part of the contract. */
#define POLICY_CONFIG_NAME "harbor-pg-restore" /* ConfigMap and Secret of a namespace */
#define POLICY_CONFIG_LABEL "harbor-pg-webhook/config"
#define POLICY_PATCHED_ANNOTATION "harbor-pg-webhook/patched"
#define POLICY_REPAIR_ANNOTATION "harbor-pg-webhook/repair"
#define POLICY_PROFILE_ENABLED "enabled"
#define POLICY_PROFILE_UNLISTED "unlisted"

enum entry_kind {
    ENTRY_VALUE,
    ENTRY_CONFIG_MAP_KEY,
    ENTRY_SECRET_KEY,
};

/* One variable that a profile puts into the container's environment. */
struct entry {
    enum entry_kind kind;
    char *name;
    char *value;    /* ENTRY_VALUE */
    char *ref_name; /* object and key of a reference */
    char *ref_key;
    bool optional; /* a reference that may be missing */
    char *json;    /* the whole element of `env`, as it goes into a patch */
};

struct entry_list {
    struct entry *items;
    size_t count;
};

enum locales { LOCALES_OLD, LOCALES_NEW };

struct database_policy {
    char *image; /* the pin */
    struct image pin;
    struct strlist replace_images; /* patterns */
    struct strlist pg_hba;         /* the rules that replace Harbor's */
    char *pg_hba_json;             /* the same as a JSON array */
    bool locales_old;              /* database.locales: old */
    bool patch_live_clusters;
    unsigned postgresql_version; /* 0 = leave Harbor's */
};

/* Which clusters a profile is for. */
enum coverage { COVERAGE_HARBOR, COVERAGE_ALL, COVERAGE_LISTED };

struct cluster_filter {
    enum coverage coverage;
    struct strlist names;  /* COVERAGE_LISTED: HarborClusters or resources */
    struct strlist except; /* HarborClusters or resources that are left alone */
};

/* A mistake in a profile makes the profile refuse every pod it would be asked about; `check` lists
 * all of them. */
struct profile_problems {
    struct strlist missing; /* incomplete-profile */
    struct strlist wrong;   /* invalid-config */
};

struct restore_profile {
    char *name;
    bool by_reference;         /* `enabled`: the namespace's own ConfigMap and Secret */
    struct entry_list entries; /* the environment, in the order in which it is added */
    char *clone_path; /* "bucket/path" without scheme, /wal and version; NULL by reference */
    bool has_endpoint;
    bool has_role;
    bool has_timeline; /* a target timeline other than latest */
    bool has_target_time;
    int64_t target_time; /* seconds UTC */
    enum locales source_locales;
    bool own_archive_verified;
    struct cluster_filter clusters;
    struct profile_problems problems;
};

struct backup_profile {
    char *name;
    struct entry_list entries;
    char *suffix;
    struct cluster_filter clusters;
    struct profile_problems problems;
};

/* Reads a text that is YAML but not JSON (SPILO_CONFIGURATION written by hand) into a tree; NULL
 * with *err on failure. Given by the process, because patches/ knows no YAML. */
typedef json_t *policy_yaml_reader(struct str text, struct error *err);

struct policy {
    struct database_policy database;
    struct restore_profile *restores; /* sorted by name; `enabled` is always there */
    size_t restore_count;
    struct backup_profile *backups; /* sorted by name */
    size_t backup_count;
    policy_yaml_reader *read_yaml; /* NULL: only JSON is understood */
};

/* Builds a policy from the configuration's members `database`, `restoreProfiles` and
 * `backupProfiles` (each may be NULL). Adds one text with its path for every mistake of form
 * (unknown key, wrong type, unusable database section) to `mistakes` and returns NULL if there is
 * any. Mistakes inside a profile's values stay with the profile (see policy_problems()). `now` is
 * seconds UTC. The caller frees with policy_free(). */
struct policy *policy_parse(const json_t *database, const json_t *restore_profiles,
                            const json_t *backup_profiles, int64_t now, struct strlist *mistakes)
    __attribute__((warn_unused_result));
void policy_free(struct policy *policy);

/* Adds every mistake in the profiles' values, each with its path, to `mistakes`. */
void policy_problems(const struct policy *policy, struct strlist *mistakes);

/* A profile by name; NULL when there is none. */
const struct restore_profile *policy_restore(const struct policy *policy, struct str name);
const struct backup_profile *policy_backup(const struct policy *policy, struct str name);

/* The names of the profiles, comma-separated ("none" when there are none); the caller frees. */
char *policy_restore_names(const struct policy *policy) __attribute__((warn_unused_result));
char *policy_backup_names(const struct policy *policy) __attribute__((warn_unused_result));

#endif
