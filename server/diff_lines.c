#include "server/diff_lines.h"

#include "base/mem.h"

/* Where the next line begins. */
struct pen {
    size_t node;
    size_t indent;
    bool dash; /* the line begins an element: "- " stands in the last two columns of the indent */
};

static void write_members(struct diff_lines *lines, struct pen pen, json_t *object);
static void write_elements(struct diff_lines *lines, struct pen pen, json_t *array);

static size_t add_node(struct diff_lines *lines, struct diff_node node)
{
    if (lines->node_count == lines->node_size) {
        lines->node_size = lines->node_size ? lines->node_size * 2 : 64;
        lines->nodes = xrealloc(lines->nodes, lines->node_size * sizeof(*lines->nodes));
    }
    lines->nodes[lines->node_count] = node;
    return lines->node_count++;
}

static size_t child_node(struct diff_lines *lines, size_t parent, struct diff_node node)
{
    node.parent = parent;
    node.depth = lines->nodes[parent].depth + 1;
    return add_node(lines, node);
}

/* Whether a reader takes the text for itself without quotes. */
static bool is_plain(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "/.:@%+,;=_-*$(){}[]<> ";
    static const char starts[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/_$*";
    static const char *const words[] = {"true", "false", "null"};
    size_t length = strlen(text);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(text, words[i]) == 0)
            return false;
    return length && strchr(starts, text[0]) && strspn(text, safe) == length &&
           text[length - 1] != ' ' && text[length - 1] != ':' && !strstr(text, ": ");
}

/* A scalar or an empty container as it stands in a line. The caller frees. */
static char *scalar_text(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && strlen(text) == json_string_length(value) && is_plain(text))
        return xstrdup(text);
    return json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
}

static char *key_text(const char *key)
{
    if (is_plain(key))
        return xstrdup(key);
    json_t *string = json_string(key);
    char *text = scalar_text(string);
    json_decref(string);
    return text;
}

static void add_line(struct diff_lines *lines, struct pen pen, const char *key, const char *value)
{
    if (lines->count == lines->size) {
        lines->size = lines->size ? lines->size * 2 : 256;
        lines->lines = xrealloc(lines->lines, lines->size * sizeof(*lines->lines));
    }
    char *text = xasprintf("%*s%s%s%s%s%s", (int)(pen.indent - (pen.dash ? 2 : 0)), "",
                           pen.dash ? (key || value ? "- " : "-") : "", key ? key : "",
                           key ? ":" : "", key && value ? " " : "", value ? value : "");
    lines->lines[lines->count++] = (struct diff_line){text, pen.node};
}

static bool has_lines(const json_t *value)
{
    return json_object_size(value) > 0 || json_array_size(value) > 0;
}

/* What a key leads to, below its line. An array's dashes stand under its key, as kubectl does. */
static void write_below(struct diff_lines *lines, struct pen pen, json_t *value)
{
    if (json_is_array(value))
        write_elements(lines, pen, value);
    else
        write_members(lines, (struct pen){pen.node, pen.indent + 2, false}, value);
}

/* Only the first line of an element begins with the dash, and only that line is a part of the
 * array: so a whole element that is added counts as a change of the array. */
static void write_members(struct diff_lines *lines, struct pen pen, json_t *object)
{
    size_t node = pen.node;
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        autofree char *shown = key_text(key);
        struct pen line = pen;
        if (pen.dash)
            line.node = lines->nodes[node].parent;
        pen.dash = false;
        if (!has_lines(value)) {
            autofree char *scalar = scalar_text(value);
            add_line(lines, line, shown, scalar);
            continue;
        }
        add_line(lines, line, shown, NULL);
        size_t below = child_node(lines, node, (struct diff_node){.key = key});
        write_below(lines, (struct pen){below, pen.indent, false}, value);
    }
}

static void write_elements(struct diff_lines *lines, struct pen pen, json_t *array)
{
    size_t index;
    json_t *element;
    json_array_foreach(array, index, element)
    {
        struct pen inside = {pen.node, pen.indent + 2, true};
        if (!has_lines(element)) {
            autofree char *scalar = scalar_text(element);
            add_line(lines, inside, NULL, scalar);
            continue;
        }
        const char *name = json_string_value(json_object_get(element, "name"));
        size_t node = child_node(lines, pen.node, (struct diff_node){.name = name, .index = index});
        if (json_is_array(element)) {
            add_line(lines, inside, NULL, NULL);
            write_elements(lines, (struct pen){node, pen.indent + 2, false}, element);
        } else {
            inside.node = node;
            write_members(lines, inside, element);
        }
    }
}

void diff_lines_make(json_t *tree, struct diff_lines *ret)
{
    *ret = (struct diff_lines){0};
    size_t top = add_node(ret, (struct diff_node){0});
    struct pen pen = {top, 0, false};
    if (json_is_object(tree))
        write_members(ret, pen, tree);
    else if (json_is_array(tree))
        write_elements(ret, pen, tree);
}

void diff_lines_done(struct diff_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->lines[i].text);
    free(lines->lines);
    free(lines->nodes);
    *lines = (struct diff_lines){0};
}

size_t diff_lines_common(const struct diff_lines *lines, size_t a, size_t b)
{
    while (a != b) {
        if (lines->nodes[a].depth >= lines->nodes[b].depth)
            a = lines->nodes[a].parent;
        else
            b = lines->nodes[b].parent;
    }
    return a;
}

void diff_lines_path(const struct diff_lines *lines, size_t node, struct buf *path)
{
    const struct diff_node *this = &lines->nodes[node];
    if (this->depth == 0)
        return;
    diff_lines_path(lines, this->parent, path);
    if (this->key) {
        autofree char *key = key_text(this->key);
        buf_addf(path, "%s%s", path->length ? "." : "", key);
    } else if (this->name) {
        autofree char *name = key_text(this->name);
        buf_addf(path, "[%s]", name);
    } else {
        buf_addf(path, "[%zu]", this->index);
    }
}
