#include "patches/policy.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW 1795140000 /* 2026-11-20T02:00:00Z */

struct parsed {
    json_t *tree;
    struct policy *policy;
    struct strlist mistakes;
};

/* Parses {"database": ..., "restoreProfiles": ..., "backupProfiles": ...}, written with ' for ". */
static struct parsed parse(const char *text)
{
    struct parsed parsed = {0};
    autofree char *json = xstrdup(text);
    for (char *c = json; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_error_t err;
    parsed.tree = json_loads(json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &err);
    if (!parsed.tree)
        fail_msg("%s: %s", err.text, json);
    parsed.policy = policy_parse(
        json_object_get(parsed.tree, "database"), json_object_get(parsed.tree, "restoreProfiles"),
        json_object_get(parsed.tree, "backupProfiles"), NOW, &parsed.mistakes);
    return parsed;
}

static void parsed_done(struct parsed *parsed)
{
    json_decref(parsed->tree);
    policy_free(parsed->policy);
    strlist_clear(&parsed->mistakes);
}

struct refusal {
    const char *text;
    const char *mistakes; /* joined by line ends */
};

/* Mistakes of form: no policy at all. */
static const struct refusal form[] = {
    {"{'database': []}", "database: a list is not a mapping"},
    {"{'database': {'imag': ''}}", "database.imag: unknown key, did you mean 'image'"},
    {"{'database': {'x': 1}}",
     "database.x: unknown key, expected one of image, replaceImages, pgHba, locales, "
     "patchLiveClusters, postgresqlVersion"},
    {"{'database': {'image': ''}}", "database.image: is empty, expected an image of spilo"},
    {"{'database': {'image': 'a b'}}",
     "database.image: 'a b' has a blank, expected an image of spilo"},
    {"{'database': {'image': ['a']}}", "database.image: a list is not text (write it in quotes)"},
    {"{'database': {'patchLiveClusters': 'yes'}}",
     "database.patchLiveClusters: \"yes\" is not true or false"},
    {"{'database': {'replaceImages': 'x'}}", "database.replaceImages: text is not a list"},
    {"{'database': {'replaceImages': [null]}}",
     "database.replaceImages[0]: null is not text (write it in quotes)"},
    {"{'database': {'replaceImages': ['a', 5, 'b\\u0001', '$(X)']}}",
     "database.replaceImages[1]: a number is not text (write it in quotes)\n"
     "database.replaceImages[2]: has a control character, expected printable text\n"
     "database.replaceImages[3]: has '$(', which the kubelet would expand"},
    {"{'database': {'locales': 'new'}}", "database.locales: \"new\" is not one of old, image"},
    {"{'database': {'locales': {'a': 'canary'}}}",
     "database.locales: a mapping is not one of old, image"},
    {"{'database': {'postgresqlVersion': 'x'}}",
     "database.postgresqlVersion: 'x' is not a major version of PostgreSQL, expected one such as "
     "\"16\""},
    {"{'database': {'postgresqlVersion': '16.2'}}",
     "database.postgresqlVersion: '16.2' is not a major version of PostgreSQL, expected one such "
     "as \"16\""},
    {"{'database': {'postgresqlVersion': 100}}",
     "database.postgresqlVersion: '100' is not a major version of PostgreSQL, expected one such as "
     "\"16\""},
    {"{'database': {'postgresqlVersion': 16.2}}",
     "database.postgresqlVersion: a number is not text (write it in quotes)"},
    {"{'database': {'postgresqlVersion': 11}}",
     "database.postgresqlVersion: 11 is older than 12, which Harbor asks for"},
    {"{'database': {'postgresqlVersion': 17}}",
     "database.postgresqlVersion: 17 is not in the image ghcr.io/zalando/spilo-16:3.2-p3, which "
     "carries 11 to 16"},
    {"{'database': {'image': 'x\\u0000y'}}",
     "database.image: has a control character, expected printable text"},
    {"{'restoreProfiles': 'x'}", "restoreProfiles: text is not a mapping"},
    {"{'backupProfiles': true}", "backupProfiles: true or false is not a mapping"},
    {"{'restoreProfiles': {'unlisted': {}}}",
     "restoreProfiles.unlisted: is a reserved name, expected another one"},
    {"{'backupProfiles': {'enabled': {}}}",
     "backupProfiles.enabled: is a reserved name, expected another one"},
    {"{'backupProfiles': {'-a': {}, 'A': {}, '': {}}}",
     "backupProfiles.-a: is not a name for a profile, expected at most 63 of a-z, 0-9 and '-', a "
     "letter or digit at both ends\n"
     "backupProfiles.A: is not a name for a profile, expected at most 63 of a-z, 0-9 and '-', a "
     "letter or digit at both ends\n"
     "backupProfiles.: is not a name for a profile, expected at most 63 of a-z, 0-9 and '-', a "
     "letter or digit at both ends"},
    {"{'restoreProfiles': {'enabled': {'s3': {}}}}",
     "restoreProfiles.enabled.s3: unknown key, expected one of from, clusters, except, ownArchive"},
    {"{'restoreProfiles': {'enabled': {'from': 'here'}}}",
     "restoreProfiles.enabled.from: \"here\" is not one of namespace"},
    {"{'restoreProfiles': {'enabled': {'from': 5, 'except': {}}}}",
     "restoreProfiles.enabled.from: 5 is not one of namespace\n"
     "restoreProfiles.enabled.except: a mapping is not a list"},
    {"{'restoreProfiles': {'enabled': {'ownArchive': 'x'}}, 'database': {'locales': 1}}",
     "database.locales: 1 is not one of old, image\n"
     "restoreProfiles.enabled.ownArchive: 'x' is not 'verified' or empty"},
};

static void test_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
        cleanup(parsed_done) struct parsed parsed = parse(form[i].text);
        autofree char *mistakes = strlist_join(&parsed.mistakes, "\n");
        assert_string_equal(mistakes, form[i].mistakes);
        assert_null(parsed.policy);
    }
}

