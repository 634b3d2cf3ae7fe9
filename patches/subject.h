/* What is decided about: the part of an AdmissionReview's request that a decision reads. */
#ifndef PATCHES_SUBJECT_H
#define PATCHES_SUBJECT_H

#include "patches/doc.h"

enum operation {
    OPERATION_CREATE,
    OPERATION_UPDATE,
    OPERATION_DELETE,
    OPERATION_CONNECT,
};

/* All borrowed from the review. */
struct subject {
    enum operation operation;
    struct str namespace;    /* request.namespace: authoritative, unlike metadata.namespace */
    struct str name;         /* request.name; empty on CREATE with generateName */
    struct str sub_resource; /* "status" and the like; absent or empty for the object itself */
    struct value object;     /* absent on DELETE */
    struct value old_object; /* absent on CREATE */
    int64_t now;             /* seconds since 1970-01-01 UTC */
};

/* metadata.labels[key] and metadata.annotations[key]; STR_NONE when there is none. */
struct str object_label(struct value object, const char *key);
struct str object_annotation(struct value object, const char *key);

/* The name of the first entry of metadata.ownerReferences whose kind is `kind` and whose apiVersion
 * begins with `group` ("apps/"); STR_NONE when there is none. */
struct str object_owner(struct value object, const char *group, const char *kind);

#endif
