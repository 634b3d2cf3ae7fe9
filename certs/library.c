#include "certs/library.h"

#include <openssl/crypto.h>

const char *certs_library_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION_STRING);
}