static void test_rules_that_lock_out(void **state)
{
    (void)state;
    cleanup(parsed_done) struct parsed parsed =
        parse("{'database': {'pgHba': ['hostssl all all 0.0.0.0/0 md5']}}");
    assert_null(parsed.policy);
    assert_int_equal(parsed.mistakes.count, 1);
    assert_true(str_starts(str_of(parsed.mistakes.items[0]),
                           STR("database.pgHba: would lock Patroni out: ")));
}

static void test_bounds(void **state)
{
    (void)state;
    struct buf text = BUF(1u << 20);
    buf_add_text(&text, "{'backupProfiles': {");
    for (unsigned i = 0; i < 257; i++)
        buf_addf(&text, "%s'p%u': {}", i ? "," : "", i);
    buf_add_text(&text, "}}");
    cleanup(parsed_done) struct parsed parsed = parse(text.data);
    assert_null(parsed.policy);
    assert_string_equal(parsed.mistakes.items[0],
                        "backupProfiles: has 257 profiles, expected at most 256");
    buf_clear(&text);

    buf_add_text(&text, "{'database': {'image': '");
    for (unsigned i = 0; i < 8193; i++)
        buf_add_char(&text, 'a');
    buf_add_text(&text, "'}}");
    cleanup(parsed_done) struct parsed longer = parse(text.data);
    assert_string_equal(longer.mistakes.items[0],
                        "database.image: is 8193 bytes long, expected at most 8192");
    buf_clear(&text);

    buf_add_text(&text, "{'restoreProfiles': {'dr': {'env': {");
    for (unsigned i = 0; i < 201; i++)
        buf_addf(&text, "%s'CLONE_%u': ''", i ? "," : "", i);
    buf_add_text(&text, "}}}}");
    cleanup(parsed_done) struct parsed many = parse(text.data);
    struct strlist problems = {0};
    policy_problems(many.policy, &problems);
    assert_true(
        strlist_has(&problems, STR("restoreProfiles.dr.env: has 201 names, expected at most 200")));
    strlist_clear(&problems);
    buf_clear(&text);
}

#define SECRET                                                                                     \
    "'credentials': {'secret': {'name': 'keys', 'accessKeyId': 'ID', 'secretAccessKey': 'KEY'}}"
#define PLACE "'bucket': 'backups', 'scope': 'pg', 'suffix': '/uid', 'region': 'eu-central-1'"
#define RESTORE(members) "{'restoreProfiles': {'dr': {" members "}}}"
#define BACKUP(members) "{'backupProfiles': {'b': {" members "}}}"
#define S3(members) RESTORE("'s3': {" members "}, " SECRET)
#define WITH(members) RESTORE("'s3': {" PLACE "}, " SECRET ", " members)
#define CREDENTIALS(members) RESTORE("'s3': {" PLACE "}, 'credentials': {" members "}")
#define BACKUP_S3 "'s3': {'bucket': 'backups', 'region': 'x', 'suffix': '/g2'}"
#define BACKUP_WITH(members) BACKUP(BACKUP_S3 ", " SECRET ", " members)

#define NO_NAME " (keys are given only by reference)"

