#include "patches/entries.h"

#include "base/buf.h"
#include "base/mem.h"

/* Texts are at most FIELD_TEXT_MAX bytes, escaped at most six times as long. */
#define ENTRY_JSON_MAX (256u * 1024)

static void add_member(struct buf *json, const char *key, const char *text)
{
    buf_addf(json, "\"%s\":", key);
    buf_add_json_string(json, str_of(text));
}

static char *value_json(const struct entry *entry)
{
    struct buf json = BUF(ENTRY_JSON_MAX);
    buf_add_char(&json, '{');
    add_member(&json, "name", entry->name);
    buf_add_char(&json, ',');
    add_member(&json, "value", entry->value);
    buf_add_char(&json, '}');
    return buf_take(&json);
}

static char *reference_json(const struct entry *entry, const char *source)
{
    struct buf json = BUF(ENTRY_JSON_MAX);
    buf_add_char(&json, '{');
    add_member(&json, "name", entry->name);
    buf_addf(&json, ",\"valueFrom\":{\"%s\":{", source);
    add_member(&json, "name", entry->ref_name);
    buf_add_char(&json, ',');
    add_member(&json, "key", entry->ref_key);
    buf_add_text(&json, entry->optional ? ",\"optional\":true}}}" : "}}}");
    return buf_take(&json);
}

static void add(struct entry_list *list, struct entry entry)
{
    list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
    list->items[list->count++] = entry;
}

void entry_add_value(struct entry_list *list, const char *name, const char *value)
{
    struct entry entry = {
        .kind = ENTRY_VALUE,
        .name = xstrdup(name),
        .value = xstrdup(value),
    };
    entry.json = value_json(&entry);
    add(list, entry);
}

void entry_add_config_map_key(struct entry_list *list, const char *name, const char *ref_name,
                              const char *ref_key, bool optional)
{
    struct entry entry = {
        .kind = ENTRY_CONFIG_MAP_KEY,
        .name = xstrdup(name),
        .ref_name = xstrdup(ref_name),
        .ref_key = xstrdup(ref_key),
        .optional = optional,
    };
    entry.json = reference_json(&entry, "configMapKeyRef");
    add(list, entry);
}

void entry_add_secret_key(struct entry_list *list, const char *name, const char *ref_name,
                          const char *ref_key)
{
    struct entry entry = {
        .kind = ENTRY_SECRET_KEY,
        .name = xstrdup(name),
        .ref_name = xstrdup(ref_name),
        .ref_key = xstrdup(ref_key),
    };
    entry.json = reference_json(&entry, "secretKeyRef");
    add(list, entry);
}

void entries_append(struct entry_list *list, struct entry_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        add(list, from->items[i]);
    free(from->items);
    *from = (struct entry_list){0};
}

void entries_clear(struct entry_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct entry *entry = &list->items[i];
        free(entry->name);
        free(entry->value);
        free(entry->ref_name);
        free(entry->ref_key);
        free(entry->json);
    }
    free(list->items);
    *list = (struct entry_list){0};
}
