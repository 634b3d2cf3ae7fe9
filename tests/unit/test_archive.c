#include "patches/archive.h"

#include "tests/unit/fixture.h"

#define SECRET "'valueFrom':{'secretKeyRef':{'name':'s','key':'k'}}"
#define NAMESPACE                                                                                  \
    "{'name':'POD_NAMESPACE','valueFrom':{'fieldRef':{'fieldPath':'metadata.namespace'}}}"
#define KUBERNETES "{'name':'DCS_ENABLE_KUBERNETES_API','value':'true'}," NAMESPACE
#define BUCKET "{'name':'SCOPE','value':'db'},{'name':'WAL_S3_BUCKET','value':'Bucket'}"
#define ENV_FROM "'envFrom':[{'secretRef':{'name':'s'}}],"

/* A container's archive, in namespace "ns". */
struct opened {
    struct doc *doc;
    struct subject subject;
    struct pod pod;
    struct archive archive;
};

static void opened_read(struct opened *opened, const char *container)
{
    autofree char *text = fixture_json(container);
    autofree char *json = xasprintf("{%s}", text);
    struct error err;
    if (!doc_read(str_of(json), 64, &opened->doc, &err))
        fail_msg("%s in %s", err.text, json);
    opened->subject = (struct subject){.namespace = STR("ns"), .object = doc_root(opened->doc)};
    opened->pod = (struct pod){.container = opened->subject.object};
    env_read(&opened->subject, opened->pod.container, 0, &opened->pod.env);
    archive_read(&opened->pod, &opened->archive);
}

static void opened_done(struct opened *opened)
{
    archive_done(&opened->archive);
    env_done(&opened->pod.env);
    doc_free(opened->doc);
}

/* What a container says of its archive: the path, or the name that keeps it from being known. */
static const struct {
    const char *container;
    enum archive_state state;
    const char *text;
} rows[] = {
    /* what cannot be known */
    {ENV_FROM "'env':[]", ARCHIVE_UNKNOWN, "WAL_GCS_BUCKET"},
    {"'env':[{'name':'WAL_GS_BUCKET','value':'b'}]", ARCHIVE_UNKNOWN, "WAL_GS_BUCKET"},
    {"'env':[{'name':'WALG_AZ_PREFIX'," SECRET "}]", ARCHIVE_UNKNOWN, "WALG_AZ_PREFIX"},
    {"'env':[{'name':'WALG_S3_PREFIX'," SECRET "}," BUCKET "]", ARCHIVE_UNKNOWN, "WALG_S3_PREFIX"},
    {"'env':[{'name':'WALG_S3_PREFIX','value':'s3://a/b'},{'name':'WALE_S3_PREFIX','value':'s3://a/"
     "c'}]",
     ARCHIVE_UNKNOWN, "WALE_S3_PREFIX"},
    {"'env':[{'name':'WAL_S3_BUCKET'," SECRET "}]", ARCHIVE_UNKNOWN, "WAL_S3_BUCKET"},
    {"'env':[" BUCKET ",{'name':'WAL_BUCKET_SCOPE_SUFFIX'," SECRET "}]", ARCHIVE_UNKNOWN,
     "WAL_BUCKET_SCOPE_SUFFIX"},
    {"'env':[" BUCKET ",{'name':'WAL_BUCKET_SCOPE_PREFIX'," SECRET "}]", ARCHIVE_UNKNOWN,
     "WAL_BUCKET_SCOPE_PREFIX"},
    {"'env':[" BUCKET ",{'name':'NAMESPACE'," SECRET "}]", ARCHIVE_UNKNOWN, "NAMESPACE"},
    /* what is off */
    {"'env':[]", ARCHIVE_OFF, ""},
    {"'env':[{'name':'WAL_S3_BUCKET','value':''},{'name':'WAL_GS_BUCKET'}]", ARCHIVE_OFF, ""},
    /* what is known */
    {"'env':[" BUCKET "]", ARCHIVE_KNOWN, "bucket/spilo/db"},
    {"'env':[" BUCKET "," NAMESPACE "]", ARCHIVE_KNOWN, "bucket/spilo/db"},
    {"'env':[" BUCKET "," KUBERNETES "]", ARCHIVE_KNOWN, "bucket/spilo/ns-db"},
    {"'env':[" BUCKET "," KUBERNETES ",{'name':'NAMESPACE','value':'default'}]", ARCHIVE_KNOWN,
     "bucket/spilo/db"},
    {"'env':[" BUCKET "," KUBERNETES ",{'name':'WAL_BUCKET_SCOPE_PREFIX'}]", ARCHIVE_KNOWN,
     "bucket/spilo/db"},
    {"'env':[" BUCKET "," KUBERNETES ",{'name':'WAL_BUCKET_SCOPE_SUFFIX','value':'/$(SCOPE)'}]",
     ARCHIVE_KNOWN, "bucket/spilo/ns-db/db"},
    {"'env':[{'name':'WALE_S3_PREFIX','value':'s3://A//b/wal/12/'}," BUCKET "]", ARCHIVE_KNOWN,
     "a/b"},
    {"'env':[{'name':'WALG_S3_PREFIX','value':'s3://a/b'},{'name':'WALE_S3_PREFIX','value':'s3://a/"
     "b/wal'}]",
     ARCHIVE_KNOWN, "a/b"},
};

static void the_path_is_spilos(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct opened opened;
        opened_read(&opened, rows[i].container);
        const struct archive *archive = &opened.archive;
        const char *found =
            archive->state == ARCHIVE_UNKNOWN ? archive->unknown : archive->path.data;
        found = found ? found : "";
        if (archive->state != rows[i].state || strcmp(found, rows[i].text) != 0)
            fail_msg("%s: state %d, '%s'", rows[i].container, (int)archive->state, found);
        opened_done(&opened);
    }
}

static const struct {
    const char *prefix;
    const char *path;
} paths[] = {
    {"", ""},
    {"s3://", ""},
    {"s3:///", ""},
    {"bucket", "bucket"},
    {"s3://Bucket/Path", "bucket/Path"},
    {"s3://b//p///q//", "b/p/q"},
    {"s3://b/p/wal", "b/p"},
    {"s3://b/p/wal/", "b/p"},
    {"s3://b/p/wal/12", "b/p"},
    {"s3://b/p/wal/9.6/", "b/p"},
    {"s3://b/p/12", "b/p/12"},
    {"s3://b/p/wal/x12", "b/p/wal/x12"},
    {"s3://b/p/withdrawal", "b/p/withdrawal"},
    {"gs://b/wal", "b"},
};

static void one_place_has_one_path(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        struct buf path = BUF(1000);
        archive_path_add(&path, str_of(paths[i].prefix));
        assert_string_equal(path.length ? path.data : "", paths[i].path);
        buf_clear(&path);
    }
}

static void an_endpoint_may_hide_anywhere(void **state)
{
    (void)state;
    const struct {
        const char *container;
        bool has;
    } endpoints[] = {
        {"'env':[]", false},
        {"'env':[{'name':'AWS_ENDPOINT'}]", false},
        {"'env':[{'name':'AWS_ENDPOINT','value':'https://x'}]", true},
        {"'env':[{'name':'WALE_S3_ENDPOINT'," SECRET "}]", true},
        {ENV_FROM "'env':[]", true},
    };
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(*endpoints); i++) {
        struct opened opened;
        opened_read(&opened, endpoints[i].container);
        assert_int_equal(opened.archive.has_endpoint, endpoints[i].has);
        opened_done(&opened);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_path_is_spilos),
        cmocka_unit_test(one_place_has_one_path),
        cmocka_unit_test(an_endpoint_may_hide_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