/* Mistakes in values: the policy stands, the profile is refused. */
static const struct refusal values[] = {
    {S3("'bucket': 's3://backups', 'scope': 'pg', 'suffix': 'uid', 'region': ''"),
     "restoreProfiles.dr.s3.region: missing, expected the bucket's region (a store without "
     "regions: us-east-1); without it spilo guesses\n"
     "restoreProfiles.dr.s3.bucket: 's3://backups' has a scheme, expected the bare name of the "
     "bucket\n"
     "restoreProfiles.dr.s3.suffix: 'uid' does not start with '/'"},
    {S3("'bucket': '', 'region': 'x', 'suffix': null"),
     "restoreProfiles.dr.s3.bucket: missing, expected the bucket of the source's archive\n"
     "restoreProfiles.dr.s3.scope: missing, expected the name of the source cluster, such as "
     "'postgresql-harbor-harbor'\n"
     "restoreProfiles.dr.s3.suffix: missing, expected '/<uid of the source cluster>', or \"\" for "
     "the layout without uid"},
    {S3(PLACE ", 'scopePrefix': '/a', 'endpoint': 'minio'"),
     "restoreProfiles.dr.s3.scopePrefix: '/a' starts with '/', expected text such as "
     "'namespace-'\n"
     "restoreProfiles.dr.s3.endpoint: 'minio' is not an endpoint, expected 'http://host' or "
     "'https://host:port'"},
    {S3(PLACE ", 'endpoint': 'https://backups.s3.amazonaws.com'"),
     "restoreProfiles.dr.s3.endpoint: 'https://backups.s3.amazonaws.com' begins with the bucket, "
     "which would come twice, expected the host alone"},
    {S3("'prefix': 's3://backups/spilo/pg/wal', 'scope': 'pg', 'region': 'x'"),
     "restoreProfiles.dr.s3.prefix: contradicts bucket, scope, scopePrefix and suffix, expected "
     "either the prefix or the others"},
    {S3("'prefix': 's3://backups/spilo/pg/wal', 'scopePrefix': 'a', 'region': 'x'"),
     "restoreProfiles.dr.s3.prefix: contradicts bucket, scope, scopePrefix and suffix, expected "
     "either the prefix or the others"},
    {S3("'prefix': 'backups/pg', 'region': 'x'"),
     "restoreProfiles.dr.s3.prefix: 'backups/pg' does not start with 's3://'"},
    {RESTORE("'s3': {" PLACE "}"),
     "restoreProfiles.dr.credentials: missing, expected secret: {name, accessKeyId, "
     "secretAccessKey} or workloadIdentity: {roleArn, webIdentityTokenFile}"},
    {CREDENTIALS("'secret': 'canary'"),
     "restoreProfiles.dr.credentials.secret: text is not a mapping, keys are given only by "
     "reference"},
    {CREDENTIALS("'secret': {}"),
     "restoreProfiles.dr.credentials.secret.name: missing, expected the name of a Secret in the "
     "pod's namespace\n"
     "restoreProfiles.dr.credentials.secret.accessKeyId: missing, expected the key in the Secret "
     "that holds the access key\n"
     "restoreProfiles.dr.credentials.secret.secretAccessKey: missing, expected the key in the "
     "Secret that holds the secret key"},
    {CREDENTIALS("'secret': {'name': 'Canary', 'accessKeyId': 'canary+', 'secretAccessKey': "
                 "'canary/canary'}"),
     "restoreProfiles.dr.credentials.secret.name: is not the name of a Secret, expected a-z, 0-9, "
     "'-' and '.'" NO_NAME "\n"
     "restoreProfiles.dr.credentials.secret.accessKeyId: is not a key in a Secret, expected "
     "letters, digits, '-', '_' and '.'" NO_NAME "\n"
     "restoreProfiles.dr.credentials.secret.secretAccessKey: is not a key in a Secret, expected "
     "letters, digits, '-', '_' and '.'" NO_NAME},
    {CREDENTIALS("'secret': {'name': 'a b', 'accessKeyId': 'a', 'secretAccessKey': 'b'}"),
     "restoreProfiles.dr.credentials.secret.name: is not the name of a Secret, expected a-z, 0-9, "
     "'-' and '.'" NO_NAME},
    {CREDENTIALS("'workloadIdentity': {}"),
     "restoreProfiles.dr.credentials.workloadIdentity.roleArn: missing, expected "
     "'arn:aws:iam::<account>:role/<name>'\n"
     "restoreProfiles.dr.credentials.workloadIdentity.webIdentityTokenFile: missing, expected the "
     "file with the pod's token, an absolute path in the container"},
    {CREDENTIALS("'workloadIdentity': {'roleArn': 'role', 'webIdentityTokenFile': 'token'}"),
     "restoreProfiles.dr.credentials.workloadIdentity.roleArn: 'role' is not a role, expected "
     "'arn:aws:iam::<account>:role/<name>'\n"
     "restoreProfiles.dr.credentials.workloadIdentity.webIdentityTokenFile: 'token' is not an "
     "absolute path"},
    {CREDENTIALS("'secret': {'name': 'a', 'accessKeyId': 'a', 'secretAccessKey': 'b'}, "
                 "'workloadIdentity': {'roleArn': 'arn:aws:iam::1:role/a', "
                 "'webIdentityTokenFile': '/t'}"),
     "restoreProfiles.dr.credentials: has both secret and workloadIdentity, expected one of them"},
    {WITH("'target': {'time': '2026-11-20T02:00:00'}"),
     "restoreProfiles.dr.target.time: '2026-11-20T02:00:00' has no offset from UTC, expected one "
     "such as +00:00 at its end"},
    {WITH("'target': {'time': '2026-11-20T02:00:01+00:00'}"),
     "restoreProfiles.dr.target.time: '2026-11-20T02:00:01+00:00' is in the future, expected a "
     "time up to now, or none for the end of the archive"},
    {WITH("'target': {'timeline': 0, 'inclusive': 'yes'}"),
     "restoreProfiles.dr.target.timeline: '0' is not a timeline, expected 'latest', 'current' or a "
     "number from 1\n"
     "restoreProfiles.dr.target.inclusive: text is not true or false"},
    {WITH("'sourceLocales': 'image'"),
     "restoreProfiles.dr.sourceLocales: 'image' is not 'old' or 'new'"},
    {WITH("'ownArchive': 'yes'"),
     "restoreProfiles.dr.ownArchive: 'yes' is not 'verified' or empty"},
    {WITH("'clusters': 'harbour'"),
     "restoreProfiles.dr.clusters: 'harbour' is not 'harbor', 'all' or a list of names"},
    {WITH("'clusters': true"),
     "restoreProfiles.dr.clusters: true or false is not 'harbor', 'all' or a list of names"},
    {WITH("'clusters': []"), "restoreProfiles.dr.clusters: an empty list covers no cluster, "
                             "expected 'harbor', 'all' or names"},
    {WITH("'clusters': ['ok', 'No'], 'except': ['a_b']"),
     "restoreProfiles.dr.except: 'a_b' is not the name of a HarborCluster or resource, expected "
     "a-z, 0-9, '-' and '.'\n"
     "restoreProfiles.dr.clusters: 'No' is not the name of a HarborCluster or resource, expected "
     "a-z, 0-9, '-' and '.'"},
    {WITH("'env': ['CLONE_SCOPE']"),
     "restoreProfiles.dr.env: a list is not a mapping of names to texts"},
    {WITH("'env': {'CLONE_AWS_DEFAULT_REGION': 'x', 'CLONE_QQQQQQQQQQQ': 'x'}"),
     "restoreProfiles.dr.env.CLONE_AWS_DEFAULT_REGION: is no variable that spilo reads, did you "
     "mean 'CLONE_AWS_REGION'\n"
     "restoreProfiles.dr.env.CLONE_QQQQQQQQQQQ: is no variable that spilo reads, see "
     "docs/variables.md"},
    {WITH("'env': {'AWS_REGION': 'x', 'USE_OLD_LOCALES': 'true'}"),
     "restoreProfiles.dr.env.AWS_REGION: is not a name of a restore, which begin with CLONE_, did "
     "you mean 'CLONE_AWS_REGION'\n"
     "restoreProfiles.dr.env.USE_OLD_LOCALES: is not a name of a restore, which begin with CLONE_, "
     "see docs/variables.md"},
    {WITH("'env': {'CLONE_WITH_WALE': '', 'CLONE_WAL_S3_BUCKET': 'x', 'CLONE_WITH_BASEBACKUP': "
          "'true', 'CLONE_WALE_ENV_DIR': '/x', 'CLONE_WALE_S3_ENDPOINT': 'https+path://x'}"),
     "restoreProfiles.dr.env.CLONE_WITH_WALE: the profile sets it itself, remove it here\n"
     "restoreProfiles.dr.env.CLONE_WAL_S3_BUCKET: belongs into the key s3.bucket, remove it here\n"
     "restoreProfiles.dr.env.CLONE_WITH_BASEBACKUP: contradicts a restore from an archive, remove "
     "it\n"
     "restoreProfiles.dr.env.CLONE_WALE_ENV_DIR: would let an incomplete restore start empty, "
     "remove it\n"
     "restoreProfiles.dr.env.CLONE_WALE_S3_ENDPOINT: is another name of an endpoint, set "
     "s3.endpoint too or remove it"},
    {WITH("'env': {'CLONE_WALG_LIBSODIUM_KEY': 'canary', 'CLONE_PGVERSION': 12, "
          "'CLONE_WALG_DOWNLOAD_CONCURRENCY': 'many', 'CLONE_WALG_S3_CA_CERT_FILE': 'ca.crt', "
          "'CLONE_http_proxy': 'http://canary:canary@proxy', 'CLONE_https_proxy': 'proxy'}"),
     "restoreProfiles.dr.env.CLONE_WALG_LIBSODIUM_KEY: holds a secret and is given as text, "
     "expected {secret: {name, key}}\n"
     "restoreProfiles.dr.env.CLONE_PGVERSION: a number is not text (write it in quotes) or "
     "{secret: {name, key}}\n"
     "restoreProfiles.dr.env.CLONE_WALG_DOWNLOAD_CONCURRENCY: 'many' is not a whole number\n"
     "restoreProfiles.dr.env.CLONE_WALG_S3_CA_CERT_FILE: 'ca.crt' is not an absolute path\n"
     "restoreProfiles.dr.env.CLONE_http_proxy: names a user, which belongs into a Secret: {secret: "
     "{name, key}}\n"
     "restoreProfiles.dr.env.CLONE_https_proxy: 'proxy' is not a URL"},
    {WITH("'env': {'CLONE_WALG_PGP_KEY': {'secret': {}}, 'CLONE_WALG_LIBSODIUM_KEY': {'secret': "
          "{'name': 'Canary', 'key': 'canary+'}}}"),
     "restoreProfiles.dr.env.CLONE_WALG_PGP_KEY.secret.name: missing, expected the name of a "
     "Secret in the pod's namespace\n"
     "restoreProfiles.dr.env.CLONE_WALG_PGP_KEY.secret.key: missing, expected the key in the "
     "Secret\n"
     "restoreProfiles.dr.env.CLONE_WALG_LIBSODIUM_KEY.secret.name: is not the name of a Secret, "
     "expected a-z, 0-9, '-' and '.'" NO_NAME "\n"
     "restoreProfiles.dr.env.CLONE_WALG_LIBSODIUM_KEY.secret.key: is not a key in a Secret, "
     "expected letters, digits, '-', '_' and '.'" NO_NAME},
    {BACKUP(SECRET), "backupProfiles.b.s3.bucket: missing, expected the bucket of the archive\n"
                     "backupProfiles.b.s3.suffix: missing, expected the generation of the archive, "
                     "such as '/generation-2'\n"
                     "backupProfiles.b.s3.region: missing, expected the bucket's region (a store "
                     "without regions: us-east-1); without it spilo guesses"},
    {BACKUP("'s3': {'bucket': 'backups', 'region': 'x', 'suffix': ''}, " SECRET),
     "backupProfiles.b.s3.suffix: missing, expected the generation of the archive, such as "
     "'/generation-2'"},
    {BACKUP("'s3': {'bucket': 'b', 'region': 'x y', 'suffix': 'g2'}, " SECRET),
     "backupProfiles.b.s3.bucket: 'b' is not a bucket, expected 3 to 63 of a-z, 0-9, '-' and '.', "
     "a letter or digit at both ends\n"
     "backupProfiles.b.s3.suffix: 'g2' does not start with '/'\n"
     "backupProfiles.b.s3.region: 'x y' is not a region, expected one such as 'eu-central-1'"},
    {BACKUP_WITH("'schedule': 'daily', 'retain': 0"),
     "backupProfiles.b.schedule: 'daily' is no minute of cron (0 to 59) in 'daily'\n"
     "backupProfiles.b.retain: 0 would delete every base backup, expected at least 1"},
    {BACKUP_WITH("'schedule': ''"),
     "backupProfiles.b.schedule: missing, expected five cron fields such as '0 1 * * *'"},
    {BACKUP_WITH("'env': {'CLONE_AWS_S3_FORCE_PATH_STYLE': 'true', 'CLONE_METHOD': 'x', "
                 "'USE_OLD_LOCALES': 'true', 'WALG_S3_PREFIX': 's3://x', 'PGVERSION': '12', "
                 "'USE_PAUSE_AT_RECOVERY_TARGET': 'false', 'AWS_REGIO': 'x'}"),
     "backupProfiles.b.env.CLONE_AWS_S3_FORCE_PATH_STYLE: is a name of a restore, not of a backup, "
     "did you mean 'AWS_S3_FORCE_PATH_STYLE'\n"
     "backupProfiles.b.env.CLONE_METHOD: is a name of a restore, not of a backup, see "
     "docs/variables.md\n"
     "backupProfiles.b.env.USE_OLD_LOCALES: belongs to the resource for its whole life, set it in "
     "its spec.env\n"
     "backupProfiles.b.env.WALG_S3_PREFIX: is made of s3.bucket and s3.suffix, remove it\n"
     "backupProfiles.b.env.PGVERSION: belongs to the operator, remove it\n"
     "backupProfiles.b.env.USE_PAUSE_AT_RECOVERY_TARGET: 'false' counts as true for spilo, "
     "expected 'true' or empty\n"
     "backupProfiles.b.env.AWS_REGIO: is no variable that spilo reads, did you mean 'AWS_REGION'"},
};

