#include "server/archive/json_stream.h"

#include <ctype.h>

enum state {
    STATE_VALUE,
    STATE_FIRST_ELEMENT, /* a value, or the end of an empty array */
    STATE_FIRST_KEY,     /* a key, or the end of an empty object */
    STATE_KEY,
    STATE_COLON,
    STATE_NEXT, /* what follows a value inside a container */
    STATE_END,  /* the document is complete */
    STATE_TEXT,
    STATE_ESCAPE,
    STATE_UNICODE,
    STATE_NUMBER,
    STATE_WORD,
};

/* What each state but those inside a word expects, for the message. */
static const char *const expected[] = {
    [STATE_VALUE] = "a value",
    [STATE_FIRST_ELEMENT] = "a value or ']'",
    [STATE_FIRST_KEY] = "a key or '}'",
    [STATE_KEY] = "a key",
    [STATE_COLON] = "':'",
    [STATE_NEXT] = "',' or the end of the container",
    [STATE_END] = "nothing more",
};

static bool in_array(const struct json_stream *json)
{
    return json->arrays & 1;
}

static void emit(struct json_stream *json, enum json_token_kind kind)
{
    const struct json_token token = {kind, json->depth, {json->text, json->length}, json->cut};
    json->take(json->context, &token);
}

static void after_value(struct json_stream *json)
{
    json->state = json->depth ? STATE_NEXT : STATE_END;
}

static bool wrong(const struct json_stream *json, char found, struct error *err)
{
    const unsigned char c = (unsigned char)found;
    return isprint(c) ? error_set(err, "is no JSON: byte %llu is '%c', expected %s",
                                  (unsigned long long)json->offset, c, expected[json->state])
                      : error_set(err, "is no JSON: byte %llu is 0x%02x, expected %s",
                                  (unsigned long long)json->offset, c, expected[json->state]);
}

static void text_add(struct json_stream *json, struct str bytes)
{
    const size_t room = sizeof json->text - json->length;
    if (bytes.length > room) {
        json->cut = true;
        bytes.length = room;
    }
    if (bytes.length)
        memcpy(json->text + json->length, bytes.data, bytes.length);
    json->length += bytes.length;
}

static void text_begin(struct json_stream *json, enum state state)
{
    json->length = 0;
    json->cut = false;
    json->high = 0;
    json->state = state;
}

static bool container_begin(struct json_stream *json, bool array, struct error *err)
{
    if (json->depth == JSON_STREAM_DEPTH)
        return error_set(err, "is nested deeper than %d at byte %llu", JSON_STREAM_DEPTH,
                         (unsigned long long)json->offset);
    emit(json, array ? JSON_TOKEN_ARRAY : JSON_TOKEN_OBJECT);
    json->depth++;
    json->arrays = json->arrays << 1 | array;
    json->state = array ? STATE_FIRST_ELEMENT : STATE_FIRST_KEY;
    return true;
}

static void container_end(struct json_stream *json)
{
    const bool array = in_array(json);
    json->arrays >>= 1;
    json->depth--;
    emit(json, array ? JSON_TOKEN_ARRAY_END : JSON_TOKEN_OBJECT_END);
    after_value(json);
}

static bool value_begin(struct json_stream *json, char c, struct error *err)
{
    json->length = 0;
    json->cut = false;
    if (c == '{' || c == '[')
        return container_begin(json, c == '[', err);
    if (c == '"') {
        text_begin(json, STATE_TEXT);
        json->after = JSON_TOKEN_TEXT;
        return true;
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        text_begin(json, STATE_NUMBER);
        text_add(json, (struct str){&c, 1});
        return true;
    }
    const char *word = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : NULL;
    if (!word)
        return wrong(json, c, err);
    json->word = word;
    json->after = c == 't' ? JSON_TOKEN_TRUE : c == 'f' ? JSON_TOKEN_FALSE : JSON_TOKEN_NULL;
    json->state = STATE_WORD;
    return true;
}

