/* What a document is made of; for doc.c, which writes it, and value.c, which reads it. */
#ifndef PATCHES_DOC_NODES_H
#define PATCHES_DOC_NODES_H

#include "patches/doc.h"

/* The key of a member: a node of its own, just before the member's value. */
#define NODE_KEY 15

/* A value or a key. Nodes stand in the order of the text, so a container's follow it. */
struct node {
    uint32_t start : 28; /* first byte in the text */
    uint32_t type : 4;   /* enum value_type, or NODE_KEY */
    uint32_t end : 31;   /* the byte after it */
    uint32_t last : 1;   /* the last element or member value of its container, or the top */
    uint32_t more; /* containers: index of the node after the last one inside; strings and keys with
                      escapes: place of the decoded text in the arena, plus one; otherwise 0 */
};

struct doc {
    struct str text;
    struct node *nodes;
    uint32_t count;
    char *arena; /* decoded texts, each NUL-terminated (none holds a NUL) */
};

/* The decoded text of a string or key. */
static inline struct str node_text(const struct doc *doc, const struct node *node)
{
    if (node->more)
        return str_of(doc->arena + node->more - 1);
    return (struct str){doc->text.data + node->start + 1, (size_t)node->end - node->start - 2};
}

#endif
