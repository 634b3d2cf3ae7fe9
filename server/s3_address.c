#include "server/s3_address.h"

#include "base/mem.h"
#include "patches/s3_place.h"

#include <arpa/inet.h>

#define PAGE_KEYS "1000" /* S3's own limit */

char *s3_aws_endpoint(const char *service, const char *region)
{
    bool china = str_starts(str_of(region), STR("cn-"));
    return xasprintf("https://%s.%s.amazonaws.com%s", service, region, china ? ".cn" : "");
}

/* An address, or a name that has no names below it. */
static bool cannot_have_names_below(struct str host)
{
    struct in_addr address;
    if (str_starts(host, STR("[")))
        return true;
    long colon = str_find(host, STR(":"));
    if (colon >= 0)
        host.length = (size_t)colon;
    autofree char *name = xstrndup(host.data, host.length);
    return str_find(host, STR(".")) < 0 || inet_pton(AF_INET, name, &address) == 1;
}

bool s3_address_set(struct s3_address *ret, const char *bucket, const char *region,
                    const char *endpoint, bool path_style, struct error *err)
{
    if (!s3_bucket_valid(str_of(bucket), err))
        return error_wrap(err, "bucket");
    if (!s3_region_valid(str_of(region), err))
        return error_wrap(err, "region");
    autofree char *url = endpoint ? xstrdup(endpoint) : s3_aws_endpoint("s3", region);
    if (str_ends(str_of(url), STR("/")))
        url[strlen(url) - 1] = '\0';
    if (!s3_endpoint_valid(str_of(url), err))
        return error_wrap(err, "endpoint");
    bool plain = str_starts(str_of(url), STR("http://"));
    const char *host = strstr(url, "://") + strlen("://");
    bool dots = !plain && strchr(bucket, '.');
    *ret = (struct s3_address){.plain = plain, .custom = endpoint != NULL};
    ret->path_style = path_style || dots || cannot_have_names_below(str_of(host));
    ret->host = ret->path_style ? xstrdup(host) : xasprintf("%s.%s", bucket, host);
    ret->base = xasprintf("%s://%s%s%s", plain ? "http" : "https", ret->host,
                          ret->path_style ? "/" : "", ret->path_style ? bucket : "");
    return true;
}

void s3_address_done(struct s3_address *address)
{
    free(address->base);
    free(address->host);
    *address = (struct s3_address){0};
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void s3_encode(struct buf *url, struct str text, bool keep_slash)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (is_unreserved(text.data[i]) || (keep_slash && byte == '/'))
            buf_add_char(url, text.data[i]);
        else
            buf_add(url, (struct str){(char[]){'%', digits[byte >> 4], digits[byte & 15]}, 3});
    }
}

void s3_object_url(struct buf *url, const struct s3_address *address, const char *key)
{
    buf_addf(url, "%s/", address->base);
    s3_encode(url, str_of(key), true);
}

/* Keys that XML cannot express come encoded (encoding-type). */
void s3_list_url(struct buf *url, const struct s3_address *address,
                 const struct s3_list_query *query)
{
    const struct {
        const char *name;
        const char *value;
    } sorted[] = {
        {"continuation-token", query->token},
        {"delimiter", query->folders ? "/" : NULL},
        {"encoding-type", "url"},
        {"list-type", "2"},
        {"max-keys", PAGE_KEYS},
        {"prefix", query->prefix},
    };
    char before = '?';
    buf_addf(url, "%s%s", address->base, address->path_style ? "" : "/");
    for (size_t i = 0; i < sizeof(sorted) / sizeof(*sorted); i++) {
        if (!sorted[i].value)
            continue;
        buf_addf(url, "%c%s=", before, sorted[i].name);
        s3_encode(url, str_of(sorted[i].value), false);
        before = '&';
    }
}