/* One byte between the values. */
static bool structure(struct json_stream *json, char c, struct error *err)
{
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
        return true;
    switch (json->state) {
    case STATE_FIRST_ELEMENT:
        if (c == ']')
            return container_end(json), true;
        return value_begin(json, c, err);
    case STATE_VALUE:
        return value_begin(json, c, err);
    case STATE_FIRST_KEY:
        if (c == '}')
            return container_end(json), true;
        break;
    case STATE_COLON:
        if (c == ':')
            return json->state = STATE_VALUE, true;
        return wrong(json, c, err);
    case STATE_NEXT:
        if (c == ',')
            return json->state = in_array(json) ? STATE_VALUE : STATE_KEY, true;
        if (c == (in_array(json) ? ']' : '}'))
            return container_end(json), true;
        return wrong(json, c, err);
    case STATE_END:
        return wrong(json, c, err);
    default:
        break;
    }
    if (c != '"')
        return wrong(json, c, err);
    text_begin(json, STATE_TEXT);
    json->after = JSON_TOKEN_KEY;
    return true;
}

static void text_end(struct json_stream *json)
{
    emit(json, (enum json_token_kind)json->after);
    if (json->after == JSON_TOKEN_KEY)
        json->state = STATE_COLON;
    else
        after_value(json);
}

/* Takes the text up to its end, an escape, or the end of the bytes; returns how many. */
static size_t text_run(struct json_stream *json, struct str bytes, struct error *err, bool *ret_ok)
{
    size_t i = 0;
    while (i < bytes.length && bytes.data[i] != '"' && bytes.data[i] != '\\' &&
           (unsigned char)bytes.data[i] >= 0x20)
        i++;
    text_add(json, (struct str){bytes.data, i});
    if (i)
        json->high = 0;
    if (i == bytes.length)
        return i;
    if (bytes.data[i] == '"')
        text_end(json);
    else if (bytes.data[i] == '\\')
        json->state = STATE_ESCAPE;
    else
        *ret_ok = error_set(err, "is no JSON: byte %llu is a control character in a text",
                            (unsigned long long)(json->offset + i));
    return i + 1;
}

static bool escape(struct json_stream *json, char c, struct error *err)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    json->state = STATE_TEXT;
    if (c == 'u') {
        json->state = STATE_UNICODE;
        json->digits = 0;
        json->unicode = 0;
        return true;
    }
    const char *found = memchr(names, c, sizeof names - 1);
    if (!found)
        return error_set(err, "is no JSON: byte %llu ends an escape that there is not",
                         (unsigned long long)json->offset);
    text_add(json, (struct str){&meanings[found - names], 1});
    json->high = 0;
    return true;
}

