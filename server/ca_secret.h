/* The Secret that holds the CA, as JSON: what of it is ours in, and out. Pure. */
#ifndef SERVER_CA_SECRET_H
#define SERVER_CA_SECRET_H

#include "certs/authority.h"

#include <jansson.h>

/* Reads our keys of the Secret's data; errors as authority_open(), and for a value that is no
 * base64. The caller frees. */
bool ca_secret_read(const json_t *secret, struct authority **ret, struct error *err)
    __attribute__((warn_unused_result));

/* The Secret with our keys as the authority has them and everything else as it was, its
 * resourceVersion included. A new reference. */
json_t *ca_secret_write(const json_t *secret, const struct authority *authority)
    __attribute__((warn_unused_result));

#endif
