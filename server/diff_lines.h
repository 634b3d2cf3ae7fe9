/* An object as lines that look like YAML, each knowing where in the object it stands. */
#ifndef SERVER_DIFF_LINES_H
#define SERVER_DIFF_LINES_H

#include "base/buf.h"

#include <jansson.h>

/* A container of the object: the top (number 0), or what a key or an element leads to. The texts
 * are borrowed from the tree. */
struct diff_node {
    size_t parent;
    size_t depth;
    const char *key;  /* NULL for an element */
    const char *name; /* of an element: its member "name", or NULL */
    size_t index;     /* of an element */
};

struct diff_line {
    char *text;  /* no line end, control characters escaped */
    size_t node; /* what the line is a part of */
};

struct diff_lines {
    struct diff_line *lines;
    size_t count;
    size_t size;
    struct diff_node *nodes;
    size_t node_count;
    size_t node_size;
};

/* Renders the tree, which must outlive *ret. The caller frees with diff_lines_done(). */
void diff_lines_make(json_t *tree, struct diff_lines *ret);
void diff_lines_done(struct diff_lines *lines);

/* The nearest node that both are part of. */
size_t diff_lines_common(const struct diff_lines *lines, size_t a, size_t b);

/* Adds "spec.containers[postgres].env"; nothing for the top. */
void diff_lines_path(const struct diff_lines *lines, size_t node, struct buf *path);

#endif
