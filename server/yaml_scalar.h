/* Which plain scalar of YAML is what: pure text rules, shared by the reader and the writer. */
#ifndef SERVER_YAML_SCALAR_H
#define SERVER_YAML_SCALAR_H

#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

/* The JSON value of an unquoted scalar by the YAML 1.2 core schema; whole numbers that begin with 0
 * are octal, as Kubernetes' readers take them. Fails for a number that JSON or 64 bits cannot hold.
 * The caller owns the value. */
json_t *yaml_scalar(struct str text, struct error *err) __attribute__((warn_unused_result));

/* Whether some reader of YAML (1.1 or 1.2) would take the text, written without quotes, for
 * something else than this text. Syntax is not looked at. */
bool yaml_needs_quotes(struct str text);

/* The shortest decimal that reads back as the same number; `text` receives it. */
void yaml_real(double number, char text[32]);

#endif
