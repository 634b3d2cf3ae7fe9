/* What tests read: JSON files, recorded reviews, configurations. */
#ifndef TESTS_SUPPORT_INPUT_H
#define TESTS_SUPPORT_INPUT_H

#include "base/error.h"
#include "server/config.h"

#include <jansson.h>

/* When the recorded reviews were sent: 2026-11-22T12:00:00Z, in seconds UTC. */
#define RECORDED_AT 1795348800

/* Reads a JSON file whole. The caller owns the tree. */
json_t *json_file(const char *path, struct error *err) __attribute__((warn_unused_result));

/* A review of tests/data/reviews ("pod-create-patched-chain") without managedFields, which no
 * decision reads. Ends the program when there is none. */
json_t *recorded_review(const char *name) __attribute__((warn_unused_result));

/* A configuration by its path below the repository. Ends the program when it has mistakes. */
struct config *configuration(const char *path) __attribute__((warn_unused_result));

#endif
