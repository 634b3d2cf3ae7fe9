#include "patches/policy_fields.h"

#define END                                                                                        \
    {                                                                                              \
        NULL                                                                                       \
    }

/* Harbor-operator's own default images, at any registry and with any suffix of a mirror, and the
 * tag it makes up for a Harbor version it does not know. */
#define HARBOR_IMAGES "*/spilo-12:1.6-p3*\n*/spilo-13:2.1-p1*\n*/spilo-1[23]:v[0-9]*.[0-9]*.[0-9]*"

static const char *const locales_choices[] = {"old", "image", NULL};
static const char *const from_choices[] = {"namespace", NULL};

const struct field policy_database_fields[] = {
    {"image", FIELD_TEXT, offsetof(struct database_fields, image),
     "ghcr.io/zalando/spilo-16:3.2-p3", "the pin: the image that replaces Harbor's own defaults"},
    {"replaceImages", FIELD_LIST, offsetof(struct database_fields, replace_images), HARBOR_IMAGES,
     "patterns of the images that are replaced; `*` stands for any text, also `/`"},
    {"pgHba", FIELD_LIST, offsetof(struct database_fields, pg_hba), NULL,
     "rules that replace Harbor's two; empty: the nine that Harbor-operator's main branch writes"},
    {"locales", FIELD_CHOICE, offsetof(struct database_fields, locales), "old",
     "which collation Harbor's databases live with: the one of Ubuntu 18.04, or the image's",
     .choices = locales_choices},
    {"patchLiveClusters", FIELD_BOOLEAN, offsetof(struct database_fields, patch_live_clusters),
     "false", "repair, and so roll, running databases at their next update"},
    {"postgresqlVersion", FIELD_WORD, offsetof(struct database_fields, postgresql_version), "",
     "lift the version that Harbor hard-codes to this one when a database is created"},
    END,
};

static const struct field restore_s3_fields[] = {
    {"bucket", FIELD_TEXT, offsetof(struct s3_fields, bucket), NULL,
     "bucket of the source's archive, the bare name"},
    {"scope", FIELD_TEXT, offsetof(struct s3_fields, scope), NULL,
     "name of the source cluster: `postgresql-<namespace>-<harborcluster>`"},
    {"scopePrefix", FIELD_TEXT, offsetof(struct s3_fields, scope_prefix), "",
     "text in front of the scope, `<namespace>-` in the layout without uid"},
    {"suffix", FIELD_TEXT, offsetof(struct s3_fields, suffix), NULL,
     "text behind the scope: `/<uid of the source>`, or `\"\"` for the layout without uid"},
    {"region", FIELD_TEXT, offsetof(struct s3_fields, region), NULL,
     "region of the bucket, required; a store without regions: `us-east-1`"},
    {"endpoint", FIELD_TEXT, offsetof(struct s3_fields, endpoint), "",
     "only for stores that are not AWS: `https://host:port`"},
    {"prefix", FIELD_TEXT, offsetof(struct s3_fields, prefix), NULL,
     "the whole place, `s3://bucket/path/wal`, instead of bucket, scope and suffix"},
    END,
};

static const struct field backup_s3_fields[] = {
    {"bucket", FIELD_TEXT, offsetof(struct s3_fields, bucket), NULL,
     "bucket of the archive, the bare name"},
    {"region", FIELD_TEXT, offsetof(struct s3_fields, region), NULL,
     "region of the bucket, required; a store without regions: `us-east-1`"},
    {"scopePrefix", FIELD_TEXT, offsetof(struct s3_fields, scope_prefix), "",
     "text in front of the cluster's name"},
    {"suffix", FIELD_TEXT, offsetof(struct s3_fields, suffix), NULL,
     "the generation of the archive: `/generation-2`, required"},
    {"endpoint", FIELD_TEXT, offsetof(struct s3_fields, endpoint), "",
     "only for stores that are not AWS: `https://host:port`"},
    END,
};

static const struct field target_fields[] = {
    {"time", FIELD_TEXT, offsetof(struct target_fields, time), "",
     "point in time, RFC 3339 with offset; empty: the end of the archive"},
    {"timeline", FIELD_WORD, offsetof(struct target_fields, timeline), "",
     "`latest`, `current` or a number"},
    {"inclusive", FIELD_TREE, offsetof(struct target_fields, inclusive), NULL,
     "true: stop just behind the point in time; false: just before it"},
    END,
};

