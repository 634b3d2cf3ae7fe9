#include "certs/secret.h"

#include <openssl/crypto.h>

void secret_clear(struct buf *secret)
{
    if (secret->data)
        OPENSSL_cleanse(secret->data, secret->size);
    buf_clear(secret);
}
