/* Standard base64 with padding (RFC 4648 4), as AdmissionResponse.patch wants it. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* Adds the encoded bytes to the buffer. */
void base64_add(struct buf *buf, struct str bytes);

/* Adds the bytes that the text encodes. Returns false, with some of them added, when it is not
 * base64 with padding (white space included) or the buffer has failed. */
bool base64_read(struct str text, struct buf *bytes) __attribute__((warn_unused_result));

#endif