static void test_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        cleanup(parsed_done) struct parsed parsed = parse(values[i].text);
        struct strlist problems = {0};
        assert_int_equal(parsed.mistakes.count, 0);
        policy_problems(parsed.policy, &problems);
        autofree char *text = strlist_join(&problems, "\n");
        assert_string_equal(text, values[i].mistakes);
        assert_null(strstr(text, "anary")); /* what could be a key is shown nowhere */
        strlist_clear(&problems);

        const struct restore_profile *restore = policy_restore(parsed.policy, STR("dr"));
        const struct backup_profile *backup = policy_backup(parsed.policy, STR("b"));
        assert_int_equal(restore ? restore->entries.count : backup->entries.count, 0);
    }
}

/* Mistakes of form inside a profile that is otherwise right. */
static const struct refusal inside[] = {
    {WITH("'env': {'CLONE_PGVERSION': '$(X)'}"),
     "restoreProfiles.dr.env.CLONE_PGVERSION: has '$(', which the kubelet would expand"},
    {WITH("'env': {'CLONE_PGVERSION': {'configMap': {}}}"),
     "restoreProfiles.dr.env.CLONE_PGVERSION.configMap: unknown key, expected one of secret\n"
     "restoreProfiles.dr.env.CLONE_PGVERSION.secret.name: missing, expected the name of a Secret "
     "in the pod's namespace\n"
     "restoreProfiles.dr.env.CLONE_PGVERSION.secret.key: missing, expected the key in the Secret"},
    {WITH("'clusters': [1]"),
     "restoreProfiles.dr.clusters[0]: a number is not text (write it in quotes)"},
    {CREDENTIALS("'accessKeyId': 'canary', 'secretAccessKey': 'canary'"),
     "restoreProfiles.dr.credentials.accessKeyId: unknown key, expected one of secret, "
     "workloadIdentity\n"
     "restoreProfiles.dr.credentials.secretAccessKey: unknown key, expected one of secret, "
     "workloadIdentity\n"
     "restoreProfiles.dr.credentials: missing, expected secret: {name, accessKeyId, "
     "secretAccessKey} or workloadIdentity: {roleArn, webIdentityTokenFile}"},
    {CREDENTIALS("'secret': {'name': 5, 'accessKeyId': 'a', 'secretAccessKey': 'b'}"),
     "restoreProfiles.dr.credentials.secret.name: a number is not text (write it in quotes)"},
    {BACKUP_WITH("'retain': '7'"), "backupProfiles.b.retain: \"7\" is not a whole number from 0"},
};

