#include "certs/rotate.h"

enum rotate rotate_at(int64_t now, int64_t not_before, int64_t not_after)
{
    if (now > not_after)
        return ROTATE_EXPIRED;
    /* Made while the clock was ahead: waiting for its first day would mean refused handshakes. */
    if (now < not_before)
        return ROTATE_RENEW;
    int64_t last_third = (not_after - not_before) / 3;
    return not_after - now <= last_third ? ROTATE_RENEW : ROTATE_KEEP;
}
