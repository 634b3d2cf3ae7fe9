#include "server/manifest.h"

#include "base/mem.h"
#include "patches/shown.h"
#include "server/yaml.h"

/* What can be decided about, and how the API server names it. */
struct kind_row {
    const char *kind;
    const char *api_version;
    const char *group;
    const char *resource;
};

static const struct kind_row kinds[] = {
    [MANIFEST_POSTGRESQL] = {"postgresql", "acid.zalan.do/v1", "acid.zalan.do", "postgresqls"},
    [MANIFEST_POD] = {"Pod", "v1", "", "pods"},
    [MANIFEST_CONFIGMAP] = {"ConfigMap", "v1", "", "configmaps"},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

/* A review of our own making needs a uid; that of no request in particular. */
#define SYNTHETIC_UID "00000000-0000-4000-8000-000000000000"

static void json_cleanup(json_t **tree)
{
    json_decref(*tree);
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool find_kind(const char *api_version, const char *kind, enum manifest_kind *ret)
{
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(kinds[i].api_version, api_version) == 0 && strcmp(kinds[i].kind, kind) == 0) {
            *ret = (enum manifest_kind)i;
            return true;
        }
    return false;
}

static bool unknown_kind(struct error *err, const char *where, const char *kind,
                         const char *version)
{
    return error_set(err,
                     "%s is '%s' of '%s', expected 'postgresql' of 'acid.zalan.do/v1', 'Pod' or "
                     "'ConfigMap' of 'v1'",
                     where, shown(str_of(kind)).text, shown(str_of(version)).text);
}

static bool take_review(const json_t *tree, struct manifest *manifest, struct error *err)
{
    const json_t *kind = json_object_get(json_object_get(tree, "request"), "kind");
    if (!json_is_object(kind))
        return error_set(err, "request.kind: missing in the AdmissionReview");
    const char *group = text_at(kind, "group");
    autofree char *version =
        xasprintf("%s%s%s", group, group[0] ? "/" : "", text_at(kind, "version"));
    if (!find_kind(version, text_at(kind, "kind"), &manifest->kind))
        return unknown_kind(err, "request.kind", text_at(kind, "kind"), version);
    return true;
}

static json_t *wrap(const struct manifest_reader *reader, const struct kind_row *row,
                    json_t *object)
{
    const json_t *metadata = json_object_get(object, "metadata");
    const char *own = text_at(metadata, "namespace");
    return json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s, s:s}, s:{s:s, s:s, s:s}, s:s, s:s, s:s, "
                     "s:{}, s:O, s:n, s:b}}",
                     "apiVersion", "admission.k8s.io/v1", "kind", "AdmissionReview", "request",
                     "uid", SYNTHETIC_UID, "kind", "group", row->group, "version", "v1", "kind",
                     row->kind, "resource", "group", row->group, "version", "v1", "resource",
                     row->resource, "name", text_at(metadata, "name"), "namespace",
                     own[0] ? own : reader->namespace, "operation", "CREATE", "userInfo", "object",
                     object, "oldObject", "dryRun", 0);
}

/* Makes a document of a tree, which is borrowed. */
static bool take_tree(const struct manifest_reader *reader, json_t *tree, bool yaml,
                      struct manifest *ret, struct error *err)
{
    if (!json_is_object(tree))
        return error_set(err, "expected an object");
    struct manifest manifest = {.yaml = yaml};
    if (strcmp(text_at(tree, "kind"), "AdmissionReview") == 0) {
        if (!take_review(tree, &manifest, err))
            return false;
        manifest.review = json_incref(tree);
        *ret = manifest;
        return true;
    }

    if (!find_kind(text_at(tree, "apiVersion"), text_at(tree, "kind"), &manifest.kind))
        return unknown_kind(err, "kind", text_at(tree, "kind"), text_at(tree, "apiVersion"));
    manifest.bare = true;
    manifest.review = wrap(reader, &kinds[manifest.kind], tree);
    *ret = manifest;
    return true;
}

/* The number of the line that the place is in; places must be asked for in ascending order. */
static size_t line_at(struct manifest_reader *reader, const char *place)
{
    for (; reader->counted < place; reader->counted++)
        reader->lines += *reader->counted == '\n';
    return reader->lines + 1;
}

/* Whether a document marker stands at the start: "---" and white space or the end. */
static bool is_marker(struct str text)
{
    return str_starts(text, STR("---")) && (text.length == 3 || strchr(" \t\r\n", text.data[3]));
}

/* Takes the part up to the next marker off the text; a marker at its start belongs to it. */
static struct str next_part(struct str *text)
{
    size_t at = 0;
    do {
        const char *end = memchr(text->data + at, '\n', text->length - at);
        at = end ? (size_t)(end - text->data) + 1 : text->length;
    } while (at < text->length && !is_marker(str_skip(*text, at)));
    struct str part = {text->data, at};
    *text = str_skip(*text, at);
    return part;
}

