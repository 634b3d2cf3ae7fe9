/*
 * Which Secrets have to outlive a cluster: what Harbor-operator and postgres-operator call them for
 * one HarborCluster, what a HarborCluster names itself, and what a person adds. Pure.
 */
#ifndef SERVER_VAULT_NAMES_H
#define SERVER_VAULT_NAMES_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strlist.h"

#include <jansson.h>

/* Most Secrets of one archive. */
#define VAULT_NAMES_MAX 200

/* One part of the set: a Secret that goes by one of two names. */
struct vault_part {
    const char *what;     /* "credentials of the role postgres" */
    const char *names[2]; /* with {cr} and {hc}; the second may be NULL */
    const char *role;     /* of credentials: the username that must be inside; else NULL */
    const char *key;      /* the key of its data that matters; NULL: none in particular */
    const char *without;  /* what its absence means; NULL: nothing is missing without it */
};

enum vault_part_index {
    VAULT_POSTGRES,
    VAULT_STANDBY,
    VAULT_HARBOR,
    VAULT_DATABASE_PASSWORD,
    VAULT_ENCRYPTION_KEY,
    VAULT_ADMIN_PASSWORD,
    VAULT_NOTARY_KEY,
    VAULT_RESTORE_KEYS,
    VAULT_BACKUP_KEYS,
    VAULT_PARTS
};
extern const struct vault_part vault_parts[VAULT_PARTS];

/* Whose Secrets; texts borrowed. */
struct vault_owner {
    const char *namespace;
    const char *harbor_cluster; /* NULL: none, the names are given one by one */
};

/* The name of a part's Secret, in the first or the second form; NULL when it has no second one. The
 * caller frees. */
char *vault_part_name(enum vault_part_index part, size_t form, const struct vault_owner *owner)
    __attribute__((warn_unused_result));

/* One Secret to be kept. */
struct vault_name {
    char *name;
    char *why;   /* "--name": what names it */
    size_t part; /* VAULT_PARTS: of no part */
    bool named;  /* somebody asked for it by name: its absence is a finding */
};

struct vault_names {
    struct vault_name *items; /* each name once */
    size_t count;
    bool foreign_database; /* Harbor's database is not this cluster's: it has no credentials here */
};

/* Adds the names of all parts. */
void vault_names_of(struct vault_names *names, const struct vault_owner *owner);

/* Adds the Secrets that a HarborCluster (v1beta1) refers to and that nobody makes anew: the admin
 * password, keys of its storage, passwords of a database or cache that is not in the cluster. With
 * such a database, the names of the parts that are about the one in the cluster go. */
void vault_names_read(struct vault_names *names, const json_t *harbor_cluster);

/* Adds a name that a person gave. Fails when no Secret can have it, or there are too many. */
bool vault_names_add(struct vault_names *names, const char *name, const char *why,
                     struct error *err) __attribute__((warn_unused_result));

void vault_names_done(struct vault_names *names);

/* Adds a line for everything that is to be kept and was not `found` (one for each of the names):
 * what it is, its name, and what is lost without it. */
void vault_names_absent(const struct vault_names *names, const bool *found,
                        const struct vault_owner *owner, struct strlist *absent);

/* What the Secret is called in another namespace: the name of the database's resource, and so those
 * of its credentials, hold the namespace. The caller frees. */
char *vault_name_moved(const char *name, const struct vault_owner *from, const char *namespace)
    __attribute__((warn_unused_result));

/* Whether the text can be the name of a Secret (RFC 1123 subdomain). */
bool vault_is_name(const char *text);

#endif
