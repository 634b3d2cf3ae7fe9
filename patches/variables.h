/*
 * The one table of environment names that spilo reads for archiving and cloning (spilo's
 * configure_spilo.py, write_wale_environment and its neighbours). Validation, the masking of
 * secrets, the neutral values of restores and docs/variables.md all come from it.
 */
#ifndef PATCHES_VARIABLES_H
#define PATCHES_VARIABLES_H

#include "base/str.h"

enum variable_kind {
    VARIABLE_TEXT,
    VARIABLE_BOOLEAN, /* spilo takes every non-empty text for true */
    VARIABLE_NUMBER,
    VARIABLE_URL,
    VARIABLE_PATH,
};

enum variable_prefix {
    VARIABLE_BOTH,       /* read as NAME for the own archive and as CLONE_NAME for the clone */
    VARIABLE_OWN_ONLY,   /* read as it stands only */
    VARIABLE_CLONE_ONLY, /* the name itself begins with CLONE_ */
};

struct variable {
    const char *name;  /* without CLONE_ for VARIABLE_BOTH */
    const char *since; /* first spilo tag that reads it, "" = all known ones */
    enum variable_prefix prefix;
    enum variable_kind kind;
    bool secret;         /* may be given by secretKeyRef only, and is masked */
    const char *neutral; /* what means "not set" to spilo: "" unless stated */
    const char *meaning; /* one phrase for the reference page */
};

/* The table and its length. */
const struct variable *variables(size_t *ret_count);

/* The row for a name as it stands in a container's environment ("CLONE_AWS_REGION" and
 * "AWS_REGION" find the same row); NULL when spilo reads no such name. */
const struct variable *variable_find(struct str name);

/* The full name of a known variable that is nearest to `name`, for "did you mean"; NULL when none
 * is near. `clone` looks among the CLONE_ names only. The caller frees. */
char *variable_nearest(struct str name, bool clone);

/* Whether a variable's value must never be shown: marked secret in the table, or the name contains
 * KEY, SECRET, TOKEN or PASSWORD. */
bool variable_is_secret(struct str name);

#endif
