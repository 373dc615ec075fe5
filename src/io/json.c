/* JSON, by jansson: a struct dt_json is one of its values under another name. */
#include <dyntrain/io.h>

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "io/file.h"

enum { MAX_BYTES = 64 << 20 };

static json_t *raw(struct dt_json *j)
{
    return (json_t *)j;
}

static const json_t *raw_const(const struct dt_json *j)
{
    return (const json_t *)j;
}

/* Memory is counted, and fails on request, here as everywhere. */
static void use_our_memory(void)
{
    json_set_alloc_funcs(dt_malloc, dt_free);
}

struct dt_json *dt_json_object(void)
{
    use_our_memory();
    return (struct dt_json *)json_object();
}

struct dt_json *dt_json_array(void)
{
    use_our_memory();
    return (struct dt_json *)json_array();
}

void dt_json_free(struct dt_json *j)
{
    json_decref(raw(j));
}

/* Takes the value, also when it cannot be put. */
static bool put(struct dt_json *o, const char *key, json_t *value)
{
    if (!o) {
        json_decref(value);
        return false;
    }
    return (key ? json_object_set_new(raw(o), key, value) : json_array_append_new(raw(o), value)) == 0;
}

void dt_json_num(struct dt_json *o, const char *key, double v)
{
    put(o, key, isfinite(v) ? json_real(v) : json_null());
}

void dt_json_int(struct dt_json *o, const char *key, int64_t v)
{
    put(o, key, json_integer(v));
}

/* Text that is not UTF-8 (a file name may be anything) keeps its ASCII part. */
static json_t *ascii_of(const char *v)
{
    char *copy = dt_strdup(v);
    json_t *text;

    if (!copy)
        return NULL;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    text = json_string(copy);
    dt_free(copy);
    return text;
}

void dt_json_str(struct dt_json *o, const char *key, const char *v)
{
    json_t *text;

    if (!v) {
        dt_json_null(o, key);
        return;
    }
    text = json_string(v);
    put(o, key, text ? text : ascii_of(v));
}

void dt_json_bool(struct dt_json *o, const char *key, bool v)
{
    put(o, key, json_boolean(v));
}

void dt_json_null(struct dt_json *o, const char *key)
{
    put(o, key, json_null());
}

struct dt_json *dt_json_put(struct dt_json *o, const char *key, struct dt_json *child)
{
    return put(o, key, raw(child)) ? child : NULL;
}

static size_t format(bool indent)
{
    return JSON_REAL_PRECISION(9) | (indent ? JSON_INDENT(2) : JSON_COMPACT);
}

bool dt_json_write(const struct dt_json *j, FILE *f, bool indent)
{
    return j && json_dumpf(raw_const(j), f, format(indent)) == 0 && putc('\n', f) != EOF;
}

struct dt_json *dt_json_parse(const char *text, size_t size, const char *path, struct dt_err *err)
{
    json_error_t wrong;
    json_t *j;

    use_our_memory();
    j = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    if (!j)
        dt_fail(err, DT_ECHECKPOINT, "%s:%d:%d: is not valid JSON: %s", path, wrong.line, wrong.column, wrong.text);
    return (struct dt_json *)j;
}

char *dt_json_text(const struct dt_json *j)
{
    return j ? json_dumps(raw_const(j), format(false)) : NULL;
}

struct dt_json *dt_json_read(const char *path, struct dt_err *err)
{
    struct dt_err why = { .code = DT_OK };
    size_t size;
    char *text = dt_file_read(path, MAX_BYTES, &size, DT_ECHECKPOINT, &why);
    struct dt_json *j;

    if (!text) {
        dt_fail(err, why.code, "%s: %s", path, why.msg);
        return NULL;
    }
    j = dt_json_parse(text, size, path, err);
    dt_free(text);
    return j;
}

struct dt_json *dt_json_get(const struct dt_json *o, const char *key)
{
    return (struct dt_json *)json_object_get(raw_const(o), key);
}

int dt_json_size(const struct dt_json *array)
{
    return (int)json_array_size(raw_const(array));
}

struct dt_json *dt_json_at(const struct dt_json *array, int i)
{
    return (struct dt_json *)json_array_get(raw_const(array), (size_t)i);
}

struct dt_json *dt_json_take(struct dt_json *o, const char *key)
{
    json_t *child = json_incref(json_object_get(raw(o), key));

    json_object_del(raw(o), key);
    return (struct dt_json *)child;
}

double dt_json_get_num(const struct dt_json *o, const char *key, double missing)
{
    const json_t *v = json_object_get(raw_const(o), key);

    return json_is_number(v) ? json_number_value(v) : missing;
}

const char *dt_json_get_str(const struct dt_json *o, const char *key, const char *missing)
{
    const json_t *v = json_object_get(raw_const(o), key);

    return json_is_string(v) ? json_string_value(v) : missing;
}

enum dt_code dt_json_save(const struct dt_json *j, const char *path, struct dt_err *err)
{
    char *text = j ? json_dumps(raw_const(j), format(true)) : NULL;
    enum dt_code code;

    if (!text) {
        dt_fail(err, DT_ENOMEM, "%s: out of memory", path);
        return err->code;
    }
    code = dt_file_replace(path, (struct dt_piece[]){ { text, strlen(text) }, { "\n", 1 } }, 2, DT_ECHECKPOINT, err);
    dt_free(text);
    return code;
}
