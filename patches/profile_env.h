/* The key `env` of a profile: further variables that spilo reads. */
#ifndef PATCHES_PROFILE_ENV_H
#define PATCHES_PROFILE_ENV_H

#include "patches/profile_values.h"

/* Adds an entry for each member of `env` (may be NULL), in its order; what is unknown, set by the
 * profile itself, or a secret given as text becomes a problem. `clone`: a restore profile, whose
 * names begin with CLONE_. `has_endpoint`: the profile names an endpoint. */
void profile_env(const struct profile_reader *reader, const json_t *env, bool clone,
                 bool has_endpoint, struct entry_list *entries);

#endif