static void test_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
        cleanup(parsed_done) struct parsed parsed = parse(inside[i].text);
        autofree char *text = strlist_join(&parsed.mistakes, "\n");
        assert_string_equal(text, inside[i].mistakes);
        assert_null(parsed.policy);
    }
}

static void assert_entries(const struct entry_list *entries, const char *const *expected)
{
    for (size_t i = 0; i < entries->count; i++) {
        assert_non_null(expected[i]);
        assert_string_equal(entries->items[i].json, expected[i]);
    }
    assert_null(expected[entries->count]);
}

#define VALUE(name, value) "{\"name\":\"" name "\",\"value\":\"" value "\"}"
#define MAP_KEY(name, key)                                                                         \
    "{\"name\":\"" name "\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"harbor-pg-restore\","   \
    "\"key\":\"" key "\"}}}"
#define OPTIONAL_KEY(name)                                                                         \
    "{\"name\":\"" name "\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"harbor-pg-restore\","   \
    "\"key\":\"" name "\",\"optional\":true}}}"
#define SECRET_KEY(name, object, key)                                                              \
    "{\"name\":\"" name "\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"" object                   \
    "\",\"key\":\"" key "\"}}}"

static void test_enabled(void **state)
{
    (void)state;
    static const char *const expected[] = {
        VALUE("CLONE_METHOD", "CLONE_WITH_WALE"),
        VALUE("CLONE_WITH_WALE", "true"),
        MAP_KEY("CLONE_SCOPE", "CLONE_SCOPE"),
        MAP_KEY("CLONE_HOST", "CLONE_SCOPE"),
        VALUE("CLONE_USER", "standby"),
        VALUE("CLONE_PORT", "5432"),
        MAP_KEY("CLONE_WAL_S3_BUCKET", "CLONE_WAL_S3_BUCKET"),
        OPTIONAL_KEY("CLONE_WAL_BUCKET_SCOPE_PREFIX"),
        MAP_KEY("CLONE_WAL_BUCKET_SCOPE_SUFFIX", "CLONE_WAL_BUCKET_SCOPE_SUFFIX"),
        VALUE("CLONE_USE_WALG_RESTORE", "true"),
        VALUE("USE_WALG_RESTORE", "true"),
        VALUE("USEWALG_RESTORE", "true"),
        MAP_KEY("CLONE_AWS_REGION", "CLONE_AWS_REGION"),
        SECRET_KEY("CLONE_AWS_ACCESS_KEY_ID", "harbor-pg-restore", "CLONE_AWS_ACCESS_KEY_ID"),
        SECRET_KEY("CLONE_AWS_SECRET_ACCESS_KEY", "harbor-pg-restore",
                   "CLONE_AWS_SECRET_ACCESS_KEY"),
        OPTIONAL_KEY("CLONE_TARGET_TIME"),
        OPTIONAL_KEY("CLONE_TARGET_TIMELINE"),
        NULL,
    };
    cleanup(parsed_done) struct parsed parsed =
        parse("{'restoreProfiles': {'enabled': {'from': 'namespace', 'clusters': 'all', "
              "'except': ['x'], 'ownArchive': 'verified'}}}");
    const struct restore_profile *profile = policy_restore(parsed.policy, STR("enabled"));
    assert_entries(&profile->entries, expected);
    assert_true(profile->by_reference);
    assert_true(profile->own_archive_verified);
    assert_null(profile->clone_path);
    assert_int_equal(profile->clusters.coverage, COVERAGE_ALL);
    assert_string_equal(profile->clusters.except.items[0], "x");
    assert_int_equal(profile->source_locales, LOCALES_OLD);
    assert_true(profile->entries.items[7].optional);
    assert_string_equal(profile->entries.items[3].ref_key, "CLONE_SCOPE");
}

