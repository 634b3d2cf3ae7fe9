/* The environment of each kind of profile, in the order in which a pod receives it. */
#ifndef PATCHES_PROFILE_ENTRIES_H
#define PATCHES_PROFILE_ENTRIES_H

#include "patches/profile_values.h"

/* Add to `entries` what a sound profile sets, `env` left out. */
void profile_entries_restore(const struct profile_fields *fields,
                             const struct credentials *credentials, struct entry_list *entries);
void profile_entries_enabled(struct entry_list *entries);
void profile_entries_backup(const struct profile_fields *fields,
                            const struct credentials *credentials, struct entry_list *entries);

#endif
