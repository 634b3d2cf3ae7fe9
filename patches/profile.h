/*
 * Turns the fields of one profile into what the decisions read: judges the values, builds the
 * environment. Mistakes of form go to `mistakes`, mistakes in values stay with the profile and
 * leave it without an environment.
 */
#ifndef PATCHES_PROFILE_H
#define PATCHES_PROFILE_H

#include "patches/policy.h"

/* The built-in profile that reads the namespace's own ConfigMap and Secret; `tree` may be NULL. */
void profile_read_enabled(const json_t *tree, struct restore_profile *ret,
                          struct strlist *mistakes);

/* A profile whose values stand in the configuration. `now` is seconds UTC. */
void profile_read_restore(const char *name, const json_t *tree, int64_t now,
                          struct restore_profile *ret, struct strlist *mistakes);
void profile_read_backup(const char *name, const json_t *tree, struct backup_profile *ret,
                         struct strlist *mistakes);

/* Free what a profile owns. */
void profile_done_restore(struct restore_profile *profile);
void profile_done_backup(struct backup_profile *profile);

#endif