static void test_literal(void **state)
{
    (void)state;
    static const char *const expected[] = {
        VALUE("CLONE_METHOD", "CLONE_WITH_WALE"),
        VALUE("CLONE_WITH_WALE", "true"),
        VALUE("CLONE_SCOPE", "pg"),
        VALUE("CLONE_HOST", "pg"),
        VALUE("CLONE_USER", "standby"),
        VALUE("CLONE_PORT", "5432"),
        VALUE("CLONE_WAL_S3_BUCKET", "backups"),
        VALUE("CLONE_WAL_BUCKET_SCOPE_PREFIX", "ns-"),
        VALUE("CLONE_WAL_BUCKET_SCOPE_SUFFIX", ""),
        VALUE("CLONE_USE_WALG_RESTORE", "true"),
        VALUE("USE_WALG_RESTORE", "true"),
        VALUE("USEWALG_RESTORE", "true"),
        VALUE("CLONE_AWS_REGION", "eu-central-1"),
        VALUE("CLONE_AWS_ENDPOINT", "https://minio:9000"),
        SECRET_KEY("CLONE_AWS_ACCESS_KEY_ID", "keys", "ID"),
        SECRET_KEY("CLONE_AWS_SECRET_ACCESS_KEY", "keys", "KEY"),
        VALUE("CLONE_TARGET_TIME", "2026-11-20T02:00:00+00:00"),
        VALUE("CLONE_TARGET_TIMELINE", "3"),
        VALUE("CLONE_TARGET_INCLUSIVE", ""),
        VALUE("CLONE_WALG_DOWNLOAD_CONCURRENCY", "8"),
        VALUE("CLONE_WALG_SENTINEL_USER_DATA", "{\\\"a\\\":1}"),
        SECRET_KEY("CLONE_WALG_LIBSODIUM_KEY", "wal-key", "key"),
        VALUE("CLONE_WALE_S3_ENDPOINT", "https+path://minio:9000"),
        VALUE("CLONE_http_proxy", ""),
        NULL,
    };
    cleanup(parsed_done) struct parsed parsed =
        parse("{'restoreProfiles': {'zz': {}, 'dr': {'s3': {'bucket': 'backups', 'scope': 'pg', "
              "'scopePrefix': 'ns-', 'suffix': '', 'region': 'eu-central-1', 'endpoint': "
              "'https://minio:9000'}, 'target': {'time': '2026-11-20T02:00:00+00:00', 'timeline': "
              "3, 'inclusive': false}, " SECRET ", 'env': {'CLONE_WALG_DOWNLOAD_CONCURRENCY': '8', "
              "'CLONE_WALG_SENTINEL_USER_DATA': '{\\\"a\\\":1}', 'CLONE_WALG_LIBSODIUM_KEY': "
              "{'secret': {'name': 'wal-key', 'key': 'key'}}, 'CLONE_WALE_S3_ENDPOINT': "
              "'https+path://minio:9000', 'CLONE_http_proxy': ''}, 'sourceLocales': 'new', "
              "'clusters': ['harbor', 'postgresql-a-b'], 'ownArchive': ''}}}");
    const struct restore_profile *profile = policy_restore(parsed.policy, STR("dr"));
    assert_entries(&profile->entries, expected);
    assert_false(profile->by_reference);
    assert_string_equal(profile->clone_path, "backups/spilo/ns-pg");
    assert_true(profile->has_endpoint);
    assert_false(profile->has_role);
    assert_true(profile->has_timeline);
    assert_true(profile->has_target_time);
    assert_int_equal(profile->target_time, NOW);
    assert_int_equal(profile->source_locales, LOCALES_NEW);
    assert_false(profile->own_archive_verified);
    assert_int_equal(profile->clusters.coverage, COVERAGE_LISTED);
    assert_string_equal(profile->clusters.names.items[1], "postgresql-a-b");

    autofree char *names = policy_restore_names(parsed.policy);
    assert_string_equal(names, "dr, enabled, zz");
    autofree char *none = policy_backup_names(parsed.policy);
    assert_string_equal(none, "none");
    assert_null(policy_restore(parsed.policy, STR("d")));
    assert_null(policy_backup(parsed.policy, STR("dr")));
}

