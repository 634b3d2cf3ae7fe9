/* Judges the values of a profile's fields, each alone, and says what is missing or wrong. */
#ifndef PATCHES_PROFILE_VALUES_H
#define PATCHES_PROFILE_VALUES_H

#include "patches/policy.h"
#include "patches/policy_fields.h"

/* Where a profile's mistakes go. */
struct profile_reader {
    const char *path; /* "restoreProfiles.dr" */
    struct profile_problems *problems;
    struct strlist *mistakes; /* of form */
};

/* Add a problem at a key below the profile: "restoreProfiles.dr.s3.region: <text>". */
void profile_missing(const struct profile_reader *reader, const char *key, const char *text);
void profile_wrong(const struct profile_reader *reader, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One key that holds text. */
struct value_check {
    const char *key;
    size_t offset; /* of the char * in the fields */
    bool (*valid)(struct str text, struct error *err);
    const char *missing; /* what an absent or empty text would need to be; NULL when it may be */
    bool may_be_empty;   /* only an absent one is missing */
};

/* Checks the keys of `fields` by rows that end with one without a key. */
void profile_check(const struct profile_reader *reader, const struct value_check *checks,
                   const void *fields);

/* Credentials as they are used: by secret (`role` NULL) or by role. All owned. */
struct credentials {
    struct secret_fields secret;
    struct identity_fields identity;
};
void profile_credentials(const struct profile_reader *reader,
                         const struct credential_fields *fields, struct credentials *ret);
void credentials_done(struct credentials *credentials);

/* The keys `clusters` and `except`; takes the names in `fields->except` over. */
void profile_clusters(const struct profile_reader *reader, struct profile_fields *fields,
                      struct cluster_filter *ret);

/* The key `ownArchive`: whether a person vouches. */
bool profile_own_archive(const struct profile_reader *reader, const struct profile_fields *fields);

/* Whether nothing is missing or wrong. */
bool profile_is_sound(const struct profile_problems *problems);

/* Reads {secret: {...}}'s inner names: whether the text can name a Secret, and a key in one. */
bool profile_secret_name_valid(struct str name, struct error *err);
bool profile_secret_key_valid(struct str key, struct error *err);

#endif
