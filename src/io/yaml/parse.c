/* YAML events to a tree that knows the place of everything. Events and a stack of our own, not libyaml's loader: that
 * one takes quadratic time on "[[[[..." and keeps duplicate keys. Anchors are expanded here, within limits. */
#include "io/yaml/config.h"

#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 64, MAX_ALIASES = 1000, MAX_COPIES = 10000, MAX_KEYS = 512 };

struct anchor {
    const char *name;
    struct dt_ynode *node;
    struct anchor *next;
};
struct level {
    struct dt_ynode *node;
    const char *key; /* waits for its value */
    struct dt_place key_at;
};
struct reader {
    struct dt_config *c;
    const struct dt_source *source;
    const char *text;
    size_t size;
    yaml_parser_t yaml;
    struct level level[MAX_DEPTH];
    int depth, n_documents, n_aliases, n_copies;
    struct anchor *anchors;
    struct dt_ynode *root;
    bool failed, done;
};

static struct dt_place place(const struct reader *r, yaml_mark_t mark)
{
    if (r->source->is_override) /* one line, whose columns nobody counts */
        return (struct dt_place){ .source = r->source };
    return (struct dt_place){ .source = r->source, .line = (int)mark.line + 1, .col = (int)mark.column + 1 };
}

static bool give_up(struct reader *r, struct dt_place at, const char *what)
{
    r->failed = true;
    dt_config_problem(r->c, at, "%s", what);
    return false;
}

static bool out_of_memory(struct reader *r)
{
    r->failed = r->c->no_memory = true;
    return false;
}

/* ---- syntax errors --------------------------------------------------------------------------------------------- */

