#include "server/cli_place.h"

#include "base/mem.h"
#include "patches/s3_place.h"
#include "patches/units.h"
#include "server/s3.h"

#include <stdlib.h>

struct source_place cli_place(const struct options *options, const char *prefix)
{
    return (struct source_place){
        .prefix = prefix,
        .region = options_value(options, "region", 0),
        .endpoint = options_value(options, "endpoint", 0),
        .ca = options_value(options, "ca", 0),
        .credentials = options_value(options, "credentials", 0),
        .path_style = options_has(options, "path-style"),
    };
}

static const char *value_or_environment(const char *value, const char *const *names)
{
    for (; (!value || !value[0]) && *names; names++)
        value = getenv(*names);
    return value ? value : "";
}

const char *cli_region(const struct source_place *place)
{
    static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
    return value_or_environment(place->region, names);
}

const char *cli_endpoint(const struct source_place *place)
{
    static const char *const names[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT",
                                        NULL};
    return value_or_environment(place->endpoint, names);
}

bool cli_place_complete(const struct source_place *place, const char *name, struct error *err)
{
    autofree char *bucket = NULL, *path = NULL;
    const struct str region = str_of(cli_region(place)), endpoint = str_of(cli_endpoint(place));
    if (str_find(str_of(place->prefix), STR("://")) < 0)
        return true;
    if (!s3_split(place->prefix, &bucket, &path, err))
        return error_wrap(err, "--%s", name);
    if (!region.length)
        return error_set(err, "--region is missing, expected the bucket's region (us-east-1 for a "
                              "store without regions)");
    if (!s3_region_valid(region, err))
        return error_wrap(err, "--region");
    return !endpoint.length || s3_endpoint_valid(endpoint, err) || error_wrap(err, "--endpoint");
}

bool cli_duration(const struct options *options, const char *name, int64_t otherwise,
                  int64_t *ret_seconds, struct error *err)
{
    uint64_t milliseconds = 0;
    const char *text = options_value(options, name, 0);
    if (!text) {
        *ret_seconds = otherwise;
        return true;
    }
    if (!units_duration(str_of(text), &milliseconds) || milliseconds < 1000 ||
        milliseconds > INT64_MAX)
        return error_set(err,
                         "--%s: '%s' is not a duration, expected one of at least a second such as "
                         "26h or 90m",
                         name, text);
    *ret_seconds = (int64_t)(milliseconds / 1000);
    return true;
}

bool cli_number(const struct options *options, const char *name, uint64_t most, uint64_t otherwise,
                uint64_t *ret, struct error *err)
{
    uint64_t number = otherwise;
    const char *text = options_value(options, name, 0);
    if (text && (!str_number(str_of(text), &number) || number == 0 || number > most))
        return error_set(err, "--%s: '%s' is not a number from 1 to %llu", name, text,
                         (unsigned long long)most);
    *ret = number;
    return true;
}

bool cli_rate(const struct options *options, const char *name, uint64_t otherwise, uint64_t *ret,
              struct error *err)
{
    uint64_t bytes = otherwise;
    const char *text = options_value(options, name, 0);
    if (!text) {
        *ret = otherwise;
        return true;
    }
    struct str size = str_of(text);
    struct str each_second = STR("/s");
    bool rate = str_ends(size, each_second);
    size.length -= rate ? each_second.length : 0;
    if (!rate || !units_size(size, &bytes) || bytes == 0)
        return error_set(err, "--%s: '%s' is not a rate, expected one such as 10MiB/s", name, text);
    *ret = bytes;
    return true;
}
