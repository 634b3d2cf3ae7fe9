/*
 * What the decisions read of a `postgresql` resource (acid.zalan.do/v1), and whose it is.
 */
#ifndef PATCHES_RESOURCE_H
#define PATCHES_RESOURCE_H

#include "patches/policy.h"
#include "patches/subject.h"

/* The variable that keeps a database on the collation of Ubuntu 18.04. Spilo's launch.sh takes
 * exactly "true". */
#define RESOURCE_LOCALES "USE_OLD_LOCALES"

/* The PostgreSQL version that Harbor-operator hard-codes. */
#define RESOURCE_HARBOR_VERSION 12

enum rules_kind {
    RULES_DEFAULT,  /* absent, null, empty, or Harbor's two lines */
    RULES_REPAIRED, /* the configured ones */
    RULES_CUSTOM,   /* a person's; also what is no list of texts */
};

enum image_kind {
    IMAGE_DEFAULT, /* absent, null, empty, or one of database.replaceImages */
    IMAGE_PIN,
    IMAGE_CHOSEN, /* a person's */
};

/* All borrowed from the document. */
struct resource {
    struct value object;
    struct value rules; /* spec.patroni.pg_hba */
    enum rules_kind rules_kind;
    struct value image; /* spec.dockerImage */
    enum image_kind image_kind;
    unsigned version;     /* major of spec.postgresql.version; 0 when it is no number */
    struct value env;     /* spec.env */
    struct value locales; /* the first spec.env entry RESOURCE_LOCALES: the operator takes it */
};

/* Whether the request is about a resource of Harbor-operator: its checksum annotation, an owner
 * HarborCluster, or its names for resource and team; in object or oldObject, because its PUT drops
 * owners (Harbor-operator before 2023-08). *ret_why tells which, for a person. */
bool resource_is_harbor(const struct subject *subject, const char **ret_why);

/* Whether the image is one of database.replaceImages. */
bool resource_is_default_image(const struct policy *policy, struct str image);

void resource_read(const struct policy *policy, struct value object, struct resource *ret);

/* Whether spec.env has no entries: absent, null or []. */
bool resource_env_empty(const struct resource *resource);

/* Whether the database lives with the old collation by its variable: a literal "true". */
bool resource_locales_old(const struct resource *resource);

/* Whether the rules let Patroni in, with the cause if not. No rules at all do: spilo then writes
 * its own. */
bool resource_rules_work(const struct resource *resource, struct error *err);

#endif
