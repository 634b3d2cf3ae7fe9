/* When a certificate is due for replacement: pure arithmetic on its dates. */
#ifndef CERTS_ROTATE_H
#define CERTS_ROTATE_H

#include <stdint.h>

enum rotate {
    ROTATE_KEEP,
    ROTATE_RENEW,   /* still usable, but two thirds of its life are over; or not valid yet */
    ROTATE_EXPIRED, /* no client accepts it */
};

/* What to do at `now` with a certificate of these dates; all in seconds UTC, as certificates can
 * hold them (years 0 to 9999). not_after itself still counts as valid (RFC 5280 4.1.2.5). */
enum rotate rotate_at(int64_t now, int64_t not_before, int64_t not_after);

#endif
