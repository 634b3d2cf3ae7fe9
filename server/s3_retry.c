#include "server/s3_retry.h"

#include <stddef.h>
#include <string.h>

#define WAIT_FIRST_MS 250
#define WAIT_MOST_MS 16000

/* How often to ask, in all. */
static const unsigned most_tries[] = {
    [S3_TROUBLE_LASTING] = 1, [S3_TROUBLE_BUSY] = 8,        [S3_TROUBLE_BROKEN] = 8,
    [S3_TROUBLE_GARBLED] = 3, [S3_TROUBLE_UNREACHABLE] = 3, [S3_TROUBLE_EXPIRED] = 2,
};

/* The first row that fits; 0 and NULL fit all. */
static const struct {
    long status;
    const char *code;
    enum s3_trouble trouble;
} troubles[] = {
    {0, "SlowDown", S3_TROUBLE_BUSY},
    {0, "InternalError", S3_TROUBLE_BUSY},
    {0, "ServiceUnavailable", S3_TROUBLE_BUSY},
    {0, "OperationAborted", S3_TROUBLE_BUSY},
    {0, "ConditionalRequestConflict", S3_TROUBLE_BUSY},
    {0, "Throttling", S3_TROUBLE_BUSY},
    {0, "ThrottlingException", S3_TROUBLE_BUSY},
    {0, "IDPCommunicationError", S3_TROUBLE_BUSY},
    {0, "RequestTimeout", S3_TROUBLE_BROKEN},
    {0, "ExpiredToken", S3_TROUBLE_EXPIRED},
    {0, "TokenRefreshRequired", S3_TROUBLE_EXPIRED},
    {429, NULL, S3_TROUBLE_BUSY},
    {500, NULL, S3_TROUBLE_BUSY},
    {502, NULL, S3_TROUBLE_BUSY},
    {503, NULL, S3_TROUBLE_BUSY},
    {504, NULL, S3_TROUBLE_BUSY},
    {0, NULL, S3_TROUBLE_LASTING},
};

enum s3_trouble s3_trouble_of(long status, const char *code)
{
    size_t row = 0;
    while ((troubles[row].status && troubles[row].status != status) ||
           (troubles[row].code && strcmp(troubles[row].code, code) != 0))
        row++;
    return troubles[row].trouble;
}

static unsigned wait_ms(unsigned tries, uint32_t random)
{
    unsigned longest = WAIT_FIRST_MS;
    for (unsigned i = 1; i < tries && longest < WAIT_MOST_MS; i++)
        longest *= 2;
    return longest / 2 + random % (longest / 2 + 1);
}

bool s3_retry_again(struct s3_retry *retry, enum s3_trouble trouble, unsigned asked, int64_t now_ms,
                    uint32_t random, unsigned *ret_ms)
{
    if (!retry->since_ms)
        retry->since_ms = now_ms;
    retry->tries++;
    unsigned wait = trouble == S3_TROUBLE_EXPIRED ? 0 : wait_ms(retry->tries, random);
    if (asked > S3_RETRY_MOST_MS / 1000)
        return false;
    if (wait < asked * 1000)
        wait = asked * 1000;
    if (retry->tries >= most_tries[trouble] || now_ms + wait - retry->since_ms > S3_RETRY_MOST_MS)
        return false;
    *ret_ms = wait;
    return true;
}
