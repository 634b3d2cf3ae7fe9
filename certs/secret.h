/* Buffers that hold key material. */
#ifndef CERTS_SECRET_H
#define CERTS_SECRET_H

#include "base/buf.h"

/* As buf_clear(), but overwrites the content first, in a way no compiler removes. */
void secret_clear(struct buf *secret);

#endif
