/*
 * The documents of a file, one after the other: JSON or YAML, separated by "---" or, in JSON,
 * simply following each other; the items of a `kind: List` count as documents. And the
 * AdmissionReview around a bare manifest. Mere syntax: whether an object makes sense is decided
 * elsewhere.
 */
#ifndef SERVER_MANIFEST_H
#define SERVER_MANIFEST_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

enum manifest_kind {
    MANIFEST_POSTGRESQL,
    MANIFEST_POD,
    MANIFEST_CONFIGMAP,
};

struct manifest {
    json_t *review; /* the AdmissionReview: as it was read, or made around the object */
    enum manifest_kind kind;
    bool bare; /* the document was an object, not a review */
    bool yaml; /* as it was read */
};

/* A walk over a text, which is borrowed. Start with {.name, .text, .namespace}. */
struct manifest_reader {
    const char *name;      /* of the file, for messages */
    struct str text;       /* what has not been read */
    const char *namespace; /* of a manifest that names none */
    /* private */
    struct str json;     /* rest of a part between markers that is JSON */
    json_t *list;        /* a List that is being walked through, */
    size_t item;         /* the next of its items, */
    bool list_yaml;      /* and how it was written */
    const char *counted; /* up to where line ends were counted */
    size_t lines;        /* and how many there were */
    size_t documents;    /* found so far */
};

enum manifest_result {
    MANIFEST_END,
    MANIFEST_BAD, /* *err names file, place and mistake; the walk can go on */
    MANIFEST_READ,
};

/* The next document; on MANIFEST_READ the caller frees *ret with manifest_done(). */
enum manifest_result manifest_next(struct manifest_reader *reader, struct manifest *ret,
                                   struct error *err) __attribute__((warn_unused_result));
void manifest_done(struct manifest *manifest);

/* Whether the text holds, or held, more than the document that was read last. */
bool manifest_several(const struct manifest_reader *reader);

/* Lets go of what a walk holds, at its end or before. */
void manifest_reader_done(struct manifest_reader *reader);

/* Adds a tree as it would stand in a file: YAML, or JSON indented by two blanks; ends with a line
 * end. */
void manifest_write(const json_t *tree, bool yaml, struct buf *text);

#endif