/* Reads the value at the start of reader->json and takes it off. */
static bool read_json(struct manifest_reader *reader, json_t **ret, struct error *err)
{
    json_error_t mistake;
    struct str json = reader->json;
    json_t *tree = json_loadb(json.data, json.length,
                              JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &mistake);
    if (!tree) {
        reader->json = STR(""); /* where the next value begins is anybody's guess */
        /* Behind "near" jansson shows what it met, and that may be a secret. */
        char *near = strstr(mistake.text, " near ");
        if (near)
            *near = '\0';
        return error_set(err, "line %zu, column %d: %s",
                         line_at(reader, json.data) + (size_t)mistake.line - 1, mistake.column,
                         mistake.text);
    }
    reader->json = str_trim(str_skip(json, (size_t)mistake.position));
    *ret = tree;
    return true;
}

/* Reads a part that is no JSON; *ret is NULL when it holds nothing but comments. */
static bool read_yaml(struct manifest_reader *reader, struct str part, json_t **ret,
                      struct error *err)
{
    json_t *tree = yaml_read(part, err);
    if (!tree)
        return error_wrap(err, "document at line %zu", line_at(reader, part.data));
    if (json_is_null(tree)) {
        json_decref(tree);
        tree = NULL;
    }
    *ret = tree;
    return true;
}

/* JSON is YAML too, but is read as what it is; an object in YAML's own spelling ({kind: Pod}) is
 * not JSON. */
static bool is_json(struct str content)
{
    struct str inside = content.length ? str_trim(str_skip(content, 1)) : content;
    return str_starts(content, STR("[")) ||
           (str_starts(content, STR("{")) &&
            (!inside.length || inside.data[0] == '"' || inside.data[0] == '}'));
}

/* Finds the next tree that is no item of a List; *ret is NULL at the end. */
static bool next_tree(struct manifest_reader *reader, json_t **ret, bool *ret_yaml,
                      struct error *err)
{
    *ret = NULL;
    while (!*ret && (reader->json.length || reader->text.length)) {
        if (reader->json.length) {
            *ret_yaml = false;
            return read_json(reader, ret, err);
        }
        struct str part = next_part(&reader->text);
        struct str content = str_trim(is_marker(part) ? str_skip(part, 3) : part);
        if (is_json(content))
            reader->json = content;
        else if (content.length && !read_yaml(reader, part, ret, err))
            return false;
        *ret_yaml = true;
    }
    return true;
}

static bool is_list(const json_t *tree)
{
    return strcmp(text_at(tree, "kind"), "List") == 0 &&
           json_is_array(json_object_get(tree, "items"));
}

/* Hands out the next item of the List, NULL after the last. */
static json_t *next_item(struct manifest_reader *reader)
{
    json_t *item = json_array_get(json_object_get(reader->list, "items"), reader->item++);
    if (!item) {
        json_decref(reader->list);
        reader->list = NULL;
    }
    return json_incref(item);
}

enum manifest_result manifest_next(struct manifest_reader *reader, struct manifest *ret,
                                   struct error *err)
{
    if (!reader->counted) {
        reader->text = str_without_bom(reader->text);
        reader->counted = reader->text.data;
    }
    cleanup(json_cleanup) json_t *tree = NULL;
    bool yaml = reader->list_yaml;
    while (!tree) {
        if (reader->list) {
            tree = next_item(reader);
            continue;
        }
        if (!next_tree(reader, &tree, &yaml, err)) {
            reader->documents++;
            error_wrap_(err, "%s", reader->name);
            return MANIFEST_BAD;
        }
        if (!tree)
            return MANIFEST_END;
        if (is_list(tree)) {
            reader->list = TAKE(tree);
            reader->list_yaml = yaml;
            reader->item = 0;
        }
    }
    reader->documents++;
    if (take_tree(reader, tree, yaml, ret, err))
        return MANIFEST_READ;
    error_wrap_(err, "%s: document %zu", reader->name, reader->documents);
    return MANIFEST_BAD;
}

void manifest_done(struct manifest *manifest)
{
    json_decref(manifest->review);
    *manifest = (struct manifest){0};
}

bool manifest_several(const struct manifest_reader *reader)
{
    size_t items = reader->list ? json_array_size(json_object_get(reader->list, "items")) : 0;
    return reader->documents > 1 || reader->json.length || str_trim(reader->text).length ||
           reader->item < items;
}

void manifest_reader_done(struct manifest_reader *reader)
{
    json_decref(reader->list);
    reader->list = NULL;
}

void manifest_write(const json_t *tree, bool yaml, struct buf *text)
{
    if (yaml) {
        yaml_write(tree, text);
        return;
    }
    autofree char *json = json_dumps(tree, JSON_INDENT(2) | JSON_ENCODE_ANY);
    buf_add_text(text, json);
    buf_add_char(text, '\n');
}
