#include "tests/golden/readable.h"

#include "base/mem.h"

#define WIDTH 100
#define INDENT 2

static void add_line(struct buf *text, size_t indent)
{
    buf_addf(text, "\n%*s", (int)indent, "");
}

static void add(const json_t *tree, size_t indent, size_t column, struct buf *text);

static void add_object(const json_t *tree, size_t indent, struct buf *text)
{
    const char *key, *between = "";
    json_t *member;
    buf_add_char(text, '{');
    json_object_foreach((json_t *)(uintptr_t)tree, key, member)
    {
        buf_add_text(text, between);
        between = ",";
        add_line(text, indent + INDENT);
        buf_add_json_string(text, str_of(key));
        buf_add_text(text, ": ");
        add(member, indent + INDENT, indent + INDENT + strlen(key) + 4, text);
    }
    add_line(text, indent);
    buf_add_char(text, '}');
}

static void add_array(const json_t *tree, size_t indent, struct buf *text)
{
    size_t index;
    json_t *element;
    buf_add_char(text, '[');
    json_array_foreach(tree, index, element)
    {
        buf_add_text(text, index ? "," : "");
        add_line(text, indent + INDENT);
        add(element, indent + INDENT, indent + INDENT, text);
    }
    add_line(text, indent);
    buf_add_char(text, ']');
}

static void add(const json_t *tree, size_t indent, size_t column, struct buf *text)
{
    autofree char *line = json_dumps(tree, JSON_ENCODE_ANY);
    if (column + strlen(line) < WIDTH || !(json_object_size(tree) || json_array_size(tree)))
        buf_add_text(text, line);
    else if (json_is_object(tree))
        add_object(tree, indent, text);
    else
        add_array(tree, indent, text);
}

void readable_json(const json_t *tree, struct buf *text)
{
    add(tree, 0, 0, text);
    buf_add_char(text, '\n');
}