static void utf8_add(struct json_stream *json, uint32_t c)
{
    char bytes[4];
    size_t length = 0;
    if (c < 0x80) {
        bytes[length++] = (char)c;
    } else if (c < 0x800) {
        bytes[length++] = (char)(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        bytes[length++] = (char)(0xE0 | c >> 12);
        bytes[length++] = (char)(0x80 | (c >> 6 & 0x3F));
    } else {
        bytes[length++] = (char)(0xF0 | c >> 18);
        bytes[length++] = (char)(0x80 | (c >> 12 & 0x3F));
        bytes[length++] = (char)(0x80 | (c >> 6 & 0x3F));
    }
    if (c >= 0x80)
        bytes[length++] = (char)(0x80 | (c & 0x3F));
    text_add(json, (struct str){bytes, length});
}

/* The four digits of \u; the second half of a pair joins the first, half a pair alone is U+FFFD. */
static bool unicode(struct json_stream *json, char c, struct error *err)
{
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
        return error_set(err, "is no JSON: byte %llu is no hexadecimal digit",
                         (unsigned long long)json->offset);
    json->unicode = json->unicode << 4 | (uint32_t)digit;
    if (++json->digits < 4)
        return true;
    json->state = STATE_TEXT;
    const uint32_t half = json->unicode;
    if (half >= 0xDC00 && half < 0xE000 && json->high) {
        json->length -= 3; /* the U+FFFD that stood for the first half */
        utf8_add(json, 0x10000 + ((json->high - 0xD800) << 10) + (half - 0xDC00));
        json->high = 0;
        return true;
    }
    const bool lone = half >= 0xD800 && half < 0xE000;
    utf8_add(json, lone ? 0xFFFD : half);
    json->high = half >= 0xD800 && half < 0xDC00 && !json->cut ? half : 0;
    return true;
}

static size_t digits(const char *text, size_t length)
{
    size_t i = 0;
    while (i < length && text[i] >= '0' && text[i] <= '9')
        i++;
    return i;
}

/* RFC 8259 6 */
static bool is_number(struct str text)
{
    if (str_starts(text, STR("-")))
        text = str_skip(text, 1);
    size_t count = digits(text.data, text.length);
    if (!count || (count > 1 && text.data[0] == '0'))
        return false;
    text = str_skip(text, count);
    if (str_starts(text, STR("."))) {
        count = digits(text.data + 1, text.length - 1);
        if (!count)
            return false;
        text = str_skip(text, count + 1);
    }
    if (!text.length)
        return true;
    if (text.data[0] != 'e' && text.data[0] != 'E')
        return false;
    text = str_skip(text, 1);
    if (text.length && (text.data[0] == '+' || text.data[0] == '-'))
        text = str_skip(text, 1);
    return text.length && digits(text.data, text.length) == text.length;
}

static bool number_end(struct json_stream *json, struct error *err)
{
    if (json->cut || !is_number((struct str){json->text, json->length}))
        return error_set(err, "is no JSON: before byte %llu is no number",
                         (unsigned long long)json->offset);
    emit(json, JSON_TOKEN_NUMBER);
    after_value(json);
    return true;
}

/* One byte of a number, or the first one behind it. */
static bool number(struct json_stream *json, char c, struct error *err)
{
    if ((c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-') {
        text_add(json, (struct str){&c, 1});
        return true;
    }
    return number_end(json, err) && structure(json, c, err);
}

static bool word(struct json_stream *json, char c, struct error *err)
{
    if (c != *json->word)
        return error_set(err, "is no JSON: byte %llu is in no true, false or null",
                         (unsigned long long)json->offset);
    if (*++json->word)
        return true;
    emit(json, (enum json_token_kind)json->after);
    after_value(json);
    return true;
}

static bool one(struct json_stream *json, char c, struct error *err)
{
    switch (json->state) {
    case STATE_ESCAPE:
        return escape(json, c, err);
    case STATE_UNICODE:
        return unicode(json, c, err);
    case STATE_NUMBER:
        return number(json, c, err);
    case STATE_WORD:
        return word(json, c, err);
    default:
        return structure(json, c, err);
    }
}

void json_stream_begin(struct json_stream *json, json_stream_take take, void *context)
{
    *json = (struct json_stream){.take = take, .context = context, .state = STATE_VALUE};
}

bool json_stream_feed(struct json_stream *json, struct str bytes, struct error *err)
{
    bool ok = true;
    while (ok && bytes.length) {
        size_t taken = 1;
        if (json->state == STATE_TEXT)
            taken = text_run(json, bytes, err, &ok);
        else
            ok = one(json, bytes.data[0], err);
        json->offset += taken;
        bytes = str_skip(bytes, taken);
    }
    return ok;
}

bool json_stream_end(struct json_stream *json, struct error *err)
{
    if (json->state == STATE_NUMBER && !number_end(json, err))
        return false;
    if (json->state == STATE_END)
        return true;
    if (!json->offset)
        return error_set(err, "is empty");
    return error_set(err, "is cut off: its JSON is not complete after %llu bytes",
                     (unsigned long long)json->offset);
}
