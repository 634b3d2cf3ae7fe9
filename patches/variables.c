#include "patches/variables.h"

#include "base/mem.h"

#include <strings.h>

/* Sorted by name (bytes), for the search: pods ask about every variable they have. */
static const struct variable table[] = {
    {"AWS_ACCESS_KEY_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, true, "", "access key of the store"},
    {"AWS_ENDPOINT", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "endpoint of a store that is not AWS, a plain URL"},
    {"AWS_INSTANCE_PROFILE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "take keys from the instance"},
    {"AWS_REGION", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "region of the bucket; without it spilo guesses"},
    {"AWS_ROLE_ARN", "2.1-p7", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "role taken with a web identity"},
    {"AWS_S3_FORCE_PATH_STYLE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "bucket in the path instead of the host"},
    {"AWS_SECRET_ACCESS_KEY", "", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "secret key of the store"},
    {"AWS_STS_REGIONAL_ENDPOINTS", "2.1-p7", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "which endpoint gives out the role's keys"},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", "2.1-p7", VARIABLE_BOTH, VARIABLE_PATH, false, "",
     "file with the token of the web identity"},
    {"AZURE_CLIENT_ID", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "client of a service principal"},
    {"AZURE_CLIENT_SECRET", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "secret of a service principal"},
    {"AZURE_ENVIRONMENT_NAME", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "which Azure cloud"},
    {"AZURE_STORAGE_ACCESS_KEY", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "key of the account"},
    {"AZURE_STORAGE_ACCOUNT", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "account in Azure"},
    {"AZURE_STORAGE_SAS_TOKEN", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "token of the account"},
    {"AZURE_TENANT_ID", "2.0-p2", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "tenant of a service principal"},
    {"BACKUP_NUM_TO_RETAIN", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "days for which a base backup is kept, at least as many backups"},
    {"BACKUP_SCHEDULE", "", VARIABLE_OWN_ONLY, VARIABLE_TEXT, false, "",
     "when base backups are made: five cron fields"},
    {"CLONE_HOST", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "",
     "host of the running cluster; unused with an archive"},
    {"CLONE_METHOD", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "",
     "CLONE_WITH_WALE: start from an archive"},
    {"CLONE_PASSWORD", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, true, "",
     "password on the running cluster; unused with an archive"},
    {"CLONE_PGPASS", "", VARIABLE_CLONE_ONLY, VARIABLE_PATH, false, "",
     "password file for the running cluster; unused with an archive"},
    {"CLONE_PORT", "", VARIABLE_CLONE_ONLY, VARIABLE_NUMBER, false, "5432",
     "port of the running cluster; unused with an archive"},
    {"CLONE_TARGET_INCLUSIVE", "", VARIABLE_CLONE_ONLY, VARIABLE_BOOLEAN, false, "true",
     "stop behind (true) or before (empty) the point in time"},
    {"CLONE_TARGET_TIME", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "",
     "point in time to stop at, RFC 3339 with offset; empty: the end of the archive"},
    {"CLONE_TARGET_TIMELINE", "2.1-p6", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "latest",
     "timeline to follow: latest, current or a number"},
    {"CLONE_USER", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "",
     "user on the running cluster; unused with an archive"},
    {"CLONE_USE_WALG", "", VARIABLE_CLONE_ONLY, VARIABLE_TEXT, false, "true",
     "wal-g instead of wal-e when it is 'true'"},
    {"CLONE_WITH_BASEBACKUP", "", VARIABLE_CLONE_ONLY, VARIABLE_BOOLEAN, false, "",
     "start from a running cluster"},
    {"CLONE_WITH_WALE", "", VARIABLE_CLONE_ONLY, VARIABLE_BOOLEAN, false, "",
     "set, so that an incomplete set stops the container instead of starting empty"},
    {"ENABLE_WAL_PATH_COMPAT", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "read, but without effect on a clone"},
    {"GOOGLE_APPLICATION_CREDENTIALS", "", VARIABLE_BOTH, VARIABLE_PATH, false, "",
     "file with the service account"},
    {"PGPORT", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "", "port of PostgreSQL"},
    {"PGVERSION", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "PostgreSQL major whose folder below /wal is read; pins it for a clone"},
    {"SCOPE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "name of the cluster whose archive it is"},
    {"SSH_PORT", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "", "port of SSH"},
    {"SSH_PRIVATE_KEY_PATH", "", VARIABLE_BOTH, VARIABLE_PATH, false, "", "file with the SSH key"},
    {"SSH_USERNAME", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "user of SSH"},
    {"SWIFT_AUTHURL", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "where Swift authenticates"},
    {"SWIFT_AUTH_VERSION", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "version of the authentication in Swift"},
    {"SWIFT_DOMAIN_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "domain by id in Swift"},
    {"SWIFT_DOMAIN_NAME", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "domain in Swift"},
    {"SWIFT_ENDPOINT_TYPE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "type of endpoint in Swift"},
    {"SWIFT_PASSWORD", "", VARIABLE_BOTH, VARIABLE_TEXT, true, "", "password in Swift"},
    {"SWIFT_PROJECT_DOMAIN_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "domain of the project by id in Swift"},
    {"SWIFT_PROJECT_DOMAIN_NAME", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "domain of the project in Swift"},
    {"SWIFT_PROJECT_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "project by id in Swift"},
    {"SWIFT_PROJECT_NAME", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "project in Swift"},
    {"SWIFT_REGION", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "region in Swift"},
    {"SWIFT_TENANT", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "tenant in Swift"},
    {"SWIFT_TENANT_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "tenant by id in Swift"},
    {"SWIFT_USER", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "user in Swift"},
    {"SWIFT_USER_DOMAIN_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "domain of the user by id in Swift"},
    {"SWIFT_USER_DOMAIN_NAME", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "domain of the user in Swift"},
    {"SWIFT_USER_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "user by id in Swift"},
    {"USE_OLD_LOCALES", "2.1-p9", VARIABLE_OWN_ONLY, VARIABLE_TEXT, false, "",
     "true: collations of Ubuntu 18.04 in an image of 22.04"},
    {"USE_PAUSE_AT_RECOVERY_TARGET", "", VARIABLE_OWN_ONLY, VARIABLE_BOOLEAN, false, "",
     "pause instead of promoting at the target"},
    {"USE_WALG", "", VARIABLE_OWN_ONLY, VARIABLE_TEXT, false, "",
     "wal-g instead of wal-e when it is 'true'"},
    {"USE_WALG_BACKUP", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "true",
     "wal-g writes backups when it is 'true'"},
    {"USE_WALG_RESTORE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "wal-g reads backups when it is 'true'"},
    {"WALE_DISABLE_S3_SSE", "2.1-p4", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "no encryption by the store, for wal-e"},
    {"WALE_ENV_DIR", "", VARIABLE_BOTH, VARIABLE_PATH, false, "",
     "folder where spilo keeps the settings of wal-g"},
    {"WALE_GCS_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "older name of WALE_GS_PREFIX"},
    {"WALE_GS_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "whole place in Google storage as wal-e names it"},
    {"WALE_S3_ENDPOINT", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "endpoint as wal-e writes it: https+path://host"},
    {"WALE_S3_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "whole place in S3 as wal-e names it"},
    {"WALE_SWIFT_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "whole place in Swift"},
    {"WALG_AZURE_BUFFER_SIZE", "2.0-p2", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "size of a buffer"},
    {"WALG_AZURE_MAX_BUFFERS", "2.0-p2", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "number of buffers"},
    {"WALG_AZ_PREFIX", "2.0-p2", VARIABLE_BOTH, VARIABLE_URL, false, "", "whole place in Azure"},
    {"WALG_BACKUP_COMPRESSION_METHOD", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "compression of base backups"},
    {"WALG_BACKUP_FROM_REPLICA", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "base backups from a replica"},
    {"WALG_COMPRESSION_METHOD", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "compression: lz4, lzma, zstd, brotli"},
    {"WALG_DELTA_MAX_STEPS", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "delta backups between two full ones"},
    {"WALG_DELTA_ORIGIN", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "what a delta backup is based on"},
    {"WALG_DISABLE_S3_SSE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "no encryption by the store"},
    {"WALG_DISK_RATE_LIMIT", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "bytes per second from disk"},
    {"WALG_DOWNLOAD_CONCURRENCY", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "parallel downloads"},
    {"WALG_GS_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "whole place in Google storage"},
    {"WALG_LIBSODIUM_KEY", "2.1-p3", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "key of client-side encryption"},
    {"WALG_LIBSODIUM_KEY_PATH", "2.1-p3", VARIABLE_BOTH, VARIABLE_PATH, false, "",
     "file with that key"},
    {"WALG_LIBSODIUM_KEY_TRANSFORM", "2.1-p3", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "encoding of that key: base64, hex, none"},
    {"WALG_NETWORK_RATE_LIMIT", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "bytes per second to the store"},
    {"WALG_PGP_KEY", "", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "OpenPGP key of client-side encryption"},
    {"WALG_PGP_KEY_PASSPHRASE", "", VARIABLE_BOTH, VARIABLE_TEXT, true, "",
     "passphrase of the OpenPGP key"},
    {"WALG_PGP_KEY_PATH", "", VARIABLE_BOTH, VARIABLE_PATH, false, "", "file with the OpenPGP key"},
    {"WALG_PREVENT_WAL_OVERWRITE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "refuse to overwrite WAL in the archive"},
    {"WALG_S3_CA_CERT_FILE", "2.0-p7", VARIABLE_BOTH, VARIABLE_PATH, false, "",
     "file with the CA of the store"},
    {"WALG_S3_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "whole place in S3, instead of bucket, scope and suffix"},
    {"WALG_S3_SSE", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "kind of encryption by the store"},
    {"WALG_S3_SSE_KMS_ID", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "key for encryption by the store"},
    {"WALG_SENTINEL_USER_DATA", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "text stored beside a base backup"},
    {"WALG_SSH_PREFIX", "", VARIABLE_BOTH, VARIABLE_URL, false, "",
     "whole place behind SSH; cannot start a clone"},
    {"WALG_UPLOAD_CONCURRENCY", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "", "parallel uploads"},
    {"WALG_UPLOAD_DISK_CONCURRENCY", "", VARIABLE_BOTH, VARIABLE_NUMBER, false, "",
     "parallel reads from disk"},
    {"WAL_BUCKET_SCOPE_PREFIX", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "text in front of the scope in the path"},
    {"WAL_BUCKET_SCOPE_SUFFIX", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "text behind the scope in the path, begins with '/'"},
    {"WAL_GCS_BUCKET", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "bucket in Google storage, older name"},
    {"WAL_GS_BUCKET", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "bucket in Google storage"},
    {"WAL_S3_BUCKET", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "bucket in S3, the bare name"},
    {"WAL_SWIFT_BUCKET", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "", "container in Swift"},
    {"http_proxy", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "proxy for HTTP"},
    {"https_proxy", "", VARIABLE_BOTH, VARIABLE_URL, false, "", "proxy for HTTPS"},
    {"no_proxy", "", VARIABLE_BOTH, VARIABLE_TEXT, false, "",
     "hosts that are reached without a proxy"},
};
#define TABLE_COUNT (sizeof(table) / sizeof(table[0]))

static const struct str clone_prefix = STR("CLONE_");

const struct variable *variables(size_t *ret_count)
{
    *ret_count = TABLE_COUNT;
    return table;
}

static int compare(struct str name, const char *row_name)
{
    size_t row_length = strlen(row_name);
    size_t least = name.length < row_length ? name.length : row_length;
    int order = memcmp(name.data, row_name, least);
    if (order)
        return order;
    return name.length < row_length ? -1 : name.length > row_length;
}

static const struct variable *find_row(struct str name)
{
    size_t low = 0;
    size_t high = TABLE_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(name, table[middle].name);
        if (order == 0)
            return &table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct variable *variable_find(struct str name)
{
    const struct variable *row = find_row(name);
    if (row || !str_starts(name, clone_prefix))
        return row;
    row = find_row(str_skip(name, clone_prefix.length));
    return row && row->prefix == VARIABLE_BOTH ? row : NULL;
}

/* The row's name without CLONE_, or STR_NONE when it is not read with (clone) or without it. */
static struct str bare_name(const struct variable *row, bool clone)
{
    struct str name = str_of(row->name);
    if (row->prefix == VARIABLE_BOTH)
        return name;
    if ((row->prefix == VARIABLE_CLONE_ONLY) != clone)
        return STR_NONE;
    return clone ? str_skip(name, clone_prefix.length) : name;
}

char *variable_nearest(struct str name, bool clone)
{
    struct str bare = str_starts(name, clone_prefix) ? str_skip(name, clone_prefix.length) : name;
    size_t best = bare.length / 2 < 8 ? bare.length / 2 + 1 : 9; /* what is as far is not near */
    struct str nearest = STR_NONE;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        struct str candidate = bare_name(&table[i], clone);
        size_t distance = candidate.data ? str_distance(bare, candidate) : SIZE_MAX;
        if (distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    if (!nearest.data)
        return NULL;
    return xasprintf("%s%.*s", clone ? "CLONE_" : "", STR_ARG(nearest));
}

static bool contains_folded(struct str text, struct str part)
{
    for (size_t i = 0; i + part.length <= text.length; i++)
        if (strncasecmp(text.data + i, part.data, part.length) == 0)
            return true;
    return false;
}

bool variable_is_secret(struct str name)
{
    static const struct str words[] = {STR("KEY"), STR("SECRET"), STR("TOKEN"), STR("PASSWORD")};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (contains_folded(name, words[i]))
            return true;
    const struct variable *row = variable_find(name);
    return row && row->secret;
}
