/*
 * Takes values that nobody should see out of an object before it is shown to a person. What is
 * secret is told by a variable's name (patches/variables.h), never by its value.
 */
#ifndef SERVER_MASK_H
#define SERVER_MASK_H

#include <jansson.h>

/* What stands for a masked value. */
#define MASK "***"

/* A deep copy of the object in which every literal value of a secret variable is MASK: in
 * environments ({name, value} pairs), in `data` and `stringData`, and inside texts that are JSON or
 * YAML themselves (SPILO_CONFIGURATION, kubectl's last-applied-configuration). A text that looks
 * like such and cannot be read but speaks of a secret is masked whole. References to secrets stay:
 * they are names. The caller owns the copy. */
json_t *mask_object(const json_t *object) __attribute__((warn_unused_result));

#endif
