#include "server/yaml.h"

#include "base/mem.h"
#include "patches/fields.h"
#include "server/yaml_scalar.h"

#include <yaml.h>

/* A text that is being read, and the event that was read last. */
struct reader {
    yaml_parser_t parser;
    yaml_event_t event;
    bool has_event;
    struct str text;
    size_t nodes;
    struct error *err;
};

static void drop_event(struct reader *reader)
{
    if (reader->has_event)
        yaml_event_delete(&reader->event);
    reader->has_event = false;
}

static void reader_done(struct reader *reader)
{
    drop_event(reader);
    yaml_parser_delete(&reader->parser);
}

/* Fails with the place of the current event in front of the text; gives NULL. */
static void *refuse(const struct reader *reader, const char *text)
{
    const yaml_mark_t *mark = &reader->event.start_mark;
    error_set_(reader->err, "line %zu, column %zu: %s", mark->line + 1, mark->column + 1, text);
    return NULL;
}

/* Line and column of a byte, for errors below the level at which libyaml counts them. */
static void place_of(struct str text, size_t offset, size_t *ret_line, size_t *ret_column)
{
    *ret_line = 1;
    *ret_column = 1;
    for (size_t i = 0; i < offset && i < text.length; i++) {
        (*ret_column)++;
        if (text.data[i] == '\n') {
            (*ret_line)++;
            *ret_column = 1;
        }
    }
}

static bool syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t line = parser->problem_mark.line + 1;
    size_t column = parser->problem_mark.column + 1;
    if (parser->error == YAML_READER_ERROR)
        place_of(reader->text, parser->problem_offset, &line, &column);
    return error_set(reader->err, "line %zu, column %zu: %s%s%s", line, column, parser->problem,
                     parser->context ? " " : "", parser->context ? parser->context : "");
}

static bool next_event(struct reader *reader)
{
    drop_event(reader);
    if (!yaml_parser_parse(&reader->parser, &reader->event))
        return syntax_error(reader);
    reader->has_event = true;
    return true;
}

static struct str scalar_text(const struct reader *reader)
{
    return (struct str){(const char *)reader->event.data.scalar.value,
                        reader->event.data.scalar.length};
}

static json_t *read_scalar(struct reader *reader)
{
    struct error err;
    struct str text = scalar_text(reader);
    if (reader->event.data.scalar.tag)
        return refuse(reader, "a tag, expected a value without one");
    if (reader->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return json_stringn(text.data, text.length);
    json_t *value = yaml_scalar(text, &err);
    return value ? value : refuse(reader, err.text);
}

/* The current event as the key of a mapping, which must not have it yet; the caller frees. */
static char *read_key(struct reader *reader, const json_t *mapping)
{
    if (reader->event.type != YAML_SCALAR_EVENT)
        return refuse(reader, "a key that is not text");
    struct str text = scalar_text(reader);
    json_t *key = read_scalar(reader);
    if (!key)
        return NULL;
    bool is_text = json_is_string(key) && !memchr(text.data, '\0', text.length);
    json_decref(key);
    if (!is_text)
        return refuse(reader, "a key that is not text (write it in quotes)");
    if (reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE && str_is(text, "<<"))
        return refuse(reader, "a merge key, expected the keys themselves");
    autofree char *name = xstrndup(text.data, text.length);
    if (!json_object_get(mapping, name))
        return TAKE(name);
    autofree char *problem = xasprintf("the key '%.64s' is there twice", name);
    return refuse(reader, problem);
}

static json_t *read_node(struct reader *reader, unsigned depth);

/* Each reads what follows the event that starts the container, and gives NULL on failure. */
static json_t *read_sequence(struct reader *reader, unsigned depth)
{
    json_t *sequence = json_array();
    while (next_event(reader)) {
        if (reader->event.type == YAML_SEQUENCE_END_EVENT)
            return sequence;
        if (json_array_append_new(sequence, read_node(reader, depth)) != 0)
            break;
    }
    json_decref(sequence);
    return NULL;
}

static json_t *read_mapping(struct reader *reader, unsigned depth)
{
    json_t *mapping = json_object();
    while (next_event(reader)) {
        if (reader->event.type == YAML_MAPPING_END_EVENT)
            return mapping;
        autofree char *key = read_key(reader, mapping);
        if (!key || !next_event(reader) ||
            json_object_set_new(mapping, key, read_node(reader, depth)) != 0)
            break;
    }
    json_decref(mapping);
    return NULL;
}

/* Reads the node that the current event starts. */
static json_t *read_node(struct reader *reader, unsigned depth)
{
    const yaml_event_t *event = &reader->event;
    if (++reader->nodes > YAML_NODES_MAX)
        return refuse(reader, "too many values");
    if (event->type == YAML_ALIAS_EVENT)
        return refuse(reader, "an alias, expected the value itself");
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader);
    if (depth == YAML_DEPTH_MAX)
        return refuse(reader, "nested too deeply");
    bool sequence = event->type == YAML_SEQUENCE_START_EVENT;
    if (sequence ? event->data.sequence_start.tag : event->data.mapping_start.tag)
        return refuse(reader, "a tag, expected a value without one");
    return sequence ? read_sequence(reader, depth + 1) : read_mapping(reader, depth + 1);
}

