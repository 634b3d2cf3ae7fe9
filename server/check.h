/*
 * Findings about a configuration and about restore ConfigMaps, as lines for a person: "file: path:
 * text", warnings marked. Reads nothing itself.
 */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "patches/policy.h"

/* All findings of one run. */
struct check_report {
    struct buf *lines; /* borrowed */
    size_t mistakes;
    size_t warnings;
};

/* Adds the problems inside the profiles of a policy that was read from `file`. */
void check_profiles(const char *file, const struct policy *policy, struct check_report *report);

/* Adds what is wrong with the restore ConfigMaps in `text` (YAML or JSON, several documents, lists
 * of objects too). Documents that are none are named and skipped. `now` is seconds UTC. */
void check_manifests(const char *file, struct str text, const struct policy *policy, int64_t now,
                     struct check_report *report);

/* Adds one mistake as it is: it names its file already. */
void check_mistake(const char *line, struct check_report *report);

#endif