/* libyaml gives the offset of a bad byte only. */
static yaml_mark_t mark_of_byte(const struct reader *r, size_t offset)
{
    yaml_mark_t mark = { .index = offset };

    for (size_t i = 0; i < offset && i < r->size; i++) {
        mark.column++;
        if (r->text[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

/* Is there a tab between the start of the line and its first word? */
static bool is_tab_indented(const struct reader *r, size_t line)
{
    const char *p = r->text, *end = r->text + r->size;

    for (; line > 0 && p < end; p++)
        line -= *p == '\n';
    while (p < end && *p == ' ')
        p++;
    return p < end && *p == '\t';
}

static bool syntax_error(struct reader *r)
{
    const yaml_parser_t *y = &r->yaml;
    const char *problem = y->problem ? y->problem : "is not YAML";
    char text[256];

    if (y->error == YAML_MEMORY_ERROR)
        return out_of_memory(r);
    if (y->error == YAML_READER_ERROR) {
        snprintf(text, sizeof text, "%s", problem);
        return give_up(r, place(r, mark_of_byte(r, y->problem_offset)), text);
    }
    if (is_tab_indented(r, y->problem_mark.line))
        return give_up(r, place(r, y->problem_mark), "tabs cannot indent; use spaces");
    snprintf(text, sizeof text, "%s%s%s", y->context ? y->context : "", y->context ? ": " : "", problem);
    return give_up(r, place(r, y->problem_mark), text);
}

/* ---- building -------------------------------------------------------------------------------------------------- */

static bool take_key(struct reader *r, struct level *top, const struct dt_ynode *n)
{
    const char *text = n->text;
    size_t len;

    if (n->kind != DT_NODE_SCALAR)
        return give_up(r, n->at, "a key must be a word");
    text += strspn(text, " \t\n");
    len = strlen(text);
    while (len > 0 && strchr(" \t\n", text[len - 1]))
        len--;
    if (len == 0)
        return give_up(r, n->at, "a key must be a word");
    if (n->plain && !strcmp(text, "<<"))
        return give_up(r, n->at,
                       "merge keys ('<<') are not supported; put the common part in a file and name it "
                       "with 'base:'");
    top->key = dt_config_copy(r->c, text, len);
    top->key_at = n->at;
    return top->key ? true : out_of_memory(r);
}

static bool take_value(struct reader *r, struct level *top, struct dt_ynode *n)
{
    const struct dt_ynode *twin = dt_ynode_find(top->node, top->key);

    n->key = top->key;
    n->key_at = top->key_at;
    top->key = NULL;
    if (twin && n->key_at.line > 0)
        dt_config_problem(r->c, n->key_at, "duplicate key '%s' (first at %d:%d)", n->key, twin->key_at.line,
                          twin->key_at.col);
    else if (twin)
        dt_config_problem(r->c, n->key_at, "duplicate key '%s'", n->key);
    else if (top->node->n == MAX_KEYS)
        return give_up(r, n->key_at, "too many keys in one section (more than 512)");
    else
        dt_ynode_append(top->node, n);
    return true;
}

/* Puts a node where it belongs: root, item, key or value. */
static bool attach(struct reader *r, struct dt_ynode *n)
{
    struct level *top = r->depth ? &r->level[r->depth - 1] : NULL;

    if (!top)
        r->root = n;
    else if (top->node->kind == DT_NODE_LIST)
        dt_ynode_append(top->node, n);
    else
        return top->key ? take_value(r, top, n) : take_key(r, top, n);
    return true;
}

static bool name_anchor(struct reader *r, const yaml_char_t *name, struct dt_ynode *n)
{
    struct anchor *a;

    if (!name)
        return true;
    a = dt_config_alloc(r->c, sizeof *a);
    if (!a)
        return out_of_memory(r);
    a->name = dt_config_copy(r->c, (const char *)name, strlen((const char *)name));
    a->node = n;
    a->next = r->anchors;
    r->anchors = a;
    return a->name ? true : out_of_memory(r);
}

static bool check_tag(struct reader *r, const yaml_char_t *tag, struct dt_place at)
{
    return !tag || give_up(r, at, "tags ('!...') are not used here; remove it");
}

/* Control characters, and the code points that YAML takes for line breaks or byte order: C0 but for tab and line feed,
 * DEL, C1, U+2028, U+2029, U+FEFF. */
static bool is_control(const unsigned char *p)
{
    if (*p < ' ')
        return *p != '\n' && *p != '\t';
    return *p == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe2 && p[1] == 0x80 && (p[2] | 1) == 0xa9) ||
           (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
}

static bool on_scalar(struct reader *r, const yaml_event_t *e, struct dt_place at)
{
    const char *text = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    struct dt_ynode *n;

    if (!check_tag(r, e->data.scalar.tag, at))
        return false;
    for (size_t i = 0; i < len; i++)
        if (is_control(e->data.scalar.value + i))
            return give_up(r, at, "a control character in a text");
    n = dt_ynode_new(r->c, DT_NODE_SCALAR, at);
    if (!n)
        return out_of_memory(r);
    n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->text = dt_config_copy(r->c, text, len);
    if (!n->text)
        return out_of_memory(r);
    return name_anchor(r, e->data.scalar.anchor, n) && attach(r, n);
}

static bool on_start(struct reader *r, enum dt_node_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag,
                     struct dt_place at)
{
    struct dt_ynode *n;

    if (!check_tag(r, tag, at))
        return false;
    if (r->depth == MAX_DEPTH)
        return give_up(r, at, "nested deeper than 64 levels");
    n = dt_ynode_new(r->c, kind, at);
    if (!n)
        return out_of_memory(r);
    if (!name_anchor(r, anchor, n) || !attach(r, n))
        return false;
    r->level[r->depth++] = (struct level){ .node = n };
    return true;
}

/* ---- aliases --------------------------------------------------------------------------------------------------- */

/* A copy with the places of the anchored node. NULL: the limits or memory ran out. */
static struct dt_ynode *copy(struct reader *r, const struct dt_ynode *from, int depth)
{
    struct dt_ynode *to;

    if (depth > MAX_DEPTH || ++r->n_copies > MAX_COPIES)
        return NULL;
    to = dt_ynode_new(r->c, from->kind, from->at);
    if (!to)
        return NULL;
    *to = *from;
    to->first = to->last = to->next = NULL;
    to->n = 0;
    for (const struct dt_ynode *child = from->first; child; child = child->next) {
        struct dt_ynode *twin = copy(r, child, depth + 1);

        if (!twin)
            return NULL;
        dt_ynode_append(to, twin);
    }
    return to;
}

static bool on_alias(struct reader *r, const char *name, struct dt_place at)
{
    const struct anchor *a = r->anchors;
    struct dt_ynode *n;

    while (a && strcmp(a->name, name) != 0)
        a = a->next;
    if (!a)
        return give_up(r, at, "an alias ('*...') whose anchor ('&...') is not above it");
    for (int i = 0; i < r->depth; i++)
        if (r->level[i].node == a->node)
            return give_up(r, at, "an anchor that contains itself");
    if (++r->n_aliases > MAX_ALIASES)
        return give_up(r, at, "more than 1000 aliases");
    n = copy(r, a->node, r->depth);
    if (!n && r->c->no_memory)
        return out_of_memory(r);
    return n ? attach(r, n) : give_up(r, at, "aliases that expand to too much");
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static bool on_event(struct reader *r, const yaml_event_t *e)
{
    struct dt_place at = place(r, e->start_mark);

    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        return ++r->n_documents == 1 || give_up(r, at, "a second document ('---'): a config is one");
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e, at);
    case YAML_ALIAS_EVENT:
        return on_alias(r, (const char *)e->data.alias.anchor, at);
    case YAML_SEQUENCE_START_EVENT:
        return on_start(r, DT_NODE_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag, at);
    case YAML_MAPPING_START_EVENT:
        return on_start(r, DT_NODE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag, at);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        return true;
    case YAML_STREAM_END_EVENT:
        r->done = true;
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return true;
    }
    return true;
}

static void read_events(struct reader *r)
{
    yaml_event_t event;

    yaml_parser_set_input_string(&r->yaml, (const unsigned char *)r->text, r->size);
    while (!r->done && !r->failed) {
        if (!yaml_parser_parse(&r->yaml, &event)) {
            syntax_error(r);
            return;
        }
        on_event(r, &event);
        yaml_event_delete(&event);
    }
}

struct dt_ynode *dt_yaml_parse(struct dt_config *c, const struct dt_source *source, const char *text, size_t size,
                               bool is_value)
{
    struct dt_place whole = { .source = source };
    struct reader *r = dt_config_alloc(c, sizeof *r);

    if (!r)
        return NULL;
    *r = (struct reader){ .c = c, .source = source, .text = text, .size = size };
    if (!yaml_parser_initialize(&r->yaml)) {
        out_of_memory(r);
        return NULL;
    }
    read_events(r);
    yaml_parser_delete(&r->yaml);
    if (r->failed) {
        c->unreadable = true;
        return NULL;
    }
    if (!r->root || (!is_value && dt_ynode_is_empty(r->root))) {
        r->root = dt_ynode_new(c, is_value ? DT_NODE_SCALAR : DT_NODE_MAP, whole);
        if (r->root)
            r->root->plain = is_value;
    }
    if (r->root && !is_value && r->root->kind != DT_NODE_MAP) {
        c->unreadable = true;
        dt_config_problem(c, r->root->at, "expected keys and values ('key: value') at the top level");
        return NULL;
    }
    return r->root;
}

const char *dt_yaml_version(void)
{
    return yaml_get_version_string();
}