const struct field policy_secret_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct secret_fields, name), NULL,
     "name of the Secret in the pod's namespace"},
    {"accessKeyId", FIELD_TEXT, offsetof(struct secret_fields, access_key_id), NULL,
     "key in the Secret that holds the access key"},
    {"secretAccessKey", FIELD_TEXT, offsetof(struct secret_fields, secret_access_key), NULL,
     "key in the Secret that holds the secret key"},
    END,
};

const struct field policy_identity_fields[] = {
    {"roleArn", FIELD_TEXT, offsetof(struct identity_fields, role_arn), NULL,
     "role: `arn:aws:iam::<account>:role/<name>`"},
    {"webIdentityTokenFile", FIELD_TEXT, offsetof(struct identity_fields, token_file), NULL,
     "file in the container with the token"},
    END,
};

const struct field policy_reference_fields[] = {
    {"name", FIELD_TEXT, offsetof(struct reference_fields, name), NULL, "name of the Secret"},
    {"key", FIELD_TEXT, offsetof(struct reference_fields, key), NULL, "key in the Secret"},
    END,
};

static const struct field credential_fields[] = {
    {"secret", FIELD_TREE, offsetof(struct credential_fields, secret), NULL,
     "keys by reference to a Secret", .fields = policy_secret_fields},
    {"workloadIdentity", FIELD_TREE, offsetof(struct credential_fields, workload_identity), NULL,
     "a role taken with the pod's identity, instead of `secret`", .fields = policy_identity_fields},
    END,
};

#define CLUSTERS_ROW                                                                               \
    {                                                                                              \
        "clusters", FIELD_TREE, offsetof(struct profile_fields, clusters), "harbor",               \
            "`harbor`: Harbor's own databases, `all`, or a list of HarborClusters or resources"    \
    }
#define EXCEPT_ROW                                                                                 \
    {                                                                                              \
        "except", FIELD_LIST, offsetof(struct profile_fields, except), NULL,                       \
            "HarborClusters or resources that the profile leaves alone"                            \
    }
#define OWN_ARCHIVE_ROW                                                                            \
    {                                                                                              \
        "ownArchive", FIELD_TEXT, offsetof(struct profile_fields, own_archive), "",                \
            "`verified`: a person vouches that the new cluster does not archive into the source"   \
    }
#define CREDENTIALS_ROW                                                                            \
    {                                                                                              \
        "credentials", FIELD_SECTION, offsetof(struct profile_fields, credentials), NULL,          \
            "keys of the store, never as values", .fields = credential_fields                      \
    }
#define ENV_ROW                                                                                    \
    {                                                                                              \
        "env", FIELD_TREE, offsetof(struct profile_fields, env), NULL,                             \
            "further variables (docs/variables.md): text, or `{secret: {name, key}}`"              \
    }

const struct field policy_enabled_fields[] = {
    {"from", FIELD_CHOICE, offsetof(struct profile_fields, from), "namespace",
     "where the settings come from", .choices = from_choices},
    CLUSTERS_ROW,
    EXCEPT_ROW,
    OWN_ARCHIVE_ROW,
    END,
};

const struct field policy_restore_fields[] = {
    {"s3", FIELD_SECTION, offsetof(struct profile_fields, s3), NULL,
     "where the source's archive lies", .fields = restore_s3_fields},
    {"target", FIELD_SECTION, offsetof(struct profile_fields, target), NULL,
     "how far the archive is replayed", .fields = target_fields},
    CREDENTIALS_ROW,
    ENV_ROW,
    {"sourceLocales", FIELD_TEXT, offsetof(struct profile_fields, source_locales), "old",
     "`old`, or `new`: a source that spilo 2.1-p9 or later wrote without USE_OLD_LOCALES"},
    CLUSTERS_ROW,
    EXCEPT_ROW,
    OWN_ARCHIVE_ROW,
    END,
};

const struct field policy_backup_fields[] = {
    {"s3", FIELD_SECTION, offsetof(struct profile_fields, s3), NULL, "where the archive lies",
     .fields = backup_s3_fields},
    {"schedule", FIELD_TEXT, offsetof(struct profile_fields, schedule), "0 1 * * *",
     "when base backups are made: five cron fields"},
    {"retain", FIELD_NUMBER, offsetof(struct profile_fields, retain), "7",
     "days for which a base backup is kept, and how many are kept whatever their age; at least 1",
     .max = INT32_MAX},
    CREDENTIALS_ROW,
    ENV_ROW,
    CLUSTERS_ROW,
    EXCEPT_ROW,
    END,
};