/* Reads documents until the text ends; with `single` a second one is refused. */
static bool read_documents(struct reader *reader, bool single, json_t *documents)
{
    size_t count = 0;
    while (next_event(reader)) {
        if (reader->event.type == YAML_STREAM_END_EVENT)
            return true;
        if (reader->event.type != YAML_DOCUMENT_START_EVENT)
            continue; /* the start of the stream, the end of a document */
        if (single && count++) {
            refuse(reader, "a second document, expected only one");
            return false;
        }
        if (!next_event(reader))
            return false;
        json_t *document = read_node(reader, 0);
        if (!document)
            return false;
        if (!json_is_null(document))
            json_array_append(documents, document);
        json_decref(document);
    }
    return false;
}

static json_t *read_stream(struct str text, bool single, struct error *err)
{
    text = str_without_bom(text);
    cleanup(reader_done) struct reader reader = {.text = text, .err = err};
    if (!yaml_parser_initialize(&reader.parser))
        abort(); /* GCOVR_EXCL_LINE: out of memory, as in base/mem.c */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.data, text.length);
    json_t *documents = json_array();
    if (read_documents(&reader, single, documents))
        return documents;
    json_decref(documents);
    return NULL;
}

json_t *yaml_read(struct str text, struct error *err)
{
    json_t *documents = read_stream(text, true, err);
    if (!documents)
        return NULL;
    json_t *first = json_array_get(documents, 0);
    json_t *document = first ? json_incref(first) : json_null();
    json_decref(documents);
    return document;
}

json_t *yaml_read_all(struct str text, struct error *err)
{
    return read_stream(text, false, err);
}

static int add_output(void *buf, unsigned char *text, size_t length)
{
    buf_add(buf, (struct str){(const char *)text, length});
    return 1;
}

/* Hands an event that was initialised well to the emitter. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int initialised)
{
    if (!initialised || !yaml_emitter_emit(emitter, event))
        abort(); /* GCOVR_EXCL_LINE: out of memory, as in base/mem.c */
}

static void write_scalar(yaml_emitter_t *emitter, struct str text, yaml_scalar_style_t style)
{
    yaml_event_t event;
    int length = (int)text.length; /* documents are far below 2 GiB */
    emit(emitter, &event,
         yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text.data, length, 1,
                                      1, style));
}

static void write_text(yaml_emitter_t *emitter, struct str text)
{
    yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
    if (str_find(text, STR("\n")) >= 0)
        style = YAML_LITERAL_SCALAR_STYLE;
    else if (yaml_needs_quotes(text))
        style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    write_scalar(emitter, text, style);
}

static void write_node(yaml_emitter_t *emitter, const json_t *tree);

static void write_sequence(yaml_emitter_t *emitter, const json_t *tree)
{
    yaml_event_t event;
    emit(emitter, &event,
         yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
    for (size_t i = 0; i < json_array_size(tree); i++)
        write_node(emitter, json_array_get(tree, i));
    emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
}

static void write_mapping(yaml_emitter_t *emitter, const json_t *tree)
{
    yaml_event_t event;
    json_t *members = field_iterable(tree);
    emit(emitter, &event,
         yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        write_text(emitter, str_of(json_object_iter_key(at)));
        write_node(emitter, json_object_iter_value(at));
    }
    emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
}

static void write_number(yaml_emitter_t *emitter, const json_t *number)
{
    char text[32];
    if (json_is_integer(number))
        snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(number));
    else
        yaml_real(json_real_value(number), text);
    write_scalar(emitter, str_of(text), YAML_PLAIN_SCALAR_STYLE);
}

static void write_node(yaml_emitter_t *emitter, const json_t *tree)
{
    if (json_is_object(tree))
        write_mapping(emitter, tree);
    else if (json_is_array(tree))
        write_sequence(emitter, tree);
    else if (json_is_string(tree))
        write_text(emitter, (struct str){json_string_value(tree), json_string_length(tree)});
    else if (json_is_number(tree))
        write_number(emitter, tree);
    else
        write_scalar(emitter,
                     json_is_null(tree)   ? STR("null")
                     : json_is_true(tree) ? STR("true")
                                          : STR("false"),
                     YAML_PLAIN_SCALAR_STYLE);
}

void yaml_write(const json_t *tree, struct buf *text)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    if (!yaml_emitter_initialize(&emitter))
        abort(); /* GCOVR_EXCL_LINE: out of memory, as in base/mem.c */
    yaml_emitter_set_output(&emitter, add_output, text);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
    emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
    write_node(&emitter, tree);
    emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
    emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
    yaml_emitter_delete(&emitter);
}

const char *yaml_library_version(void)
{
    return yaml_get_version_string();
}
