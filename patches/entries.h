/* Builds the environment that a profile puts into a container. */
#ifndef PATCHES_ENTRIES_H
#define PATCHES_ENTRIES_H

#include "patches/policy.h"

/* Add an entry with a copy of the texts, and its JSON as it goes into a patch. */
void entry_add_value(struct entry_list *list, const char *name, const char *value);
void entry_add_config_map_key(struct entry_list *list, const char *name, const char *ref_name,
                              const char *ref_key, bool optional);
void entry_add_secret_key(struct entry_list *list, const char *name, const char *ref_name,
                          const char *ref_key);

/* Moves the entries of `from` behind those of `list`. */
void entries_append(struct entry_list *list, struct entry_list *from);

/* Frees the entries and leaves an empty list. */
void entries_clear(struct entry_list *list);

#endif
