#include "certs/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

static void write_hex(const unsigned char *bytes, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        *text++ = "0123456789abcdef"[bytes[i] >> 4];
        *text++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *text = '\0';
}

const char *digest_text(struct str bytes, char text[DIGEST_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(bytes.data, bytes.length, hash, NULL, EVP_sha256(), NULL);
    write_hex(hash, (DIGEST_SIZE - 1) / 2, text);
    return text;
}

bool salt_fill(struct salt *salt)
{
    return RAND_bytes(salt->bytes, sizeof(salt->bytes)) == 1;
}

const char *digest_salted(const struct salt *salt, struct str bytes, char text[DIGEST_SHORT_SIZE])
{
    unsigned char hash[EVP_MAX_MD_SIZE] = {0};
    size_t length = 0;
    EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, salt->bytes, sizeof(salt->bytes),
              (const unsigned char *)bytes.data, bytes.length, hash, sizeof(hash), &length);
    write_hex(hash, (DIGEST_SHORT_SIZE - 1) / 2, text);
    OPENSSL_cleanse(hash, sizeof(hash));
    return text;
}

bool digest_same(struct str a, struct str b)
{
    return a.data && b.data && a.length == b.length &&
           (a.length == 0 || CRYPTO_memcmp(a.data, b.data, a.length) == 0);
}