static void test_whole_place(void **state)
{
    (void)state;
    static const char *const expected[] = {
        VALUE("CLONE_METHOD", "CLONE_WITH_WALE"),
        VALUE("CLONE_WITH_WALE", "true"),
        VALUE("CLONE_SCOPE", "pg"),
        VALUE("CLONE_HOST", "pg"),
        VALUE("CLONE_USER", "standby"),
        VALUE("CLONE_PORT", "5432"),
        VALUE("CLONE_WALG_S3_PREFIX", "s3://backups/spilo/pg/uid/wal"),
        VALUE("CLONE_USE_WALG_RESTORE", "true"),
        VALUE("USE_WALG_RESTORE", "true"),
        VALUE("USEWALG_RESTORE", "true"),
        VALUE("CLONE_AWS_REGION", "x"),
        VALUE("CLONE_AWS_ROLE_ARN", "arn:aws:iam::1:role/a"),
        VALUE("CLONE_AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        VALUE("CLONE_TARGET_TIMELINE", "latest"),
        VALUE("CLONE_TARGET_INCLUSIVE", "true"),
        NULL,
    };
    cleanup(parsed_done) struct parsed parsed =
        parse(RESTORE("'s3': {'prefix': 's3://backups/spilo/pg/uid/wal//', 'region': 'x'}, "
                      "'credentials': {'workloadIdentity': {'roleArn': 'arn:aws:iam::1:role/a', "
                      "'webIdentityTokenFile': '/token'}}, 'target': {'timeline': 'latest', "
                      "'inclusive': true}"));
    const struct restore_profile *profile = policy_restore(parsed.policy, STR("dr"));
    assert_entries(&profile->entries, expected);
    assert_string_equal(profile->clone_path, "backups/spilo/pg/uid");
    assert_true(profile->has_role);
    assert_false(profile->has_endpoint);
    assert_false(profile->has_timeline);
    assert_false(profile->has_target_time);
    assert_int_equal(profile->clusters.coverage, COVERAGE_HARBOR);
}

static void test_backup(void **state)
{
    (void)state;
    static const char *const expected[] = {
        VALUE("WAL_S3_BUCKET", "backups"),
        VALUE("WAL_BUCKET_SCOPE_PREFIX", ""),
        VALUE("WAL_BUCKET_SCOPE_SUFFIX", "/g2"),
        VALUE("AWS_REGION", "x"),
        VALUE("AWS_ENDPOINT", "http://minio"),
        VALUE("USE_WALG_BACKUP", "true"),
        VALUE("USE_WALG_RESTORE", "true"),
        VALUE("BACKUP_SCHEDULE", "30 2 * * *"),
        VALUE("BACKUP_NUM_TO_RETAIN", "14"),
        SECRET_KEY("AWS_ACCESS_KEY_ID", "keys", "ID"),
        SECRET_KEY("AWS_SECRET_ACCESS_KEY", "keys", "KEY"),
        VALUE("AWS_S3_FORCE_PATH_STYLE", "true"),
        NULL,
    };
    cleanup(parsed_done) struct parsed parsed =
        parse("{'backupProfiles': {'z': {}, 'b': {'s3': {'bucket': 'backups', 'region': 'x', "
              "'suffix': '/g2', 'endpoint': 'http://minio'}, 'schedule': '30 2 * * *', 'retain': "
              "14, " SECRET ", 'env': {'AWS_S3_FORCE_PATH_STYLE': 'true'}, 'clusters': 'harbor', "
              "'except': ['c']}}}");
    const struct backup_profile *profile = policy_backup(parsed.policy, STR("b"));
    assert_entries(&profile->entries, expected);
    assert_string_equal(profile->suffix, "/g2");
    assert_string_equal(profile->clusters.except.items[0], "c");
    autofree char *names = policy_backup_names(parsed.policy);
    assert_string_equal(names, "b, z");
}

static void test_backup_by_role(void **state)
{
    (void)state;
    cleanup(parsed_done) struct parsed parsed =
        parse(BACKUP(BACKUP_S3 ", 'credentials': {'workloadIdentity': {'roleArn': "
                               "'arn:aws:iam::1:role/a', 'webIdentityTokenFile': '/t'}}"));
    const struct entry_list *entries = &policy_backup(parsed.policy, STR("b"))->entries;
    assert_int_equal(entries->count, 10);
    assert_string_equal(entries->items[6].json, VALUE("BACKUP_SCHEDULE", "0 1 * * *"));
    assert_string_equal(entries->items[7].json, VALUE("BACKUP_NUM_TO_RETAIN", "7"));
    assert_string_equal(entries->items[8].json, VALUE("AWS_ROLE_ARN", "arn:aws:iam::1:role/a"));
    assert_string_equal(entries->items[9].json, VALUE("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"));
}

static void test_database(void **state)
{
    (void)state;
    cleanup(parsed_done) struct parsed none = parse("{'database': null, 'restoreProfiles': null}");
    const struct database_policy *database = &none.policy->database;
    assert_string_equal(database->image, "ghcr.io/zalando/spilo-16:3.2-p3");
    assert_true(database->pin.known);
    assert_int_equal(database->replace_images.count, 3);
    assert_string_equal(database->replace_images.items[0], "*/spilo-12:1.6-p3*");
    assert_string_equal(database->replace_images.items[2], "*/spilo-1[23]:v[0-9]*.[0-9]*.[0-9]*");
    assert_int_equal(database->pg_hba.count, 9);
    assert_string_equal(database->pg_hba.items[5], "local   replication standby trust");
    assert_true(str_starts(str_of(database->pg_hba_json),
                           STR("[\"hostssl all all 0.0.0.0/0 md5\",\"host all")));
    assert_true(database->locales_old);
    assert_false(database->patch_live_clusters);
    assert_int_equal(database->postgresql_version, 0);
    assert_int_equal(none.policy->restore_count, 1);
    assert_int_equal(none.policy->backup_count, 0);
    assert_null(none.policy->read_yaml);

    cleanup(parsed_done) struct parsed all =
        parse("{'database': {'image': 'registry/pg@sha256:1', 'replaceImages': [], 'pgHba': "
              "['local all all trust', 'local replication standby trust', 'host all all all md5', "
              "'host replication standby all md5'], 'locales': 'image', 'patchLiveClusters': true, "
              "'postgresqlVersion': 17}}");
    database = &all.policy->database;
    assert_string_equal(database->image, "registry/pg@sha256:1");
    assert_false(database->pin.known);
    assert_int_equal(database->replace_images.count, 0);
    assert_string_equal(database->pg_hba_json,
                        "[\"local all all trust\",\"local replication standby trust\",\"host all "
                        "all all md5\",\"host replication standby all md5\"]");
    assert_false(database->locales_old);
    assert_true(database->patch_live_clusters);
    assert_int_equal(database->postgresql_version, 17);
    policy_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),     cmocka_unit_test(test_rules_that_lock_out),
        cmocka_unit_test(test_bounds),   cmocka_unit_test(test_values),
        cmocka_unit_test(test_inside),   cmocka_unit_test(test_enabled),
        cmocka_unit_test(test_literal),  cmocka_unit_test(test_whole_place),
        cmocka_unit_test(test_backup),   cmocka_unit_test(test_backup_by_role),
        cmocka_unit_test(test_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
