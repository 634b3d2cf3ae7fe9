/* Standard base64 with padding (RFC 4648 4), as AdmissionResponse.patch wants it. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Adds the encoded bytes to the buffer. */
void base64_add(struct buf *buf, struct str bytes);

#endif
