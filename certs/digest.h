/* Hashes and comparisons of bytes that may be secret. */
#ifndef CERTS_DIGEST_H
#define CERTS_DIGEST_H

#include "base/str.h"

/* SHA-256 as lower-case hexadecimal digits and a NUL. */
#define DIGEST_SIZE 65

/* Writes the SHA-256 of the bytes and returns the text. */
const char *digest_text(struct str bytes, char text[DIGEST_SIZE]);

/* Random bytes that make short hashes of one run meaningless in every other one. */
struct salt {
    unsigned char bytes[32];
};

/* Fills the salt; false when there is no randomness to be had. */
bool salt_fill(struct salt *salt) __attribute__((warn_unused_result));

/* Eight hexadecimal digits and a NUL. */
#define DIGEST_SHORT_SIZE 9

/* Writes a hash of salt and bytes (HMAC-SHA-256, cut) and returns the text: equal bytes look equal
 * within one run, and nobody can try out what they are. */
const char *digest_salted(const struct salt *salt, struct str bytes, char text[DIGEST_SHORT_SIZE]);

/* Whether a and b are the same bytes, in a time that tells nothing but their lengths. */
bool digest_same(struct str a, struct str b);

#endif
