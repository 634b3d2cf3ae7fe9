/*
 * YAML in and out, as mere syntax: a text becomes a jansson tree and a tree becomes a text. The
 * only file that knows libyaml. Scalars are typed by the YAML 1.2 core schema (as Kubernetes' own
 * readers do: quoted ones are strings, true/false/null, integers, reals, 0644 is octal); "yes",
 * "on" and the like are strings. Aliases, tags, several documents where one is expected, duplicate
 * keys and non-text keys are errors.
 */
#ifndef SERVER_YAML_H
#define SERVER_YAML_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

/* Deepest nesting and largest number of nodes in one text. */
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 200000

/* Reads one document; an empty text gives JSON null. Fails with "line 3, column 7: ...". The
 * caller owns the tree. */
json_t *yaml_read(struct str text, struct error *err) __attribute__((warn_unused_result));

/* Reads all documents ("---"); an empty document is left out. Returns a JSON array. */
json_t *yaml_read_all(struct str text, struct error *err) __attribute__((warn_unused_result));

/* Adds the tree as one YAML document in block style, keys in their order, strings quoted where a
 * reader would take them for something else. No "---". */
void yaml_write(const json_t *tree, struct buf *text);

/* The version of libyaml in use. */
const char *yaml_library_version(void);

#endif
