/* The options that say how a bucket is reached, the same ones in every command that reads or writes
 * S3, and numbers with a unit behind an option. */
#ifndef SERVER_CLI_PLACE_H
#define SERVER_CLI_PLACE_H

#include "server/archive/source.h"
#include "server/options.h"

/* Rows for a command's table of options. */
#define CLI_PLACE_OPTIONS                                                                          \
    {"region", "NAME", false, "the bucket's region (AWS_REGION, AWS_DEFAULT_REGION)"},             \
        {"endpoint", "URL", false, "a store that is not AWS (AWS_ENDPOINT_URL_S3)"},               \
        {"path-style", NULL, false, "the bucket in the path, not in the host's name"},             \
        {"ca", "FILE", false, "the authorities that the endpoint's certificate may be from"},      \
    {                                                                                              \
        "credentials", "DIR", false, "a folder with AWS_ACCESS_KEY_ID and so on, each a file"      \
    }

/* What the options say; borrowed from them and from `prefix`. */
struct source_place cli_place(const struct options *options, const char *prefix);

/* The region and the endpoint as they will be used: by the place, else by the environment; "" when
 * nobody says one (for the endpoint: AWS). */
const char *cli_region(const struct source_place *place);
const char *cli_endpoint(const struct source_place *place);

/* Fails with the option that is wrong, or missing, when the place is a bucket: its name (given to
 * the option `name`, without dashes), its region, its endpoint. */
bool cli_place_complete(const struct source_place *place, const char *name, struct error *err)
    __attribute__((warn_unused_result));

/* The seconds of a duration such as "26h" behind the option; `otherwise` when it was not given.
 * Fails with "--max-wal-age: ..." on what is no duration of at least a second. */
bool cli_duration(const struct options *options, const char *name, int64_t otherwise,
                  int64_t *ret_seconds, struct error *err) __attribute__((warn_unused_result));

/* The same of a whole number from 1 to `most`; and of a size with "/s" behind it, bytes. */
bool cli_number(const struct options *options, const char *name, uint64_t most, uint64_t otherwise,
                uint64_t *ret, struct error *err) __attribute__((warn_unused_result));
bool cli_rate(const struct options *options, const char *name, uint64_t otherwise, uint64_t *ret,
              struct error *err) __attribute__((warn_unused_result));

#endif
