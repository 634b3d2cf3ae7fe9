/* How long to wait between two looks at something that may be overloaded: pure arithmetic. */
#ifndef SERVER_BACKOFF_H
#define SERVER_BACKOFF_H

#include <stdint.h>

/* The longest wait in milliseconds, unless the other side asks for more. */
#define BACKOFF_MOST_MS 10000
#define BACKOFF_ASKED_MOST_MS 60000

/* Milliseconds to wait after so many failures in a row (0: all is well, look again in 4 to 8 s):
 * doubling from one second, and somewhere in the upper half, so that replicas that failed together
 * do not come back together. Never shorter than what the other side asked for (`asked` seconds, 0 =
 * nothing), up to BACKOFF_ASKED_MOST_MS. `random` is any number. */
uint64_t backoff_ms(unsigned failures, unsigned asked, uint32_t random);

#endif
